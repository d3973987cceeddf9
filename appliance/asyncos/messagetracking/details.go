package messagetracking

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/details"
	"esasim/esa"
	"esasim/tracking"
)

// detailsParameters are those of the calls about messages.
var detailsParameters = []string{"startDate", "endDate", "mid", "icid", "dcid", "serialNumber"}

// line is one line of what happened. Source: recorded answers.
type line struct {
	Timestamp   string `json:"timestamp"`
	Description string `json:"description"`
	Last        bool   `json:"lastEvent"`
}

func (a *api) lines(list []details.Line) []line {
	out := make([]line, len(list))
	for i, l := range list {
		out[i] = line{a.timestamp(l.Time), l.Text, i == len(list)-1}
	}
	return out
}

// about is what the calls about messages have in common. Source: recorded answers.
type about struct {
	Direction   string     `json:"direction"`
	AuthID      string     `json:"smtpAuthId"`
	Sender      string     `json:"sender"`
	MessageID   string     `json:"midHeader"`
	Timestamp   string     `json:"timestamp"`
	HostName    string     `json:"hostName"`
	MID         []esa.MID  `json:"mid"`
	AllICID     []esa.ICID `json:"allIcid"`
	Recipient   []string   `json:"recipient"`
	MailPolicy  []string   `json:"mailPolicy"`
	Complete    bool       `json:"isCompleteData"`
	Status      string     `json:"messageStatus"`
	Size        string     `json:"messageSize"`
	Subject     string     `json:"subject"`
	SenderGroup string     `json:"senderGroup"`
	Attachments []string   `json:"attachments"`
	HeaderFrom  string     `json:"headerFrom"`
	ShowAMP     bool       `json:"showAMP"`
	ShowDLP     bool       `json:"showDLP"`
	ShowURL     bool       `json:"showURL"`
	SDRAge      string     `json:"sdrAge"`
	SDRCategory string     `json:"sdrCategory"`
	SDRVerdict  string     `json:"sdrReputation"`
	SDRLevels   string     `json:"sdrThreatLevels"`
	Categories  []string   `json:"ampTgCategories"`
	Host        any        `json:"sendingHostSummary"`
}

// sendingHost is who sent. Source: recorded answers.
type sendingHost struct {
	Name  string `json:"reverseDnsHostname"`
	IP    string `json:"ipAddress"`
	Score string `json:"sbrsScore"`
}

// detailed is a call about messages, read: the messages it names.
type detailed struct{ lineage }

// readDetails finds the messages that a call names. Those that are not there, or did
// not come as it says, are left out.
func (a *api) readDetails(c *rest.Call) (d detailed, err error) {
	if _, _, err := c.Span(false); err != nil {
		return d, err
	}
	icid, err := rest.ID[esa.ICID](c.Parameters, "icid")
	if err != nil {
		return d, err
	}
	if _, err := c.Number("dcid", 0, 0, 1<<62); err != nil {
		return d, err
	}
	if c.Get("mid") == "" {
		return d, rest.Missing("mid")
	}
	var mids []esa.MID
	for _, text := range c.Parameters["mid"] {
		mid, err := rest.ReadID[esa.MID]("mid", text)
		if err != nil {
			return d, err
		}
		mids = append(mids, mid)
	}
	if c.Has("serialNumber") && c.Get("serialNumber") != a.Serial {
		return d, nil
	}
	slices.Sort(mids)
	if d.lineage, err = a.messages(c.Request.Context(), slices.Compact(mids)); err != nil {
		return d, err
	}
	if c.Has("icid") && !slices.Contains(icids(d.lineage), icid) {
		d.lineage = nil
	}
	return d, nil
}

func (a *api) messages(ctx context.Context, mids []esa.MID) (out lineage, err error) {
	for _, mid := range mids {
		m, err := a.Tracker.Message(ctx, mid)
		if errors.Is(err, tracking.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// about describes the messages. Of none all is empty: clients look whether there is
// a MID (public client).
func (a *api) about(l lineage) about {
	out := about{MID: []esa.MID{}, AllICID: []esa.ICID{}, Recipient: []string{}, MailPolicy: []string{}, Attachments: []string{}, Categories: []string{}, Host: struct{}{}}
	if len(l) == 0 {
		return out
	}
	m, final := l.root(), l.final()
	c, sdr := a.common(l), &m.Auth.SDR
	out.Direction, out.AuthID, out.Sender, out.MessageID, out.Timestamp = c.Direction, m.User, c.Sender, m.MessageID, c.Timestamp
	out.HostName, out.MID, out.AllICID, out.Recipient, out.MailPolicy = c.HostName, c.MID, icids(l), c.Recipient, c.MailPolicy
	out.Complete, out.Status, out.Size = true, final[len(final)-1].Status(), size(m.Size)
	out.Subject, out.SenderGroup, out.HeaderFrom = m.Subject, c.SenderGroup, mailbox(m.HeaderFrom)
	for _, f := range m.Attachments {
		out.Attachments = append(out.Attachments, f.Name)
	}
	_, violation := violated(l)
	out.ShowAMP, out.ShowDLP, out.ShowURL = len(files(l)) > 0, violation != nil, len(urls(l)) > 0
	out.SDRAge, out.SDRCategory, out.SDRVerdict = cmp.Or(sdr.Age, "N/A"), cmp.Or(sdr.Threat, "N/A"), cmp.Or(sdr.Verdict, "N/A")
	out.SDRLevels = threatLevel(sdr.Verdict)
	out.Host = sendingHost{hostOf(&m.Source), address(&m.Source), c.SBRS}
	return out
}

func hostOf(src *esa.Source) string {
	switch {
	case src.Host == "":
		return "unknown"
	case src.Verified: // this form was seen
		return src.Host + " (verified)"
	}
	return src.Host + " (unverified)"
}

// size is in the form "70.3 (KB)". Source: recorded answers.
func size(n int64) string { return strconv.FormatFloat(float64(n)/1024, 'f', 1, 64) + " (KB)" }

// messagesAnswer is the envelope of the calls about messages.
type messagesAnswer struct {
	Messages any `json:"messages"`
}

// serveDetails answers GET message-tracking/details.
func (a *api) serveDetails(c *rest.Call) (any, error) {
	d, err := a.readDetails(c)
	if err != nil {
		return nil, err
	}
	var connections []esa.Event
	for _, icid := range icids(d.lineage) {
		events, err := a.Tracker.Connection(c.Request.Context(), icid)
		if err != nil && !errors.Is(err, tracking.ErrNotFound) {
			return nil, err
		}
		connections = append(connections, events...)
	}
	return rest.Data{Data: messagesAnswer{struct {
		about
		Box     bool   `json:"showSummaryTimeBox"`
		Summary []line `json:"summary"`
	}{a.about(d.lineage), true, a.lines(details.Several(d.lineage, connections))}}}, nil
}

// serveAMPDetails answers GET message-tracking/amp-details.
func (a *api) serveAMPDetails(c *rest.Call) (any, error) {
	d, err := a.readDetails(c)
	if err != nil {
		return nil, err
	}
	list := files(d.lineage)
	return rest.Data{Data: messagesAnswer{struct {
		about
		Show  bool   `json:"showAMPDetails"`
		Lines []line `json:"ampDetails"`
	}{a.about(d.lineage), len(list) > 0, a.lines(list)}}}, nil
}

// serveURLDetails answers GET message-tracking/url-details.
func (a *api) serveURLDetails(c *rest.Call) (any, error) {
	d, err := a.readDetails(c)
	if err != nil {
		return nil, err
	}
	list := urls(d.lineage)
	return rest.Data{Data: messagesAnswer{struct {
		about
		Show  bool   `json:"showURLDetails"`
		Lines []line `json:"urlDetails"`
	}{a.about(d.lineage), len(list) > 0, a.lines(list)}}}, nil
}

func files(l lineage) (out []details.Line) {
	for i := range l {
		out = append(out, details.Files(&l[i])...)
	}
	return out
}

func urls(l lineage) (out []details.Line) {
	for i := range l {
		out = append(out, details.URLs(&l[i])...)
	}
	return out
}
