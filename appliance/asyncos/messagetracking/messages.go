package messagetracking

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"esasim/appliance/asyncos/rest"
	"esasim/esa"
)

// rowsAnswer is a page of rows. The total is that of the page: clients ask for
// further pages until it is less than they asked for, or 0 (public clients).
type rowsAnswer struct {
	Meta struct {
		BadRecords int `json:"num_bad_records"`
		Total      int `json:"totalCount"`
	} `json:"meta"`
	Data []attributes `json:"data"`
}

type attributes struct {
	Attributes any `json:"attributes"`
}

func page(rows []attributes) rowsAnswer {
	out := rowsAnswer{Data: append([]attributes{}, rows...)}
	out.Meta.Total = len(rows)
	return out
}

// serveMessages answers GET message-tracking/messages.
func (a *api) serveMessages(c *rest.Call) (any, error) {
	s, err := a.readSearch(c.Parameters)
	if err != nil {
		return nil, err
	}
	if s.rejected {
		rows, err := a.rejected(c.Request.Context(), searchKey(c), &s)
		return page(rows), err
	}
	found, err := a.page(c.Request.Context(), searchKey(c), &s)
	if err != nil {
		return nil, err
	}
	var rows []attributes
	for _, l := range found {
		if a.Flat {
			rows = append(rows, attributes{a.flat(l)})
		} else {
			rows = append(rows, attributes{a.keyed(l)})
		}
	}
	return page(rows), nil
}

// common is what rows of both forms have.
type common struct {
	Direction    string    `json:"direction"`
	HostName     string    `json:"hostName"`
	ICID         esa.ICID  `json:"icid"`
	MailPolicy   []string  `json:"mailPolicy"`
	MID          []esa.MID `json:"mid"`
	Recipient    []string  `json:"recipient"`
	ReplyTo      string    `json:"replyTo"`
	SBRS         string    `json:"sbrs"`
	Sender       string    `json:"sender"`
	SenderDomain string    `json:"senderDomain"`
	SenderGroup  string    `json:"senderGroup"`
	SenderIP     string    `json:"senderIp"`
	Serial       string    `json:"serialNumber"`
	Subject      string    `json:"subject"`
	Timestamp    string    `json:"timestamp"`
}

func (a *api) common(l lineage) common {
	m := l.root()
	c := common{
		Direction: m.Direction.String(), HostName: a.hostName(&m.Source), ICID: m.ICID, MailPolicy: policies(l),
		MID: []esa.MID{}, Recipient: recipients(m), ReplyTo: cmp.Or(mailbox(m.ReplyTo), "N/A"), SBRS: cmp.Or(m.Source.SBRS, "None"),
		Sender: m.Sender, SenderDomain: m.SenderDomain(), SenderGroup: m.Source.Group, SenderIP: address(&m.Source),
		Serial: a.Serial, Subject: m.Subject, Timestamp: a.timestamp(m.Received),
	}
	for i := range l {
		c.MID = append(c.MID, l[i].MID)
	}
	return c
}

// flatRow is a row as of AsyncOS 13.0. Source: vendor document.
type flatRow struct {
	common
	Complete bool   `json:"isCompleteData"`
	Status   string `json:"messageStatus"`
	Verdicts string `json:"verdictChart"`
}

// flat says of a row what became of the last of its messages (inferred: rows with
// several are not in the samples).
func (a *api) flat(l lineage) flatRow {
	final := l.final()
	last := final[len(final)-1]
	return flatRow{a.common(l), true, last.Status(), verdictChart(last)}
}

// keyedRow is a row of AsyncOS 14: what differs from MID to MID is an object.
// Source: recorded answers.
type keyedRow struct {
	common
	Complete     string              `json:"isCompleteData"`
	Status       map[string]string   `json:"messageStatus"`
	Verdicts     map[string]string   `json:"verdictChart"`
	FriendlyFrom []string            `json:"friendly_from"`
	RecipientMap map[string][]string `json:"recipientMap"`
	MorInfo      morInfo             `json:"morInfo"`
	MorDetails   struct{}            `json:"morDetails"`
	DCID         []esa.DCID          `json:"dcid"`
	FinalSubject map[string]string   `json:"finalSubject"`
	AllICID      []esa.ICID          `json:"allIcid"`
	MessageID    map[string]string   `json:"messageID"`
}

type morInfo struct {
	States map[string]string `json:"midVsState"`
}

func (a *api) keyed(l lineage) keyedRow {
	root := l.root()
	row := keyedRow{common: a.common(l), Complete: "N/A", Status: map[string]string{}, Verdicts: map[string]string{},
		FriendlyFrom: list(mailbox(root.HeaderFrom)), RecipientMap: map[string][]string{}, DCID: []esa.DCID{},
		FinalSubject: map[string]string{}, AllICID: icids(l), MessageID: map[string]string{root.MID.String(): root.MessageID}}
	for _, m := range l.final() {
		mid := m.MID.String()
		row.Status[mid], row.Verdicts[mid], row.FinalSubject[mid] = m.Status(), verdictChart(m), m.Subject
	}
	row.MorInfo.States = row.Status
	for i := range l {
		row.RecipientMap[l[i].MID.String()] = recipients(&l[i])
		for _, e := range l[i].Events {
			if e.Kind == esa.DeliveryStarted && !slices.Contains(row.DCID, e.DCID) && len(row.DCID) < mostListed {
				row.DCID = append(row.DCID, e.DCID)
			}
		}
	}
	return row
}

// mostListed bounds lists that grow with what happens to a message.
const mostListed = 1000

// hostName is the appliance's name and address. Source: recorded answers.
func (a *api) hostName(src *esa.Source) string {
	ip := "127.0.0.1"
	if src.Local.IsValid() {
		ip = src.Local.String()
	}
	return a.Host + " (" + ip + ")"
}

// timestamp is a time in the form of the version: that of 13 says the zone alone
// when it is not GMT. Source: recorded answers; other zones are inferred.
func (a *api) timestamp(t time.Time) string {
	t = t.In(a.Location)
	form := "02 Jan 2006 15:04:05 (GMT -07:00)"
	if _, offset := t.Zone(); a.Flat && offset == 0 {
		form = "02 Jan 2006 15:04:05 (GMT)"
	}
	return t.Format(form)
}

func address(src *esa.Source) string {
	if !src.Remote.IsValid() {
		return ""
	}
	return src.Remote.String()
}

func recipients(m *esa.Message) []string {
	out := make([]string, len(m.Recipients))
	for i, r := range m.Recipients {
		out[i] = r.Address
	}
	return out
}

// policies are the mail policies that any of its messages matched.
func policies(l lineage) []string {
	out := []string{}
	for i := range l {
		if p := l[i].Policy; p != "" && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

func icids(l lineage) []esa.ICID {
	out := []esa.ICID{}
	for i := range l {
		if !slices.Contains(out, l[i].ICID) {
			out = append(out, l[i].ICID)
		}
	}
	return out
}

// mailbox is the address of a From or Reply-To header.
func mailbox(from string) string {
	from = strings.TrimSpace(from)
	if i := strings.LastIndexByte(from, '<'); i >= 0 {
		return strings.TrimSpace(strings.TrimRight(from[i+1:], "> "))
	}
	return from
}

// list has a text, unless that is empty.
func list(text string) []string {
	if text == "" {
		return []string{}
	}
	return []string{text}
}
