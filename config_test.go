package esasim_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"esasim/appliance/config"
	"esasim/internal/manual"
	"esasim/lab"
)

// configKeys are the keys of a profile, with the words of the source as it is now.
func configKeys(t *testing.T, profile string) (manual.Words, []manual.Key) {
	t.Helper()
	words, err := manual.FromSource("lab", "appliance/config", "appliance/delivery", "smtp")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := lab.KeysBy(profile, words)
	if err != nil {
		t.Fatal(err)
	}
	return words.Used(keys), keys
}

// The files that are made of the configuration's structs are what the structs say.
func TestConfigurationPages(t *testing.T) {
	words, keys := configKeys(t, "")
	for file, want := range map[string]string{
		"lab/words.json": string(words.JSON()), "docs/config.schema.json": string(lab.Schema(keys)), "docs/configuration.md": lab.Reference(keys),
	} {
		if diff := cmp.Diff(readFile(t, file), want); diff != "" {
			t.Errorf("%s is not what the code says (make generate; -file +code):\n%s", file, diff)
		}
	}
	n := 0
	manual.Each(keys, func(k *manual.Key) {
		if n++; k.Words == "" {
			t.Errorf("%s: the field has no comment", k.Path)
		}
	})
	if n < 90 {
		t.Errorf("only %d keys", n)
	}
}

var sampleRow = regexp.MustCompile(`(?m)^( *)# An entry has these keys:\n((?:^ *#   .*\n)+)^ *(\w+):`)

// The example has every key, with the defaults of its profile, and its sample rows are
// keys, too.
func TestConfigurationExample(t *testing.T) {
	for _, profile := range config.Profiles() {
		_, keys := configKeys(t, profile)
		text, err := lab.Example(keys)
		if err != nil {
			t.Fatal(err)
		}
		got, err := lab.ReadConfig("example", []byte(text))
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		want, err := lab.ProfileConfig(profile)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("profile %s: -default +example\n%s", profile, diff)
		}
		manual.Each(keys, func(k *manual.Key) {
			if !regexp.MustCompile(`(?m)^[ #-]*\b` + k.Name + `:`).MatchString(text) {
				t.Errorf("the example has no %s", k.Path)
			}
		})
		rows := sampleRow.FindAllStringSubmatchIndex(text, -1)
		if len(rows) < 10 {
			t.Fatalf("only %d sample rows", len(rows))
		}
		for _, m := range rows {
			row := below(append(around(text[:m[0]], m[3]-m[2]), text[m[6]:m[7]]), regexp.MustCompile(`(?m)^ *#   `).ReplaceAllString(text[m[4]:m[5]], ""))
			_, err := lab.ReadConfig("row", []byte(row))
			if err != nil && strings.Contains(err.Error(), "unknown key") {
				t.Errorf("%v in\n%s", err, row)
			}
		}
	}
}

// around are the keys that what follows a text stands below, given how far it is
// indented.
func around(text string, indent int) (keys []string) {
	lines := strings.Split(text, "\n")
	for _, line := range slices.Backward(lines) {
		key := strings.TrimLeft(line, " ")
		if in := len(line) - len(key); key != "" && key[0] != '#' && in < indent {
			name, _, _ := strings.Cut(key, ":")
			keys, indent = append(keys, name), in
		}
	}
	slices.Reverse(keys)
	return keys
}

// below is a file with a text below these keys.
func below(keys []string, text string) string {
	var out strings.Builder
	for i, k := range keys {
		fmt.Fprintf(&out, "%s%s:\n", strings.Repeat("  ", i), k)
	}
	in := strings.Repeat("  ", len(keys))
	return out.String() + in + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+in) + "\n"
}

// configSchema is the committed one, compiled.
func configSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(readFile(t, "docs/config.schema.json")))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("config.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("config.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// bySchema is what the schema says of a file.
func bySchema(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

// The schema takes the example of each profile and what the README shows.
func TestConfigurationSchema(t *testing.T) {
	s := configSchema(t)
	texts := examples(t)
	for _, profile := range config.Profiles() {
		_, keys := configKeys(t, profile)
		text, err := lab.Example(keys)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	for _, text := range texts {
		if err := bySchema(t, s, text); err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
	}
}

// Schema and program agree on what is good and what is bad, as far as a schema
// can tell.
func TestConfigurationAgrees(t *testing.T) {
	s := configSchema(t)
	appliance := func(format string, args ...any) string { return "appliance: {" + fmt.Sprintf(format, args...) + "}" }
	good := []string{
		appliance("listeners: [{interface: Out, type: private, address: '127.0.0.1:26', tls: implicit, sender_groups: [{name: ALL, policy: $RELAYED}]}], all_listeners: {total_time: 1h}"),
		appliance("destination_controls: [{domain: a.example, tls: required_verify, bounce_profile: Slow}], bounce_profiles: [{name: Slow, max_retries: 3, bounces: false}]"),
		appliance("quarantines: [{name: Mine, action: release, release: {subject: '[FREE] '}, access: named, users: [admin]}], mail_policies: {incoming: [{name: DEFAULT, antispam: {positive: {action: quarantine, quarantine: Mine}}}]}"),
		appliance("safelist_blocklist: {enabled: false, blocklist_action: delete, max_entries: 5}"),
		appliance("smtp_auth: {users: [{name: a, passphrase: b}]}, sender_domain_reputation: {domains: [{domain: ALL, verdict: Good}], reject: [Awful]}"),
		appliance("mail_policies: {incoming: [{name: A, content_filters: []}, {name: DEFAULT, content_filters: [f]}]}, content_filters: {incoming: [{name: f, conditions: [{if: size, above: 5, not: true}, {if: url_reputation, min: -10.0, max: -6}], actions: [{do: strip, by: size, above: 5M}]}]}"),
		"{}", "profile: xdr2025", "smtp: ''", "ssh: off", "api: 127.0.0.1:6080", "api_tls: 127.0.0.1:6443", "appliance:", "cloud: {APJC: '127.0.0.1:1'}", "unregistered: true", "threat_response: {name: XDR}",
		"threat_response: {organisations: {EUROPE: Us}, users: [{email: a@b.example, role: admin}, {email: b@b.example, name: B, disabled: true}], clients: [{id: c, password: p, scopes: ['enrich:read'], user: b@b.example}], rate_limit: 8000, invalid_jwt: true}",
		appliance("hostname: 13"), appliance("version: 15.5"), appliance("wording: 14"), appliance("senders: null"),
		appliance("listener: {max_message_size: 5K, idle_timeout: 1h30m}"), appliance("listener: {max_message_size: 1024, idle_timeout: 1.5s}"),
		appliance("recipients: [ALL, {address: a.example, access: reject}]"), appliance("recipients: [5]"), appliance("senders: [{address: 192.0.2.1, sbrs: 3.5}]"),
		appliance("routes: [{domain: ALL, hosts: ['a:25']}]"), appliance("logs: [{name: a, type: amp, syslog: {address: '127.0.0.1:514', protocol: tls, facility: local7}}]"),
		appliance("authentication: {spf_reject: [Fail, None], dmarc_reject: quarantine}"), appliance("delivery: {bounces: false}"), appliance("tracking: {keep: 0s}"),
	}
	bad := []string{
		"[]", "5", "smpt: x", "ssh: []", "api: []", "api_tls: {}", "profile: 2020", "unregistered: perhaps", "unregistered: 1", "cloud: []", "cloud: {AMERICAS: []}",
		"threat_response: {envelope: x}", "threat_response: {nam: x}", "threat_response: {users: [{email: a@b.example, role: x}]}", "threat_response: {clients: [{id: c, password: p, scopes: x}]}",
		"threat_response: {rate_limit: many}", "threat_response: {invalid_jwt: 400}", "threat_response: {organisations: [x]}", "appliance: []", "appliance: 1",
		appliance("hostname: []"), appliance("hostname: {}"), appliance("wording: 12"), appliance("wording: old"), appliance("api: {tracking_rows: x}"), appliance("users: [{name: a, passphrase: b, role: x}]"),
		appliance("listener: {max_message_size: 5G}"), appliance("listener: {max_message_size: -1}"), appliance("listener: {max_message_size: 1.5}"),
		appliance("listener: {idle_timeout: 5}"), appliance("listener: {idle_timeout: 5 minutes}"), appliance("listener: {max_recipients: many}"),
		appliance("listener: {max_recipients: 1.5}"), appliance("listener: {delayed_rejection: 'yes'}"), appliance("listener: {xclient: 127.0.0.1}"),
		appliance("recipients: ALL"), appliance("recipients: [[ALL]]"), appliance("recipients: [{adress: ALL}]"), appliance("senders: [{address: []}]"),
		appliance("mail_flow_policies: [{name: a, rule: accept}]"), appliance("mail_flow_policies: [{name: a, rule: ACCEPT, tls: on}]"),
		appliance("routes: [{domain: ALL, hosts: ['a:25'], tls: none}]"), appliance("routes: {}"), appliance("routes: [5]"),
		appliance("destination_controls: [{domain: a.example, tls: off}]"), appliance("destination_controls: [{domain: a.example, concurrency: many}]"),
		appliance("bounce_profiles: [{name: a, max_retry: 5}]"), appliance("headers: {received: x}"),
		appliance("mail_flow_policies: [{name: a, rule: ACCEPT, auth: on}]"), appliance("mail_flow_policies: [{name: a, rule: ACCEPT, spam_check: x}]"),
		appliance("mail_flow_policies: [{name: a, rule: ACCEPT, virus_check: x}]"), appliance("listener: {tls: on}"), appliance("recipients: [{address: ALL, access: x}]"),
		appliance("listeners: [{interface: a, address: '127.0.0.1:1', type: x}]"), appliance("listeners: [{interface: a, address: '127.0.0.1:1', type: public, tls: x}]"),
		appliance("listeners: [{interface: a, address: '127.0.0.1:1', type: public, recipients: [{address: ALL, access: x}]}]"),
		appliance("sender_domain_reputation: {reject: [Bad]}"), appliance("sender_domain_reputation: {domains: [{domain: ALL, verdict: Bad}]}"),
		appliance("mail_policies: {incoming: [{name: DEFAULT, antispam: {positive: {action: x}}}]}"), appliance("mail_policies: {outgoing: [{name: DEFAULT, antispam: {suspect: {action: x}}}]}"),
		appliance("mail_policies: {incoming: [{name: DEFAULT, antispam: {enabled: 1}}]}"), appliance("quarantines: [{name: a, action: keep}]"), appliance("quarantines: [{name: a, access: nobody}]"), appliance("safelist_blocklist: {blocklist_action: drop}"), appliance("safelist_blocklist: {enabled: 1}"),
		appliance("logs: [{name: a, type: x}]"), appliance("logs: [{name: a, type: amp, level: x}]"),
		appliance("logs: [{name: a, type: amp, syslog: {address: '127.0.0.1:514', protocol: sctp}}]"),
		appliance("logs: [{name: a, type: amp, syslog: {address: '127.0.0.1:514', facility: kern}}]"),
		appliance("authentication: {spf_reject: [Pass]}"), appliance("authentication: {spf_reject_helo: [x]}"),
		appliance("content_filters: {incoming: [{name: f, match: x, actions: [{do: drop}]}]}"),
		appliance("content_filters: {incoming: [{name: f, conditions: [{if: x}], actions: [{do: drop}]}]}"),
		appliance("content_filters: {incoming: [{name: f, actions: [{do: x}]}]}"),
		appliance("content_filters: {incoming: [{name: f, actions: [{do: add_subject, text: a, at: x}]}]}"),
		appliance("content_filters: {incoming: [{name: f, actions: [{do: strip, by: x}]}]}"),
		appliance("content_filters: {outgoing: [{name: f, match: x, actions: [{do: drop}]}]}"),
		appliance("content_filters: {outgoing: [{name: f, conditions: [{if: x}], actions: [{do: drop}]}]}"),
		appliance("content_filters: {outgoing: [{name: f, actions: [{do: x}]}]}"),
		appliance("content_filters: {outgoing: [{name: f, actions: [{do: add_subject, text: a, at: x}]}]}"),
		appliance("content_filters: {outgoing: [{name: f, actions: [{do: strip, by: x}]}]}"),
		appliance("reporting: {keys: many}"), appliance("cloud_services: {server: ASIA}"), appliance("cloud_services: {threat_response: x}"), appliance("tracking: {enabled: x}"), appliance("reporting: {hours: 5}"),
		appliance("authentication: {dmarc_reject: drop}"), appliance("authentication: {dmarc_quarantine: reject}"),
	}
	for _, text := range good {
		if _, err := lab.ReadConfig("f", []byte(text)); err != nil {
			t.Errorf("%s: the program refuses it: %v", text, err)
		}
		if err := bySchema(t, s, text); err != nil {
			t.Errorf("%s: the schema refuses it: %v", text, err)
		}
	}
	for _, text := range bad {
		if _, err := lab.ReadConfig("f", []byte(text)); err == nil {
			t.Errorf("%s: the program takes it", text)
		}
		if bySchema(t, s, text) == nil {
			t.Errorf("%s: the schema takes it", text)
		}
	}
	everyChoice(t, bad)
}

// everyChoice looks whether each key with a list of words has a bad one in the texts.
func everyChoice(t *testing.T, bad []string) {
	t.Helper()
	_, keys := configKeys(t, "")
	manual.Each(keys, func(k *manual.Key) {
		if len(k.Choices) > 0 && !slices.ContainsFunc(bad, func(s string) bool { return strings.Contains(s, k.Name+": ") }) {
			t.Errorf("no bad text for %s", k.Path)
		}
	})
}

// What a file or a flag says wins over the profile, the flag over the file.
func TestProfilePrecedence(t *testing.T) {
	const own = "appliance:\n  version: 14.0.0-698\n  sender_groups: [{name: MINE, policy: $ACCEPTED, members: [ALL]}]\ncloud: {EUROPE: '127.0.0.1:1'}\n"
	for _, c := range []struct {
		flag, file, profile, version, group, regions string
		wording                                      config.Wording
	}{
		{"", "", "ctr2020", "13.0.0-392", "WHITELIST", "AMERICAS EUROPE", 13},
		{"", "profile: xdr2025", "xdr2025", "15.5", "ALLOWED_LIST", "AMERICAS APJC EUROPE", 15},
		{"xdr2025", "", "xdr2025", "15.5", "ALLOWED_LIST", "AMERICAS APJC EUROPE", 15},
		{"xdr2025", "profile: strict2020", "xdr2025", "15.5", "ALLOWED_LIST", "AMERICAS APJC EUROPE", 15},
		{"strict2020", "profile: xdr2025", "strict2020", "13.0.0-392", "WHITELIST", "AMERICAS EUROPE", 13},
		{"xdr2025", own, "xdr2025", "14.0.0-698", "MINE", "EUROPE", 15},
		{"", own + "profile: xdr2025", "xdr2025", "14.0.0-698", "MINE", "EUROPE", 15},
	} {
		got, err := lab.ReadConfigAs(c.flag, "f", []byte(c.file))
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		a := &got.Appliance
		group := a.SenderGroups[min(1, len(a.SenderGroups)-1)].Name // behind RELAYLIST
		if got.Profile != c.profile || a.Version != c.version || group != c.group || strings.Join(got.Cloud.Names(), " ") != c.regions || a.Wording != c.wording {
			t.Errorf("%+v: %s %s %s %v %d", c, got.Profile, a.Version, group, got.Cloud.Names(), a.Wording)
		}
	}
	for _, c := range []struct{ flag, file, want string }{
		{"", "smtp: ''\nprofile: x", "configuration f:2: profile: \"x\": want ctr2020, strict2020, xdr2025"},
		{"x", "", "profile: \"x\": want ctr2020, strict2020, xdr2025"},
	} {
		if _, err := lab.ReadConfigAs(c.flag, "f", []byte(c.file)); err == nil || err.Error() != c.want {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// Every fault is told at once, with its line, by `config check` and by a start.
func TestConfigurationFaults(t *testing.T) {
	const text = `smtp: nowhere
cloud:
  ASIA: 127.0.0.1:1
appliance:
  hostnam: x
  routes:
    - domain: example.org
      hosts:
        - mx:25
  destination_controls:
    - {domain: example.org, tls: off, concurrency: 1.5}
  senders:
    - {address: 300.1.1.1}
    - {address: 192.0.2.1, sbrs: 11}
  mail_flow_policies:
    - {name: $ACCEPTED, rule: ACCEPT}
    - {rule: accept}
  recipients: [ALL, "a b"]
  sender_verification:
    missing: [a.example, "@"]
    exceptions:
      - b.example
      - c d
  listener:
    xclient: [localhost]
  authentication:
    zones: |
      a.example TXT "fine"
      b.example A 1.2.3
  tracking: {keep: 3, max_size: 10G}
  timezone: Nowhere
  logs:
    - {name: x, type: y, syslog: {protocol: tcp}}
`
	want := []string{
		`1: smtp: "nowhere": want HOST:PORT`, `3: cloud.ASIA: unknown region: want AMERICAS, EUROPE or APJC`,
		`5: appliance.hostnam: unknown key; hostname is one`, `11: appliance.destination_controls[0].concurrency: "1.5": want a number`, `11: appliance.destination_controls[0].tls: "off": want none, preferred, required or required_verify`,
		`13: appliance.senders[0]: `, `14: appliance.senders[1]: sender 192.0.2.1: sbrs "11": `,
		`17: appliance.mail_flow_policies[1].name: is missing`, `17: appliance.mail_flow_policies[1]: mail flow policy : rule "accept": `,
		`18: appliance.recipients[1]: `, `20: appliance.sender_verification.missing[1]: `, `23: appliance.sender_verification.exceptions[1]: `,
		`25: appliance.listener.xclient[0]: address "localhost": want an IP address or a CIDR range`, `27: appliance.authentication.zones: `,
		`30: appliance.tracking.keep: "3": want a duration as 30s or 72h`, `30: appliance.tracking.max_size: size "10G": `, `31: appliance.timezone: `,
		`33: appliance.logs[0].type: "y": want one of `, `33: appliance.logs[0].syslog.address: is missing`,
	}
	_, err := lab.ReadConfig("f", []byte(text))
	if err == nil {
		t.Fatal("nothing is wrong")
	}
	lines := strings.Split(err.Error(), "\n")
	if lines[0] != fmt.Sprintf("configuration has %d faults:", len(want)) {
		t.Error(lines[0])
	}
	for i, w := range want {
		if i+1 >= len(lines) || !strings.HasPrefix(lines[i+1], "f:"+w) {
			t.Errorf("want %s", w)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

// listenerRow is a listener, to which a test adds keys.
const listenerRow = "listeners:\n  - interface: Out\n    type: public\n    address: 127.0.0.1:26\n"

// What rows have against each other is found when each is right for itself.
func TestConfigurationRows(t *testing.T) {
	for text, want := range map[string]string{
		"recipients: [ALL, a.example, ALL]":                                                                                                         "configuration f:2: appliance.recipients: recipient ALL: address ALL: there are two of them",
		"sender_groups:\n  - {name: A, policy: $ACCEPTED}\n  - {name: B, policy: $NONE}":                                                            `configuration f:4: appliance.sender_groups[1]: sender group B: policy "$NONE": there is no mail flow policy of this name`,
		"sender_groups:\n  - name: A\n    policy: $ACCEPTED\n    members:\n    - ALL\n    - sbrs[]":                                                 `configuration f:7: appliance.sender_groups[0].members[1]: sender group A: member "sbrs[]": `,
		"smtp_auth:\n    users:\n    - {name: a, passphrase: b}\n    - name: b\n      passphrase: ''":                                               "configuration f:6: appliance.smtp_auth.users[1].passphrase: must not be empty",
		"sender_domain_reputation:\n    domains:\n    - {domain: ALL, verdict: Good}\n    - {domain: b, verdict: x}":                                `configuration f:5: appliance.sender_domain_reputation.domains[1]: verdict "x": want `,
		"sender_domain_reputation:\n    reject: [Awful,\n      Bad]":                                                                                `configuration f:4: appliance.sender_domain_reputation.reject[1]: verdict "Bad": want `,
		listenerRow + "    xclient: [127.0.0.1,\n      localhost]":                                                                                  `configuration f:7: appliance.listeners[0].xclient[1]: address "localhost": want `,
		listenerRow + "    proxies: [127.0.0.1,\n      localhost]":                                                                                  `configuration f:7: appliance.listeners[0].proxies[1]: address "localhost": want `,
		listenerRow + "    recipients:\n    - ALL\n    - a b":                                                                                       "configuration f:8: appliance.listeners[0].recipients[1]: recipient a b: address ",
		listenerRow + "    sender_groups:\n    - {name: A, policy: $ACCEPTED, members: [127.0.0.1,\n        'sbrs[]']}":                             `configuration f:8: appliance.listeners[0].sender_groups[0].members[1]: sender group A: member "sbrs[]": `,
		listenerRow + "    sender_groups:\n    - {name: A, policy: $ACCEPTED}\n    - policy: $ACCEPTED\n      name: ''":                             `configuration f:9: appliance.listeners[0].sender_groups[1].name: is missing`,
		listenerRow + "    sender_groups:\n    - {name: ALL, policy: $ACCEPTED}\n    - {name: A, policy: $ACCEPTED}":                                `configuration f:6: appliance.listeners[0].sender_groups: sender group ALL: it must be the last one`,
		"mail_policies:\n    incoming:\n    - name: A\n      senders:\n      - a.example\n      - a b":                                              `configuration f:7: appliance.mail_policies.incoming[0].senders[1]: address "a b": want `,
		"mail_policies:\n    outgoing:\n    - name: A\n      content_filters: [\n        x]":                                                        `configuration f:6: appliance.mail_policies.outgoing[0].content_filters[0]: there is no content filter "x" of outgoing mail`,
		"mail_policies:\n    outgoing:\n    - name: A\n      antispam:\n        positive:\n          action: x":                                     `configuration f:7: appliance.mail_policies.outgoing[0].antispam.positive.action: "x": want `,
		"quarantines:\n  - {name: A}\n  - name: B\n    action: x":                                                                                   `configuration f:5: appliance.quarantines[1].action: "x": want `,
		"content_filters:\n    incoming:\n    - {name: A, actions: [{do: drop}]}\n    - name: B\n      actions:\n      - do: drop\n      - do: bcc": `configuration f:8: appliance.content_filters.incoming[1].actions[1]: bcc: wants an address`,
		"dictionaries:\n  - {name: A, terms: [{term: a}]}\n  - name: B\n    terms:\n    - {term: a}\n    - term: '('":                               `configuration f:7: appliance.dictionaries[1].terms[1].term: `,
		"message_filters: |\n    a: if (true) { drop(); }\n    b: if (x) { drop(); }":                                                               `configuration f:2: appliance.message_filters: `,
		"mail_flow_policies: [{name: A, rule: ACCEPT}, {name: A, rule: ACCEPT}]\n  sender_groups: []":                                               "configuration f:2: appliance.mail_flow_policies: mail flow policy A: there are two of this name",
	} {
		_, err := lab.ReadConfig("f", []byte("appliance:\n  "+text))
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "faults:") {
			t.Errorf("%s:\n%v\nwant\n%s", text, err, want)
		}
	}
}

// The commands of `esasim config`.
func TestConfigCommand(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	right, wrong := file("right.yaml", "profile: xdr2025\n"), file("wrong.yaml", "smtp: ''\nappliance:\n  timezone: Nowhere\n  x: y\n")
	for _, c := range []struct {
		args   []string
		status int
		want   []string
	}{
		{[]string{"config", "check", right}, 0, []string{right + ": ok\n"}},
		{[]string{"config", "check", wrong}, 1, []string{wrong + ":3: appliance.timezone: \"Nowhere\"", "\n" + wrong + ":4: appliance.x: unknown key\n", "has 2 faults\n"}},
		{[]string{"lab", "--config", wrong}, 1, []string{wrong + ":3: appliance.timezone: ", "\n" + wrong + ":4: appliance.x: unknown key\n"}},
		{[]string{"config", "check", right, "--profile", "x"}, 1, []string{`profile: "x": want ctr2020`}},
		{[]string{"config", "check", filepath.Join(dir, "none.yaml")}, 1, []string{"none.yaml"}},
		{[]string{"config", "check"}, 1, []string{"accepts 1 arg"}},
		{[]string{"config", "nonsense"}, 1, []string{`unknown command "nonsense"`}},
		{[]string{"config"}, 0, []string{"check", "show", "example", "schema"}},
		{[]string{"config", "show", "--config", right, "--smtp", "127.0.0.1:1"}, 0, []string{"profile: xdr2025\nsmtp: 127.0.0.1:1\n", "APJC: 127.0.0.1:9082\n"}},
		{[]string{"config", "show", "--smtp", "nowhere"}, 1, []string{`smtp: "nowhere": want HOST:PORT`}},
		{[]string{"config", "example", "--profile", "strict2020"}, 0, []string{"\nprofile: strict2020\n", "\n    tracking_rows: flat\n"}},
		{[]string{"config", "schema"}, 0, []string{readFile(t, "docs/config.schema.json")}},
	} {
		status, out := program(t, c.args...)
		if status != c.status {
			t.Errorf("%q: status %d\n%s", c.args, status, out)
		}
		for _, w := range c.want {
			if !strings.Contains(out, w) {
				t.Errorf("%q: no %q in\n%s", c.args, w, out)
			}
		}
	}
	_, shown := program(t, "config", "show")
	got, err := lab.ReadConfig("shown", []byte(shown))
	if err != nil {
		t.Fatal(err)
	}
	want := lab.DefaultConfig()
	for i := range want.Appliance.Users {
		want.Appliance.Users[i].Passphrase = "********"
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("shown and read again: -want +got\n%s", diff)
	}
	if len(slices.Collect(maps.Keys(got.Cloud))) != 2 {
		t.Errorf("regions %v", got.Cloud)
	}
}

// program runs esasim to its end.
func program(t *testing.T, args ...string) (status int, out string) {
	t.Helper()
	exe, err := esasimBinary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	b, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(b)
}
