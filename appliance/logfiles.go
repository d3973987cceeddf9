package appliance

import (
	"time"

	"esasim/appliance/asyncos/logfiles"
	"esasim/appliance/asyncos/reputation"
	"esasim/appliance/config"
	"esasim/esa"
)

// LogSubscriptions are the appliance's log subscriptions, with the files of those
// that are not pushed to a server.
func (a *Appliance) LogSubscriptions() []logfiles.Subscription {
	c := a.now.Load()
	out := make([]logfiles.Subscription, 0, len(c.Logs))
	for i := range c.Logs {
		l := &c.Logs[i]
		s := logfiles.Subscription{Name: l.Name, Type: logType(l.Type)}
		if l.Syslog.Address == "" {
			_, stem := a.logContent(c, l.Type, time.UTC)
			s.Files = a.logFiles(c, l, stem)
		}
		out = append(out, s)
	}
	return out
}

// logType is the name of a type of log on pages and in the API. The first was seen.
func logType(kind string) string {
	return map[string]string{"mail": "IronPort Text Mail Logs", "consolidated_event": "Consolidated Event Logs", "bounces": "Bounce Logs",
		"amp": "AMP Engine Logs", "audit": "Audit Logs"}[kind]
}

// reputations are the words of Sender Domain Reputation in the era of the product.
func reputations(c *config.Appliance) (o reputation.Options) {
	for _, d := range c.Reputation.Domains {
		if d.Threat != "" {
			o.Categories = append(o.Categories, d.Threat)
		}
	}
	if o.Levels = esa.SDRVerdicts(); c.Wording >= 14 {
		o.Levels = reputation.Levels()
	}
	return o
}
