package bouncelog

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"esasim/appliance/logs"
	"esasim/esa"
	"esasim/esa/gather"
)

// store knows one message.
type store struct{ asked int }

func (s *store) Message(_ context.Context, mid esa.MID) (esa.Message, error) {
	if s.asked++; mid != 9 {
		return esa.Message{}, fmt.Errorf("MID %d: %w", mid, gather.ErrGone)
	}
	return esa.Message{MID: 9, Sender: "stored@b.example", Recipients: []esa.Recipient{{RID: 3, Address: "three@x.example"}}}, nil
}

func TestLog(t *testing.T) {
	at := time.Date(2020, 5, 14, 13, 23, 57, 0, time.UTC)
	const unknown, user = "5.1.0 - Unknown address error", "550 5.1.1 user unknown"
	entries := []esa.Entry{
		{Events: []esa.Event{{Kind: esa.ConnectionOpened, ICID: 1}}},
		{Events: []esa.Event{{Kind: esa.MessageStarted, MID: 8}, {Kind: esa.SenderGiven, MID: 8, Address: "a@b.example"},
			{Kind: esa.RecipientGiven, MID: 8, Address: "u@x.example", RIDs: []esa.RID{0}}, {Kind: esa.RecipientGiven, MID: 8, Address: "v\n@x.example", RIDs: []esa.RID{1}}}},
		{Events: []esa.Event{{Kind: esa.RecipientDelayed, MID: 8, Time: at, RIDs: []esa.RID{0}, Name: "4.1.0 - Unknown address error", Text: "451 greylisted"}}},
		{Events: []esa.Event{{Kind: esa.RecipientBounced, MID: 8, Time: at, RIDs: []esa.RID{0, 1}, Name: unknown, Text: user},
			{Kind: esa.MessageFinished, MID: 8}, {Kind: esa.RecipientBounced, MID: 9, Time: at, RIDs: []esa.RID{3}, Name: unknown, Text: user}}},
		{Events: []esa.Event{{Kind: esa.RecipientBounced, MID: 7, Time: at, RIDs: []esa.RID{0}, Name: unknown, Text: user}}},
		{Events: []esa.Event{{Kind: esa.MessageBounced, MID: 9, Time: at, Engine: esa.ContentFilters, Name: "5.7.1 - Not authorized", Text: "Bounced by content filter 'f'"}}},
	}
	s, out := &store{}, logs.NewLines(time.UTC)
	l := New(s)
	if err := l.Write(t.Context(), out, entries); err != nil {
		t.Fatal(err)
	}
	const want = `Thu May 14 13:23:57 2020 Info: Delayed: 8:0 From:<a@b.example> To:<u@x.example> Reason: "4.1.0 - Unknown address error" Response: "('451', ['greylisted'])"
Thu May 14 13:23:57 2020 Info: Bounced: 8:0 From:<a@b.example> To:<u@x.example> Reason: "5.1.0 - Unknown address error" Response: "('550', ['5.1.1 user unknown'])"
Thu May 14 13:23:57 2020 Info: Bounced: 8:1 From:<a@b.example> To:<v?@x.example> Reason: "5.1.0 - Unknown address error" Response: "('550', ['5.1.1 user unknown'])"
Thu May 14 13:23:57 2020 Info: Bounced: 9:3 From:<stored@b.example> To:<three@x.example> Reason: "5.1.0 - Unknown address error" Response: "('550', ['5.1.1 user unknown'])"
Thu May 14 13:23:57 2020 Info: Bounced: 7:0 From:<> To:<> Reason: "5.1.0 - Unknown address error" Response: "('550', ['5.1.1 user unknown'])"
Thu May 14 13:23:57 2020 Info: Bounced: 9:3 From:<stored@b.example> To:<three@x.example> Reason: "5.7.1 - Not authorized" Response: "('000', ['Bounced by content filter 'f''])"
`
	if got := string(out.Buf); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if n, _ := l.Held(); n != 0 || s.asked != 3 {
		t.Errorf("%d messages held, %d asked for", n, s.asked)
	}
	if err := l.Write(t.Context(), out, entries[1:2]); err != nil {
		t.Fatal(err)
	}
	if n, _ := l.Held(); n != 1 {
		t.Errorf("%d messages held that have begun", n)
	}
	l.Forget()
	if n, _ := l.Held(); n != 0 {
		t.Errorf("%d messages held after a loss", n)
	}
	if claims := Fidelity(); len(claims) != 9 || !strings.HasPrefix(claims[0].What, "Bounced: 8:0 From:<a@b.example> To:<u@x.example>") {
		t.Errorf("claims %+v", claims)
	}
}
