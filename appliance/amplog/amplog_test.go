package amplog

import (
	"context"
	"flag"
	"testing"
	"time"

	"esasim/appliance/logs"
	"esasim/esa"
	"esasim/esa/gather"
	"esasim/internal/golden"
)

var update = flag.Bool("update", false, "write the golden files again")

// store knows one message.
type store struct{}

func (store) Message(_ context.Context, mid esa.MID) (esa.Message, error) {
	if mid != 3 {
		return esa.Message{}, gather.ErrGone
	}
	return esa.Message{MID: 3, Attachments: []esa.Attachment{{Name: "stored.doc", Type: "application/msword", Size: 7, SHA256: "cc"}}}, nil
}

// judging is what AMP says of three files, and of the message.
func judging(mid esa.MID, at time.Time) esa.Entry {
	file := func(name, sum string, v esa.Verdict, malware, text string, score int64) esa.Event {
		return esa.Event{Kind: esa.FileJudged, MID: mid, Engine: esa.AMP, Time: at, Verdict: v, Name: malware, Text: text, Size: score,
			Attachment: &esa.Attachment{Name: name, Type: "application/msword", Size: 7, SHA256: sum}}
	}
	return esa.Entry{Events: []esa.Event{file("a.doc", "aa", esa.Positive, "W32.C78352D892-95.SBX.TG", "", 1), file("b\nc.doc", "bb", esa.Pending, "", "uploaded", 0),
		file("c.doc", "cc", esa.LowRisk, "", "", 30), {Kind: esa.EngineVerdict, Engine: esa.AMP, MID: mid, Time: at, Verdict: esa.Positive}, {Kind: esa.MessageFinished, MID: mid, Time: at}}}
}

// Each file is asked about, and the answer is told where it is known; messages that
// were not looked at, or are gone, have no line; names cannot break one.
func TestLogGolden(t *testing.T) {
	at := time.Date(2020, 5, 14, 13, 23, 57, 0, time.UTC)
	start := func(mid esa.MID, names ...string) esa.Entry {
		events := []esa.Event{{Kind: esa.MessageStarted, MID: mid, Time: at}}
		for _, n := range names {
			events = append(events, esa.Event{Kind: esa.AttachmentSeen, MID: mid, Time: at, Attachment: &esa.Attachment{Name: n, Type: "application/pdf", Size: 189, SHA256: "aa"}})
		}
		return esa.Entry{Events: events}
	}
	verdict := func(mid esa.MID, v esa.Verdict, name string) esa.Entry {
		return esa.Entry{Events: []esa.Event{{Kind: esa.EngineVerdict, Engine: esa.AntiSpam, MID: mid, Time: at, Verdict: esa.Positive},
			{Kind: esa.EngineVerdict, Engine: esa.AMP, MID: mid, Time: at, Verdict: v, Name: name}, {Kind: esa.MessageFinished, MID: mid, Time: at}}}
	}
	l, out := New(store{}), logs.NewLines(time.UTC)
	if err := l.Write(t.Context(), out, []esa.Entry{
		start(1, "a.pdf"), verdict(1, esa.Positive, "W32.C78352D892-95.SBX.TG"),
		start(2, "a.pdf", "b\nc.pdf"), verdict(2, esa.Positive, ""),
		verdict(3, esa.Unknown, ""), // its beginning went by unseen
		verdict(4, esa.Positive, ""),
		start(5, "a.pdf", "b.pdf"), verdict(5, esa.Negative, ""),
		start(6), verdict(6, esa.Skipped, ""),
		start(7, "a.pdf"), verdict(7, esa.NotEvaluated, ""),
		start(8, "a.pdf"), verdict(8, esa.LowRisk, ""),
		start(9, "a.pdf"), verdict(9, esa.Unscannable, ""),
		start(10, "a.pdf", "b.pdf"), verdict(10, esa.Unknown, ""), // of all of them
		start(11, "a.doc", "b\nc.doc", "c.doc"), judging(11, at),
		{Events: []esa.Event{{Kind: esa.VerdictChanged, MID: 11, Engine: esa.AMP, Time: at.Add(time.Hour), Verdict: esa.Negative, Text: esa.FileAnalysed, Attachment: &esa.Attachment{SHA256: "bb"}},
			{Kind: esa.VerdictChanged, MID: 4, Engine: esa.AMP, Time: at.Add(time.Hour), Verdict: esa.Positive, Name: "W32.Later", Attachment: &esa.Attachment{SHA256: "dd"}}}},
	}); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/lines.txt", out.Buf, *update)
	if n, _ := l.Held(); n != 0 {
		t.Errorf("%d finished messages are held", n)
	}
}
