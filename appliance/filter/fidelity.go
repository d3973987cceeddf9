package filter

import (
	"maps"
	"slices"
	"strings"

	"esasim/internal/fidelity"
)

// ours are the rules and actions that the appliance does not have under this name.
func ours() []string {
	return []string{"direction", "mail-policy", "country", "dmarc-status", "attachment-sha256", "attachment-count", "url",
		"replace-header", "edit-subject-text", "drop-protected-attachments", "drop-attachments-by-sha256"}
}

// concluded are those whose name or form is not certain.
func concluded() []string {
	return []string{"every-attachment-filename", "macro-detection-rule", "drop-macro-enabled-attachments", "random", "url-reputation", "url-category"}
}

const guide = "AsyncOS user guide, "

// Fidelity lists the rules and actions, and how filters go about a message.
func Fidelity() []fidelity.Claim {
	var out []fidelity.Claim
	claim := func(what, level, source string) {
		out = append(out, fidelity.Claim{Area: "Filters", What: what, Level: level, Source: source})
	}
	for what, names := range map[string][]string{"rule ": slices.Collect(maps.Keys(rules())), "action ": slices.Collect(maps.Keys(verbs()))} {
		for _, name := range names {
			switch {
			case slices.Contains(ours(), name):
				claim(what+name, fidelity.Ours, "the appliance has it in content filters only, or not at all")
			case slices.Contains(concluded(), name):
				claim(what+name, fidelity.Inferred, guide+"message filter rules and actions; its exact form is not certain")
			default:
				claim(what+name, fidelity.Documented, guide+"message filter rules and actions")
			}
		}
	}
	claim("conditions of content filters: "+strings.Join(slices.Sorted(maps.Keys(forms())), ", "), fidelity.Documented, guide+"Content Filter Conditions; the keys are ours")
	claim("actions of content filters: "+strings.Join(slices.Sorted(maps.Keys(acts())), ", "), fidelity.Documented, guide+"Content Filter Actions; the keys are ours")
	claim("not supported, with an error: "+strings.Join(slices.Sorted(maps.Keys(unsupported())), ", "), fidelity.Ours, "not built")
	claim("url-reputation and url-category: the name of a URL list behind their own arguments; its URLs are not looked at", fidelity.Inferred, guide+"URL Filtering, allowed lists; the place of the argument is not certain")
	claim("file hash lists: their name among the sums of attachment-sha256 and drop-attachments-by-sha256", fidelity.Ours, "the appliance chooses them in content filters")
	claim("smart identifiers *credit, *ssn, *aba, *cusip", fidelity.Documented, guide+"Text Resources")
	for _, r := range []struct{ what, level, source string }{
		{"message filters come before the mail policies and see the whole message; content filters belong to a policy", fidelity.Documented, guide + "Understanding the Email Pipeline"},
		{"content filters are tried in the order of their table, whatever the order in the policy", fidelity.Documented, guide + "Content Filters"},
		{"drop, bounce, deliver and skip-filters are final; other actions add up", fidelity.Documented, guide + "message filter actions, final actions"},
		{"deliver in a content filter skips the content filters that follow", fidelity.Documented, guide + "Content Filter Actions, Skip Remaining Content Filters"},
		{"\"Dropped by filter 'f'\", \"Dropped by content filter 'f' in the inbound table\", \"Bounced by content filter 'f' in the inbound table\"", fidelity.Observed, "published log samples"},
		{"\"Bounced by filter 'f'\"", fidelity.Inferred, "in the style of the drop"},
		{"the reason of a quarantine: \"content filter:f\"", fidelity.Observed, "published log samples"},
		{"the reason of a quarantine: \"message filter:f\"", fidelity.Inferred, "in the style of content filters"},
		{"rewritten \"by add-footer filter 'f'\", \"by alt-rcpt-to-filter filter 'f'\", \"by drop-attachments-by-filetype filter 'f'\"; others likewise", fidelity.Observed, "published log samples"},
		{"generated \"by bcc filter 'f'\", bcc-scan, notify, notify-copy", fidelity.Observed, "published log samples"},
		{"what all filters of a stage change makes one new message, named after the first action that changes something", fidelity.Ours, "a message as kept is never changed; the appliance has a new MID for some actions only"},
		{"a filter matched if an action of it was carried out", fidelity.Ours, "what else is known of a filter whose if has an else is not public"},
		{"regular expressions are those of RE2; what looks around or back does not exist", fidelity.Ours, "the appliance's are Python's; these are safe with hostile mail"},
		{"message filters: letter case matters unless (?i) is written; content filters: it does not", fidelity.Inferred, guide + "Regular Expressions in Rules"},
		{"text rules look at parts of the type text/*, up to 1 MiB of a message; HTML as it is written", fidelity.Ours, "documents are not converted to text"},
		{"a condition about several things, such as attachments, holds if it holds for one of them; != if for none", fidelity.Inferred, guide + "message filter rules"},
		{"random(n) follows from filter and MID", fidelity.Ours, "a test must know it"},
		{"skip-marketingcheck, skip-socialcheck, skip-bulkcheck: each skips graymail as a whole", fidelity.Ours, "it is one stage"},
		{"a copy has what was changed before it was made; one that is scanned does not meet the filters of that kind again", fidelity.Inferred, "else it would be copied for ever"},
		{"a notification: subject \"Message Notification\", from MAILER-DAEMON, null sender, with a text of ours", fidelity.Ours, "the appliance's text is not public"},
		{"an URL that is made harmless: hxxp://host[.]example/", fidelity.Ours, "how the appliance writes it is not certain"},
		{"an URL that is redirected: " + proxy + " and the URL", fidelity.Inferred, "the service's address is known; what stands in its path is its own"},
		{"URL reputation and category are a table (appliance.urls); what is not in it has none", fidelity.Ours, "nothing is looked up outside"},
		{"\"has reputation None\" for an URL of a category without a score", fidelity.Inferred, "in the style of SBRS None"},
	} {
		claim(r.what, r.level, r.source)
	}
	return out
}
