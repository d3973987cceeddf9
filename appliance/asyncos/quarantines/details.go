package quarantines

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"slices"
	"strings"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/letter"
	"esasim/appliance/quarantine"
	"esasim/appliance/successor"
	"esasim/esa"
)

// Bounds of what is shown of a message. The first is documented of the spam
// quarantine; the second is ours.
const (
	mostBody   = 20 << 10
	mostHeader = 64 << 10
)

// bodyName stands for a part that is no file.
const bodyName = "[message body]"

type detailsAnswer struct {
	Data row `json:"data"`
}

// spamDetails is a message in the spam quarantine. Source: recorded answers.
type spamDetails struct {
	EnvelopeRecipient []string `json:"envelopeRecipient"`
	ToAddress         []string `json:"toAddress"`
	Attachments       []string `json:"attachments"`
	MessageBody       string   `json:"messageBody"`
	Date              string   `json:"date"`
	FromAddress       []string `json:"fromAddress"`
	Subject           string   `json:"subject"`
}

// pvoDetails is a message in other quarantines. Source: recorded answers.
type pvoDetails struct {
	Headers        string         `json:"headers"`
	Matched        []string       `json:"matchedContents"` // what matched is not in the log
	MessageBody    string         `json:"messageBody"`
	MessageDetails messageDetails `json:"messageDetails"`
	Parts          []part         `json:"messagePartDetails"`
	Quarantines    []stay         `json:"quarantineDetails"`
}

type messageDetails struct {
	Recipient []string `json:"recipient"`
	Sender    string   `json:"sender"`
	Subject   string   `json:"subject"`
}

type part struct {
	ID   int    `json:"attachmentId"`
	Name string `json:"attachmentName"`
	Size string `json:"attachmentSize"`
}

type stay struct {
	Host          string   `json:"esaHostName"`
	OriginatingIP string   `json:"originatingEsaIp"`
	Quarantine    string   `json:"quarantineName"`
	Reason        []string `json:"reason"`
	Received      string   `json:"received"`
	ScheduledExit string   `json:"scheduledExit"`
}

// held is the message that a call names, which must be in a quarantine of the kind that is for
// the caller.
func (a *api) held(c *rest.Call, kind string) (h quarantine.Held, err error) {
	mid, err := rest.ID[esa.MID](c.Parameters, "mid")
	if err != nil {
		return h, err
	}
	if mid == 0 {
		return h, rest.Missing("mid")
	}
	h, err = a.Keeper.Get(c.Request.Context(), mid)
	meant := func(s quarantine.Stay) bool {
		return (s.Quarantine == quarantine.Spam) == (kind == spam) && a.use(c, "", s.Quarantine, mayLook) == nil
	}
	if err == nil && !slices.ContainsFunc(h.Stays, meant) {
		err = quarantine.ErrNotHeld
	}
	return h, refused(mid, err)
}

// refused is what a caller is told of a message that cannot be shown.
func refused(mid esa.MID, err error) error {
	switch {
	case errors.Is(err, quarantine.ErrNotHeld):
		return rest.Wrong("mid", fmt.Sprintf("MID %d is in no such quarantine", mid))
	case errors.Is(err, successor.ErrUnreadable):
		return rest.Fault{Status: http.StatusNotFound, Message: fmt.Sprintf("The message of MID %d is not kept any more.", mid)}
	}
	return err
}

// serveDetails shows a held message.
func (a *api) serveDetails(c *rest.Call) (any, error) {
	kind, err := kindOf(c.Parameters)
	if err != nil {
		return nil, err
	}
	h, err := a.held(c, kind)
	if err != nil {
		return nil, err
	}
	header, err := a.header(c.Request.Context(), h.Message.MID)
	if err != nil {
		return nil, refused(h.Message.MID, err)
	}
	l, err := a.Keeper.Letter(c.Request.Context(), h.Message.MID)
	if err != nil {
		return nil, refused(h.Message.MID, err)
	}
	var attributes any = a.pvoDetails(&h, header, l)
	if kind == spam {
		attributes = a.spamDetails(&h, header, l)
	}
	return detailsAnswer{row{h.Message.MID, attributes}}, nil
}

func (a *api) spamDetails(h *quarantine.Held, header string, l *letter.Letter) spamDetails {
	out := spamDetails{EnvelopeRecipient: append([]string{}, h.Recipients()...), Attachments: []string{}, Date: a.timestamp(received(h, true)),
		FromAddress: listed(h.From()), Subject: h.Message.OwnSubject()}
	out.ToAddress = out.EnvelopeRecipient
	for _, f := range l.Files() {
		if len(out.Attachments) < mostListed {
			out.Attachments = append(out.Attachments, f.Name)
		}
	}
	out.MessageBody = html.EscapeString(cut(header+"\n"+body(l), mostBody))
	return out
}

func (a *api) pvoDetails(h *quarantine.Held, header string, l *letter.Letter) pvoDetails {
	out := pvoDetails{Headers: header, Matched: []string{}, MessageBody: html.EscapeString(cut(body(l), mostBody)), Parts: []part{},
		MessageDetails: messageDetails{append([]string{}, h.Recipients()...), h.Message.Sender, h.Message.OwnSubject()}, Quarantines: []stay{}}
	for _, p := range l.Parts[:min(len(l.Parts), mostListed)] {
		name := bodyName
		if p.File {
			name = fileName(&p)
		}
		out.Parts = append(out.Parts, part{p.Index + 1, name, size(p.Size)})
	}
	for _, s := range h.Stays {
		if s.Quarantine != quarantine.Spam {
			out.Quarantines = append(out.Quarantines, stay{a.Host, origin(h).String(), s.Quarantine, reasons(&h.Message, s.Quarantine),
				a.timestamp(s.Since), a.timestamp(s.Until)})
		}
	}
	return out
}

// header is the header of a message as it was received, up to a bound.
func (a *api) header(ctx context.Context, mid esa.MID) (string, error) {
	r, err := a.Keeper.Content(ctx, mid)
	if err != nil {
		return "", err
	}
	defer r.Close()
	lines := bufio.NewReader(io.LimitReader(r, mostHeader))
	var out strings.Builder
	for {
		line, err := lines.ReadString('\n')
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			out.WriteString(strings.ToValidUTF8(line, "\uFFFD") + "\n")
		}
		if err == io.EOF || err == nil && line == "" {
			return out.String(), nil
		}
		if err != nil {
			return "", fmt.Errorf("%w: %w", successor.ErrUnreadable, err)
		}
	}
}

// body is the text of a message: the first that is plain, or else the first.
func body(l *letter.Letter) string {
	out := ""
	for _, p := range l.Parts {
		if p.File || p.Text == "" {
			continue
		}
		if p.Type == "text/plain" {
			return p.Text
		}
		if out == "" {
			out = p.Text
		}
	}
	return out
}

// cut bounds a text.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}
