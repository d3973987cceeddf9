#!/usr/bin/env python3
"""A relay for tests, of Python's standard library alone.

    relay.py [--auth SCHEME] [--port PORT]

It prints its URL, and then a line for each request. What it knows: cisco.com is
malicious, seen thrice. Below /as/WHAT it is the same relay, whose observe
misbehaves; below /all/WHAT all of its routes do.
"""

import argparse
import base64
import hashlib
import hmac
import json
import sys
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODULE = "Python Relay"
SCHEMA = "1.0.16"
WHEN = {"start_time": "2020-05-14T09:31:07.000Z", "end_time": "2020-05-14T09:31:09.000Z"}
VALID = {"start_time": "2020-05-14T09:31:07.000Z", "end_time": "2525-01-01T00:00:00.000Z"}


def transient(kind, number):
    return "transient:%s-00000000-0000-4000-8000-%012d" % (kind, number)


def fatal(code, message):
    return {"errors": [{"type": "fatal", "code": code, "message": message}]}


def denied(why):
    return fatal("authorization error", "Authorization failed: " + why)


def known(observables):
    return [o for o in observables if o["value"] == "cisco.com"]


def verdict(o):
    return {"type": "verdict", "disposition": 2, "disposition_name": "Malicious", "observable": o,
            "judgement_id": transient("judgement", 1), "valid_time": VALID}


def judgement(o):
    return {"type": "judgement", "id": transient("judgement", 1), "schema_version": SCHEMA, "source": MODULE,
            "disposition": 2, "disposition_name": "Malicious", "priority": 90, "severity": "High",
            "confidence": "High", "observable": o, "valid_time": VALID, "reason": "a test"}


def sighting(o, number):
    return {"type": "sighting", "id": transient("sighting", number), "schema_version": SCHEMA, "source": MODULE,
            "source_uri": "https://relay.example/seen/%d" % number, "confidence": "High", "count": 1,
            "observed_time": WHEN, "observables": [o],
            "relations": [{"origin": MODULE, "relation": "Resolved_To", "source": o,
                           "related": {"type": "ip", "value": "192.0.2.7"}}]}


def indicator():
    return {"type": "indicator", "id": transient("indicator", 1), "schema_version": SCHEMA, "producer": MODULE,
            "valid_time": VALID, "title": "tested"}


def relationship(number):
    return {"type": "relationship", "id": transient("relationship", number), "schema_version": SCHEMA,
            "relationship_type": "sighting-of", "source_ref": transient("sighting", number),
            "target_ref": transient("indicator", 1)}


def listed(docs):
    return {"count": len(docs), "docs": docs}


def deliberate(observables):
    found = known(observables)
    return {"verdicts": listed([verdict(o) for o in found])} if found else {}


def observe(observables):
    found = known(observables)
    if not found:
        return {}
    n = range(1, 4)
    return {"verdicts": listed([verdict(o) for o in found]),
            "judgements": listed([judgement(o) for o in found]),
            "sightings": listed([sighting(o, i) for o in found for i in n]),
            "indicators": listed([indicator()]),
            "relationships": listed([relationship(i) for i in n])}


def refer(observables):
    return [{"id": "ref-python-relay-search-%s-%s" % (o["type"], o["value"]), "title": "Search for this " + o["type"],
             "description": "Look it up", "url": "https://relay.example/search?q=" + o["value"],
             "categories": [MODULE, "Search"]} for o in observables]


def respond(observables):
    return [{"id": "python-relay-block", "title": "Block", "description": "Block this " + o["type"],
             "categories": [MODULE], "query-params": {"observable_type": o["type"], "observable_value": o["value"]}}
            for o in observables]


def trigger(body):
    if body.get("action-id") != "python-relay-block":
        return fatal("invalid argument", "{'action-id': ['Unknown action.']}")
    return {"data": {"status": "success"}}


def invalid_argument(observables):
    """What is wrong with a list of observables, in the form of marshmallow."""
    if not isinstance(observables, list):
        return "{'_schema': ['Invalid input type.']}"
    wrong = {}
    for i, o in enumerate(observables):
        bad = {}
        for key in ("type", "value"):
            if not isinstance(o, dict) or key not in o:
                bad[key] = ["Missing data for required field."]
            elif not o[key]:
                bad[key] = ["Field may not be blank."]
        if bad:
            wrong[i] = bad
    return str(wrong) if wrong else None


# Authorisation: each scheme gives why somebody is not let in, or None.

def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_of(header):
    if not header:
        raise ValueError("Authorization header is missing")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise ValueError("Wrong authorization type")
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("Wrong JWT structure")
    return json.loads(unb64(parts[0])), json.loads(unb64(parts[1])), parts


def hs256(secret, header):
    _, payload, (head, body, signature) = claims_of(header)
    mac = hmac.new(secret.encode(), (head + "." + body).encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(mac, unb64(signature)):
        raise ValueError("Failed to decode JWT with provided key")
    if "key" not in payload:
        raise ValueError("Wrong JWT payload structure")


def rs256(audience, header):
    head, payload, (raw_head, raw_body, signature) = claims_of(header)
    if "jwks_host" not in payload:
        raise ValueError("jwks_host is missing in JWT payload. Make sure custom_jwks_host field is present in module_type")
    # A real relay asks by https.
    with urllib.request.urlopen("http://%s/.well-known/jwks" % payload["jwks_host"], timeout=5) as answer:
        keys = json.load(answer)["keys"]
    key = next((k for k in keys if k["kid"] == head.get("kid")), None)
    if key is None:
        raise ValueError("kid from JWT header not found in API response")
    n, e = (int.from_bytes(unb64(key[part]), "big") for part in ("n", "e"))
    size = (n.bit_length() + 7) // 8
    prefix = bytes.fromhex("3031300d060960864801650304020105000420")  # DigestInfo of SHA-256, PKCS #1
    proof = prefix + hashlib.sha256((raw_head + "." + raw_body).encode()).digest()
    padded = b"\x00\x01" + b"\xff" * (size - len(proof) - 3) + b"\x00" + proof
    if head.get("alg") != "RS256" or pow(int.from_bytes(unb64(signature), "big"), e, n).to_bytes(size, "big") != padded:
        raise ValueError("Failed to decode JWT with provided key")
    if payload.get("aud") != audience:
        raise ValueError("Wrong configuration-token-audience")
    if payload.get("key") != "abc" or any(k.startswith("custom_") for k in payload):
        raise ValueError("Wrong JWT payload structure")


def exactly(wanted, header):
    if not header:
        raise ValueError("Authorization header is missing")
    if header != wanted:
        raise ValueError("Wrong authorization type")


def authorize(args, audience, header):
    scheme, _, value = args.auth.partition(":")
    if scheme == "none":
        return None
    check = {"hs256": lambda: hs256(value, header), "rs256": lambda: rs256(audience, header),
             "header": lambda: exactly(value, header)}[scheme]
    try:
        check()
    except ValueError as why:
        return str(why)
    return None


class Relay(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one piece
    args = None
    url = ""

    def log_message(self, *_):
        pass

    def answer(self, status, value, kind="application/json", headers=()):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, text in headers:
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(405, {"code": "method_not_allowed", "message": "The method is not allowed", "reason": "GET"})

    def do_POST(self):
        if "Content-Length" not in self.headers:
            self.answer(411, {"message": "Length Required"})
            return
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        print(json.dumps({"path": self.path, "length": len(raw), "type": self.headers.get("Content-Type"),
                          "authorization": bool(self.headers.get("Authorization")), "body": raw.decode("utf-8", "replace")}), flush=True)
        routes = {"/health": lambda b: {"data": {"status": "ok"}},
                  "/deliberate/observables": lambda b: {"data": deliberate(b)},
                  "/observe/observables": lambda b: {"data": observe(b)},
                  "/refer/observables": lambda b: {"data": refer(b)},
                  "/respond/observables": lambda b: {"data": respond(b)},
                  "/respond/trigger": trigger,
                  "/tiles": lambda b: {"data": []},
                  "/tiles/tile": lambda b: {"data": {}},
                  "/tiles/tile-data": lambda b: {"data": {}}}
        prefix, how, path = split(self.path)
        if path == "/version":
            self.answer(200, {"version": "2.0.2"})
            return
        if path not in routes:
            self.answer(404, {"code": "not_found", "message": "Not found", "reason": path})
            return
        why = authorize(self.args, self.url + prefix, self.headers.get("Authorization"))
        if why:
            self.answer(200, denied(why))
            return
        body = json.loads(raw) if raw else None
        if path.endswith("/observables"):
            bad = invalid_argument(body)
            if bad:
                self.answer(200, fatal("invalid argument", bad))
                return
        good = routes[path](body)
        if path == "/observe/observables" or prefix.startswith("/all/"):
            misbehave(self, how, good, body)
        else:
            self.answer(200, good)


def split(path):
    """/as/slow/health is /as/slow, slow, /health."""
    parts = path.split("/")
    if len(parts) > 3 and parts[1] in ("as", "all"):
        return "/".join(parts[:3]), parts[2], "/" + "/".join(parts[3:])
    return "", "none", path


def misbehave(relay, how, good, asked):
    """Answers as told: well, or in a way in which no relay should."""
    o = asked[0] if isinstance(asked, list) and asked else {"type": "domain", "value": "cisco.com"}
    first = {} if how == "none" else sighting(o, 1)
    plain = {"none": good,
             "errors": fatal("too many requests", "Too many requests to Python Relay"),
             "partial": dict(good, errors=[{"type": "warning", "code": "unknown", "message": "one source was away"}]),
             "authorization": denied("Wrong JWT structure"),
             "too-many": {"data": {"sightings": listed([sighting(o, i) for i in range(150)])}},
             "no-envelope": good.get("data"),
             "null": None,
             "list": [],
             "no-count": {"data": {"sightings": {"docs": []}}},
             "wrong-count": {"data": {"sightings": {"count": 7, "docs": [first]}}},
             "unknown-kind": {"data": {"sightingz": listed([])}},
             "no-id": {"data": {"sightings": listed([{k: v for k, v in first.items() if k != "id"}])}},
             "no-time": {"data": {"sightings": listed([dict(first, observed_time={})])}},
             "vocabulary": {"data": {"sightings": listed([dict(first, confidence="Certain")])}},
             "observable-type": {"data": {"sightings": listed([dict(first, observables=[{"type": "dog", "value": "x"}])])}},
             "extra-key": {"data": {"sightings": listed([dict(first, colour="blue")])}},
             "bad-errors": {"data": {}, "errors": [{"type": "mild", "code": 5}]},
             "bare-verdict": {"data": {"verdicts": listed([{"type": "verdict", "disposition": 3, "observable": o,
                                                            "valid_time": {"start_time": WHEN["start_time"]}}])}},
             "deep": None}
    statuses = {"401": {"message": "Unauthorized"}, "403": {"message": "Forbidden"}, "404": {"code": "not_found", "message": "Not found"},
                "429": {"message": "Too Many Requests"}, "500": {"message": "Internal server error"}, "503": b"<html>busy</html>"}
    if how in statuses:
        relay.answer(int(how), statuses[how])
    elif how == "non-json":
        relay.answer(200, b"<html>It works!</html>", "text/html")
    elif how == "truncated":
        relay.answer(200, json.dumps(good).encode()[:40])
    elif how == "content-type":
        relay.answer(200, good, "text/plain")
    elif how == "deep":
        relay.answer(200, b'{"data":' + b"[" * 100000 + b"]" * 100000 + b"}")
    elif how == "redirect":
        relay.answer(302, {}, headers=[("Location", relay.url + "/health")])
    elif how == "huge":
        huge(relay)
    elif how == "slow":
        time.sleep(60)
    elif how == "dribble":
        dribble(relay, json.dumps(good).encode())
    elif how == "hang-up":
        relay.close_connection = True
        relay.connection.close()
    elif how == "cut":
        relay.send_response(200)
        relay.send_header("Content-Type", "application/json")
        relay.send_header("Content-Length", "100000")
        relay.end_headers()
        relay.wfile.write(b'{"data":')
        relay.wfile.flush()
        relay.close_connection = True
    else:
        relay.answer(200, plain[how])


def huge(relay):
    relay.send_response(200)
    relay.send_header("Content-Type", "application/json")
    relay.send_header("Connection", "close")
    relay.end_headers()
    relay.wfile.write(b'{"data":{"sightings":{"count":0,"docs":["')
    try:
        for _ in range(1024):
            relay.wfile.write(b"x" * (1 << 20))
    except OSError:
        pass  # the other side has heard enough
    relay.close_connection = True


def dribble(relay, body):
    relay.send_response(200)
    relay.send_header("Content-Type", "application/json")
    relay.send_header("Content-Length", str(len(body)))
    relay.end_headers()
    try:
        for i in range(len(body)):
            relay.wfile.write(body[i:i + 1])
            relay.wfile.flush()
            time.sleep(0.1)
    except OSError:
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--auth", default="none", help="none, header:VALUE, hs256:SECRET, rs256")
    parser.add_argument("--port", type=int, default=0)
    Relay.args = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", Relay.args.port), Relay)
    server.daemon_threads = True
    Relay.url = "http://127.0.0.1:%d" % server.server_address[1]
    print(Relay.url, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


main()
