package messagetracking

import (
	"slices"

	"esasim/appliance/asyncos/rest"
)

// absentGroups ask for what an appliance of ours does not do. They are checked as
// the others are, and find nothing.
func absentGroups() []eventGroup {
	var out []eventGroup
	for name, why := range map[string]string{
		"daneFailure": "DANE", "outbreakFiltersUrlRewrittenByOf": "rewriting of URLs by Outbreak Filters", "safeprintExt": "Safe Print",
	} {
		g := flag(name, never())
		g.absent = why
		out = append(out, g)
	}
	nothing := func(string) happening { return never() }
	for name, why := range map[string]string{
		"urlCategories": "categories of matched URLs in the log", "etfSources": "External Threat Feeds", "forgedEmailDetection": "Forged Email Detection",
	} {
		g := text(name, nothing)
		g.absent = why
		out = append(out, g)
	}
	for name, c := range map[string]struct {
		why   string
		words []string
	}{
		"etfIocs": {"External Threat Feeds", []string{"file_hash", "url", "domain"}}, "smime": {"S/MIME", []string{"smime_successful", "smime_failed"}},
		"appForwarding": {"archive forwarding", []string{"app_success", "app_failed"}},
	} {
		words := map[string]happening{}
		for _, w := range c.words {
			words[w] = never()
		}
		g := choice(name, words)
		g.absent = c.why
		out = append(out, g)
	}
	for _, c := range []struct{ why, what, direction string }{
		{"detection of macros", "macroFileTypesDetected", "macroMailflowDirection"},
		{"Web Interaction Tracking", "webInteractionTrackingUrls", "webInteractionTrackingMailflowDirection"},
	} {
		out = append(out, eventGroup{need: []string{c.what, c.direction}, absent: c.why, read: func(p rest.Parameters) (happening, error) {
			_, err := p.One(c.direction, "inbound", "outbound")
			return never(), err
		}})
	}
	categories := number("sdrCategories", func(int) happening { return never() })
	categories.absent = "numbers of the categories of Sender Domain Reputation, which are not public"
	slices.SortFunc(out, func(a, b eventGroup) int { return slices.Compare(a.need, b.need) })
	return append(out, categories)
}
