package messagetracking

import (
	"slices"
	"strconv"
	"strings"

	"esasim/appliance/asyncos/rest"
	"esasim/esa"
)

func fateGroups() []eventGroup {
	return []eventGroup{
		flag("message_delivered", happened(esa.RecipientDelivered)),
		flag("hardBounced", happened(esa.RecipientBounced, esa.MessageBounced)),
		flag("softBounced", happened(esa.RecipientDelayed)),
		choice("deliveryStatus", map[string]happening{
			"DELIVERED": inState(esa.Delivered), "DROPPED": inState(esa.Dropped), "ABORTED": inState(esa.Aborted), "BOUNCED": inState(esa.Bounced)}),
	}
}

func scanGroups() []eventGroup {
	gray := []esa.Verdict{esa.Positive, esa.Marketing, esa.Social, esa.Bulk}
	return []eventGroup{
		flag("spamPositive", found(esa.AntiSpam, "", esa.Positive)),
		flag("suspectSpam", found(esa.AntiSpam, "", esa.Suspect)),
		flag("quarantinedAsSpam", heldBy(esa.AntiSpam, esa.Graymail)),
		flag("graymail", found(esa.Graymail, "", gray...).or(found(esa.AntiSpam, "", gray[1:]...))),
		flag("virusPositive", found(esa.AntiVirus, "", esa.Positive, esa.Repaired)),
		text("threatName", func(v string) happening { return found(esa.OutbreakFilters, v, esa.Positive) }),
		text("outbreakFiltersVofThreatCategory", func(v string) happening { return found(esa.OutbreakFilters, v, esa.Positive) }),
		{need: []string{"advancedMalwareProtection", "advancedMalwareProtectionMailflowDirection"}, read: func(p rest.Parameters) (happening, error) {
			h, err := choose(p, "advancedMalwareProtection", map[string]happening{
				"amp_clean": amp(esa.Negative), "amp_malicious": amp(esa.Positive), "amp_unknown": amp(esa.Unknown, esa.Pending),
				"amp_unscannable": amp(esa.Unscannable), "amp_lowrisk": amp(esa.LowRisk)})
			if err != nil {
				return h, err
			}
			return toward(h, p, "advancedMalwareProtectionMailflowDirection", "incoming", "outgoing")
		}},
		dlpGroup(),
	}
}

// amp also counts what was found out later.
func amp(verdicts ...esa.Verdict) happening {
	h := found(esa.AMP, "", verdicts...)
	for _, e := range h.events {
		e.Kind = esa.VerdictChanged
		h.events = append(h.events, e)
	}
	return h
}

// toward narrows a happening to mail of a direction.
func toward(h happening, p rest.Parameters, name string, words ...string) (happening, error) {
	word, err := p.One(name, words...)
	direction := directionOf(word)
	return h.when(func(m *esa.Message) bool { return m.Direction == direction }), err
}

func dlpGroup() eventGroup {
	const names, severities, action = "dlpViolationsNames", "dlpViolationsSeverities", "dlpAction"
	return eventGroup{may: []string{names, severities, action}, read: func(p rest.Parameters) (happening, error) {
		h := found(esa.DLP, "", esa.Positive)
		if p.Has(names) {
			list, err := p.List(names)
			if err != nil {
				return h, err
			}
			h = happening{}
			for _, n := range list {
				h = h.or(found(esa.DLP, n, esa.Positive))
			}
		}
		if p.Has(severities) {
			list, err := p.List(severities)
			for _, s := range list {
				if !slices.Contains([]string{"critical", "high", "medium", "low"}, s) {
					return h, rest.Wrong(severities, "want critical, high, medium or low")
				}
			}
			if err != nil {
				return h, err
			}
			h = h.when(func(m *esa.Message) bool { return slices.ContainsFunc(list, violation(m)) })
		}
		word, err := p.One(action, "delivered", "encrypted", "dropped")
		switch word {
		case "delivered":
			h = h.when(func(m *esa.Message) bool { return m.State == esa.Delivered })
		case "dropped":
			h = h.when(func(m *esa.Message) bool { return m.DroppedBy == esa.DLP })
		case "encrypted": // nothing is
			h = never()
		}
		return h, err
	}}
}

// violation tells of a message whether it has a DLP violation of a severity.
func violation(m *esa.Message) func(string) bool {
	return func(want string) bool {
		return slices.ContainsFunc(m.Events, func(e esa.Event) bool {
			word, _ := severity(&e)
			return isViolation(&e) && strings.EqualFold(word, want)
		})
	}
}

func quarantineGroups() []eventGroup {
	return []eventGroup{
		flag("inOutbreakQuarantine", happening{held: []string{"Outbreak"}}),
		choice("quarantineStatus", map[string]happening{
			"POLICY": heldBy(esa.MessageFilters, esa.ContentFilters).or(heldIn("Policy")), "AMP": heldBy(esa.AMP).or(heldIn("File Analysis")),
			"AV": heldBy(esa.AntiVirus).or(heldIn("Virus")), "UNCLASSIFIED": heldIn("Unclassified"),
			"DLP": heldBy(esa.DLP), "OUTBREAK": heldBy(esa.OutbreakFilters).or(heldIn("Outbreak"))}),
		text("quarantinedTo", func(v string) happening { return heldIn(v) }),
	}
}

func filterGroups() []eventGroup {
	return []eventGroup{
		text("messageFilters", func(v string) happening { return found(esa.MessageFilters, v, esa.Positive) }),
		{need: []string{"contentFiltersName", "contentFiltersDirection", "contentFiltersAction"}, read: func(p rest.Parameters) (happening, error) {
			if _, err := p.One("contentFiltersAction", "stopped"); err != nil {
				return happening{}, err
			}
			h := found(esa.ContentFilters, p.Get("contentFiltersName"), esa.Positive)
			return toward(h.when(stopped), p, "contentFiltersDirection", "inbound", "outbound")
		}},
		{need: []string{"mailPolicyName", "mailPolicyDirection"}, read: func(p rest.Parameters) (happening, error) {
			h := happened(esa.PolicyMatched)
			h.events[0].Name = p.Get("mailPolicyName")
			return toward(h, p, "mailPolicyDirection", "inbound", "outbound")
		}},
	}
}

// stopped is true of a message that content filters kept from its recipients.
func stopped(m *esa.Message) bool {
	return slices.ContainsFunc(m.Events, func(e esa.Event) bool {
		return e.Engine == esa.ContentFilters && (e.Kind == esa.MessageDropped || e.Kind == esa.MessageBounced || e.Kind == esa.MessageQuarantined)
	})
}

func senderGroups() []eventGroup {
	checked := func(name string) happening {
		h := happened(esa.AuthChecked)
		h.events[0].Name = name
		return h
	}
	return []eventGroup{
		{may: []string{"dmarcFrom", "dmarcAction"}, read: func(p rest.Parameters) (happening, error) {
			domain := p.Get("dmarcFrom")
			action, err := p.One("dmarcAction", "none", "quarantine", "reject", "passed", "failed")
			return checked(esa.DMARC).when(func(m *esa.Message) bool {
				d := &m.Auth.DMARC
				return (domain == "" || strings.EqualFold(d.Domain, domain)) && (action == "" || d.Result == action || d.Action == action)
			}), err
		}},
		text("geoLocation", func(v string) happening { return happening{countries: []string{v}} }),
		number("ipReputation", func(n int) happening {
			if n < -10 || n > 10 { // no host has such a score
				return never()
			}
			return happening{scores: []int{n}}
		}),
		text("sdrReputation", func(v string) happening {
			return checked(esa.SDR).when(func(m *esa.Message) bool { return strings.EqualFold(m.Auth.SDR.Verdict, v) })
		}),
		number("sdrThreatLevels", func(n int) happening {
			return checked(esa.SDR).when(func(m *esa.Message) bool { return threatLevel(m.Auth.SDR.Verdict) == strconv.Itoa(n) })
		}),
	}
}

// threatLevel is the later form of a verdict of Sender Domain Reputation, from 1,
// untrusted, to 4. Neutral was seen as 3; the others are inferred.
func threatLevel(verdict string) string {
	switch verdict {
	case "Awful", "Poor":
		return "1"
	case "Tainted", "Weak":
		return "2"
	case "Neutral", "Unknown":
		return "3"
	case "Good":
		return "4"
	}
	return "N/A"
}

func contentGroups() []eventGroup {
	scored := func(fits func(score float64) bool) happening {
		return happened(esa.URLMatched).when(func(m *esa.Message) bool {
			return slices.ContainsFunc(m.Events, func(e esa.Event) bool {
				score, err := strconv.ParseFloat(e.Address, 64)
				return e.Kind == esa.URLMatched && err == nil && fits(score)
			})
		})
	}
	return []eventGroup{
		flag("containedMaliciousUrls", scored(func(s float64) bool { return s <= -6 })),
		flag("containedNeutralUrls", scored(func(s float64) bool { return s > -6 && s < 6 })),
		number("urlReputation", func(n int) happening { return scored(func(s float64) bool { return int(s) == n }) }),
	}
}
