package quarantines

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/quarantine"
	"esasim/esa"
)

// mostRules bounds the rules of one call, and of one answer.
const mostRules = 1000

// rulesAnswer lists why messages are held. Source: recorded answers.
type rulesAnswer struct {
	Meta rulesMeta `json:"meta"`
	Data []ruleRow `json:"data"`
}

type rulesMeta struct {
	Average string `json:"totalAverageMessageSize"`
	Total   int    `json:"totalNumberOfMessages"`
}

type ruleRow struct {
	Attributes rule `json:"attributes"`
	RID        int  `json:"rid"`
}

type rule struct {
	Messages    int    `json:"numberOfMessages"`
	Capacity    string `json:"capacity"`
	ID          string `json:"ruleId"`
	Size        string `json:"totalSize"`
	Description string `json:"ruleDescription"`
	Average     string `json:"averageMessageSize"`
}

// count is how many messages there are, and how large they are together.
type count struct {
	messages int
	octets   int64
}

func (n *count) add(octets int64) { n.messages, n.octets = n.messages+1, n.octets+octets }

func (n *count) average() string { return short(n.octets / int64(max(n.messages, 1))) }

// ruleIDs are the reasons for which a message is held in some quarantines.
func ruleIDs(h *quarantine.Held, in []string) map[string]bool {
	out := map[string]bool{}
	for _, hold := range h.Message.Holds {
		if slices.Contains(in, hold.Quarantine) {
			out[reason(&hold)] = true
		}
	}
	return out
}

// serveRules lists for what reasons messages are held, and how much room they take.
func (a *api) serveRules(c *rest.Call) (any, error) {
	if err := onlyPVO(c.Parameters); err != nil {
		return nil, err
	}
	var all count
	by := map[string]*count{}
	names := a.pvoNames(c, mayLook)
	err := a.each(c, names, func(h *quarantine.Held) error {
		ids := ruleIDs(h, names)
		for id := range ids {
			if by[id] == nil {
				by[id] = &count{}
			}
			by[id].add(h.Message.Size)
		}
		if len(ids) > 0 {
			all.add(h.Message.Size)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := rulesAnswer{rulesMeta{all.average(), all.messages}, []ruleRow{}}
	for _, id := range slices.Sorted(maps.Keys(by)) {
		if n := by[id]; len(out.Data) < mostRules {
			out.Data = append(out.Data, ruleRow{rule{n.messages, a.capacity(n.octets), id, short(n.octets), "N/A", n.average()}, len(out.Data) + 1})
		}
	}
	return out, nil
}

// capacity is which part of the room for held messages so many octets are.
func (a *api) capacity(octets int64) string {
	if a.Space <= 0 {
		return "0.0%"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(octets)/float64(a.Space))
}

// short is a size as the list of rules has it. Source: recorded answers, which have
// 320KB and 1.9MB.
func short(octets int64) string {
	const kb, mb, gb = 1 << 10, 1 << 20, 1 << 30
	switch {
	case octets < kb:
		return fmt.Sprintf("%dB", octets)
	case octets < mb:
		return fmt.Sprintf("%dKB", octets/kb)
	case octets < gb:
		return fmt.Sprintf("%.1fMB", float64(octets)/mb)
	}
	return fmt.Sprintf("%.1fGB", float64(octets)/gb)
}

// serveRuleSearch finds the messages that are held for a reason. In its rows the MID
// is a text. Source: the guide's schema.
func (a *api) serveRuleSearch(c *rest.Call) (any, error) {
	if err := onlyPVO(c.Parameters); err != nil {
		return nil, err
	}
	id := c.Get("ruleId")
	if id == "" {
		return nil, rest.Missing("ruleId")
	}
	names := a.pvoNames(c, mayLook)
	q := quarantine.Search{Among: quarantine.Among{Quarantines: names}, Also: func(h *quarantine.Held) bool { return ruleIDs(h, names)[id] }}
	if err := readPage(c.Parameters, pvoOrders, &q); err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return page{Data: []any{}}, nil
	}
	found, err := a.Keeper.Search(c.Request.Context(), q)
	if err != nil {
		return nil, err
	}
	out := page{meta{found.Total}, []any{}}
	for i := range found.Held {
		out.Data = append(out.Data, row{found.Held[i].Message.MID.String(), a.pvoRow(&found.Held[i])})
	}
	return out, nil
}

// serveRuleRelease releases all messages that are held for some reasons.
func (a *api) serveRuleRelease(c *rest.Call) (any, error) {
	o, err := readRules(c)
	if err != nil {
		return nil, err
	}
	if o.Action != releaseAction {
		return nil, wrongAction(o.Action, "want release")
	}
	return a.actByRule(c, o, a.Keeper.Release)
}

// serveRuleDelete deletes all messages that are held for some reasons.
func (a *api) serveRuleDelete(c *rest.Call) (any, error) {
	o, err := readRules(c)
	if err != nil {
		return nil, err
	}
	if o.Action != "" && o.Action != deleteAction {
		return nil, wrongAction(o.Action, "is not for DELETE")
	}
	o.Action = deleteAction
	return a.actByRule(c, o, a.Keeper.Delete)
}

func wrongAction(action, reason string) error {
	if action == "" {
		return rest.Missing("action")
	}
	return rest.Wrong("action", reason)
}

// readRules reads for which rules something is to be done.
func readRules(c *rest.Call) (*order, error) {
	var body struct {
		Action string   `json:"action"`
		Kind   string   `json:"quarantineType"`
		Rules  []string `json:"ruleId"`
	}
	if err := c.Body(&body, mostOrder); err != nil {
		return nil, err
	}
	switch {
	case body.Kind == "":
		return nil, rest.Missing("quarantineType")
	case body.Kind != pvo:
		return nil, rest.Wrong("quarantineType", "want pvo")
	case len(body.Rules) == 0:
		return nil, rest.Missing("ruleId")
	case len(body.Rules) > mostRules:
		return nil, rest.Wrong("ruleId", fmt.Sprintf("want at most %d", mostRules))
	}
	return &order{Action: body.Action, Kind: body.Kind, Rules: body.Rules}, nil
}

// actByRule does something with all messages that are held for some reasons, in the
// quarantines that hold them for these.
func (a *api) actByRule(c *rest.Call, o *order, do func(context.Context, []esa.MID, string) (quarantine.Result, error)) (any, error) {
	ctx, in := c.Request.Context(), map[string][]esa.MID{}
	names := a.pvoNames(c, mayChange)
	if len(names) == 0 {
		return nil, rest.Fault{Status: http.StatusForbidden, Message: fmt.Sprintf("The user %s may not do this in any quarantine.", rest.Clip(c.User.Name))}
	}
	err := a.each(c, names, func(h *quarantine.Held) error {
		for _, s := range h.Stays {
			means := func(r string) bool { return slices.Contains(o.Rules, r) }
			if slices.Contains(names, s.Quarantine) && slices.ContainsFunc(reasons(&h.Message, s.Quarantine), means) {
				in[s.Quarantine] = append(in[s.Quarantine], h.Message.MID)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var all quarantine.Result
	from := slices.Sorted(maps.Keys(in))
	for _, name := range from {
		res, bad := do(ctx, in[name], name)
		all.Done, all.Refused = append(all.Done, res.Done...), append(all.Refused, res.Refused...)
		if err = bad; err != nil {
			break
		}
	}
	slices.Sort(all.Done)
	all.Done = slices.Compact(all.Done)
	a.audit(c, o, strings.Join(from, ", "), all)
	if err != nil {
		return nil, err
	}
	return rest.Data{Data: result{Action: o.Action, Total: len(all.Done)}}, nil
}

// each looks at what some quarantines hold; without any, at nothing.
func (a *api) each(c *rest.Call, names []string, yield func(*quarantine.Held) error) error {
	if len(names) == 0 {
		return nil
	}
	return a.Keeper.Each(c.Request.Context(), quarantine.Among{Quarantines: names}, yield)
}
