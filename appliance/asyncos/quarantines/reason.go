package quarantines

import (
	"cmp"
	"slices"
	"strings"

	"esasim/esa"
)

// reasons are why a message is in a quarantine, in the words of the API.
func reasons(m *esa.Message, quarantine string) []string {
	out := []string{}
	for _, h := range m.Holds {
		if h.Quarantine != quarantine {
			continue
		}
		if r := reason(&h); !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// reason is one reason. The logs have it in other words: "content filter:quar" there
// is "Content Filter: 'quar'" here. Source: recorded answers, which have content
// filters alone; the others follow their style.
func reason(h *esa.Hold) string {
	for _, w := range []struct{ logs, api string }{
		{"content filter:", "Content Filter"}, {"message filter:", "Message Filter"}, {"Outbreak rule:", "Outbreak Rule"}, {"a/v verdict:", "Anti-Virus"},
	} {
		if name, ok := strings.CutPrefix(h.Reason, w.logs); ok {
			return w.api + ": '" + name + "'"
		}
	}
	return cmp.Or(h.Reason, engineName(h.Engine))
}

// engineName names who had a message held without saying why.
func engineName(e esa.Engine) string {
	switch e {
	case esa.MessageFilters:
		return "Message Filters"
	case esa.AntiSpam:
		return "Anti-Spam"
	case esa.Graymail:
		return "Graymail"
	case esa.AntiVirus:
		return "Anti-Virus"
	case esa.AMP:
		return "Advanced Malware Protection"
	case esa.ContentFilters:
		return "Content Filters"
	case esa.OutbreakFilters:
		return "Outbreak Filters"
	case esa.DLP:
		return "DLP"
	}
	return "N/A"
}
