package relay

import (
	"fmt"
	"strings"

	"esasim/cloud/ctim"
	"esasim/cloud/ctr"
	"esasim/internal/fidelity"
)

// Fidelity lists what is done with relays.
func Fidelity() []fidelity.Claim {
	const recorded, contract = "recorded answers", "the relay contract"
	cannot := ctr.Complaint{Type: ctr.Fatal, Code: "malformed-api-url", Message: "Malformed API URL /observe/observables"}
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"module type " + ctr.RelayTypeID + ", settings url, supported-apis, auth-type, authorization-header", fidelity.Documented, "schema, recorded id"},
		{"POST " + strings.Join([]string{pathHealth, pathDeliberate, pathObserve, pathRefer, pathRespond, pathTrigger, pathVersion}, ", ") + " with Content-Length", fidelity.Observed, contract},
		{strings.Join([]string{pathTiles, pathTile, pathTileData}, ", ") + ": called by esasim relay check alone", fidelity.Ours, "no page has tiles"},
		{"auth-type authorization-header: the stored header, as an HS256 token over the third party's credentials", fidelity.Documented, contract + " of 2019"},
		{"auth-type configuration-token: an RS256 token for each call with kid, aud (the relay's URL), the custom_ settings without that prefix, among them jwks_host", fidelity.Observed, contract + " of 2021"},
		{"a configuration token has iat and exp; by HS256 if configuration-token-alg says so, with configuration-token-key", fidelity.Inferred, "the keys are in the contract, what is done with them is not"},
		{"auth-type basic and bearer; their settings are username, password, token, or the same with custom_", fidelity.Inferred, "the types are in the contract, the keys are not public"},
		{"the relay's own errors are passed through, beside its data or alone", fidelity.Observed, recorded},
		{cannot.Code + ": " + cannot.Message, fidelity.Observed, recorded},
		{notJSON().Code + ": " + notJSON().Message, fidelity.Observed, recorded},
		{refused(403, []byte(`{"message":"Forbidden"}`)).Message, fidelity.Observed, recorded + "; that other 4xx and their bodies look alike is inferred"},
		{"5xx: " + refused(500, []byte(`{"message":"Internal server error"}`)).Code + ": " + refused(500, []byte(`{"message":"Internal server error"}`)).Message, fidelity.Inferred, "by analogy"},
		{"a redirection is not followed, and told as a client error", fidelity.Inferred, "credentials would go elsewhere"},
		{codeUnknown + ": a relay that cannot be reached, hangs up, or answers more than is taken", fidelity.Inferred, "the code is recorded, from relays"},
		{"one document that breaks the schema spoils the answer: " + invalid([]string{"sightings.docs[0].id: " + missing}).Message, fidelity.Ours, "that answers are held to the schema is documented, what is said then was not seen; the code is " + codeInvalid},
		{"what is held to the schema: keys, required keys, closed vocabularies, types, lengths, ids of relationships, the order of times", fidelity.Documented, "public schema, of May 2020: what it has got since is refused"},
		{fmt.Sprintf("at most %d documents of a kind for each observable; beyond it %s", maxPerAsked, ctr.TooMany("", ctim.Observable{}).Code), fidelity.Inferred, contract + ", by which relays trim by themselves"},
		{"a verdict without disposition_name or end_time is given both", fidelity.Inferred, "nearly all that were recorded have them"},
		{"the Content-Type of an answer is not looked at", fidelity.Inferred, "the recorded complaint is about the text"},
		{fmt.Sprintf("an answer has at most %d bytes, a document %d, a header %d, and %d errors", maxAnswer, maxDocument, maxHeader, maxErrors), fidelity.Ours, "bounds the memory of an answer"},
		{"esasim relay check", fidelity.Ours, "the service has nothing like it"},
	} {
		out = append(out, fidelity.Claim{Area: "Threat Response: relay modules", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
