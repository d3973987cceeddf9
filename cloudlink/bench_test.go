package cloudlink

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloud/sse"
	"esasim/cloud/store"
	"esasim/esa"
)

// BenchmarkTell takes messages all the way, from the mapping to the cloud's
// disk, over HTTP on the loopback, in full batches, and reports for one message
// the CPU time of the whole process: both sides, the store's flushes and
// compactions, collecting garbage.
func BenchmarkTell(b *testing.B) {
	s, err := store.Open(store.Options{FS: vfs.Default, Dir: b.TempDir(), Region: "AMERICAS"})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	exchange := sse.New(s, slog.New(slog.DiscardHandler), nil)
	cloud := httptest.NewServer(exchange.Handler())
	defer cloud.Close()
	tokens, err := exchange.GenerateTokens(b.Context(), 1, sse.DefaultExpiry)
	if err != nil {
		b.Fatal(err)
	}
	l, err := New(Options{
		Device: Device{
			Name: "esa.test", Type: "ESA", Version: "13.0.0", Serial: "423ADC9EBD9C5F1A7A64-B81D2582608C",
			IPAddress: "127.0.0.1", ConnectorVersion: "1",
		},
		Console: "http://127.0.0.1:8080", Servers: map[string]string{"AMERICAS": cloud.URL},
		Log: newBox(), Keep: newBox(), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := l.Register(b.Context(), "AMERICAS", tokens[0].Token); err != nil {
		b.Fatal(err)
	}
	reg, _, _ := l.registration()
	messages, last := make([]esa.Message, batchSightings), 0
	before := cpuTime(b)
	for b.Loop() {
		for i := range messages {
			last++
			messages[i] = mail(last)
		}
		if err := l.tell(b.Context(), reg, messages); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpuTime(b)-before).Nanoseconds())/1e3/float64(last), "cpu-µs/message")
	if s := l.Status(); s.Pushed != uint64(last) || s.Refused != 0 {
		b.Fatalf("of %d: %+v", last, s)
	}
}

// mail is a delivered message: senders and subjects come again, every fourth
// message goes to two and every eighth has a file.
func mail(n int) esa.Message {
	at := time.Date(2020, 5, 14, 13, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Millisecond)
	num := strconv.Itoa(n)
	m := esa.Message{
		MID: esa.MID(n), Received: at, Changed: at.Add(40 * time.Millisecond), State: esa.Delivered, Finished: true,
		Source:    esa.Source{Remote: netip.AddrFrom4([4]byte{198, 51, 100, byte(n % 250)})},
		Sender:    "sender" + strconv.Itoa(n*7919%5000) + "@domain" + strconv.Itoa(n%300) + ".example",
		Subject:   "Re: Order " + strconv.Itoa(n/3) + " <urgent> & confirmed",
		MessageID: "<20200514." + num + "@mail.domain" + strconv.Itoa(n%300) + ".example>",
	}
	for r := range 1 + n%4/3 {
		m.Recipients = append(m.Recipients, esa.Recipient{RID: esa.RID(r), Address: "user" + strconv.Itoa((n+r)%900) + "@example.com"})
	}
	if n%8 == 0 {
		m.Attachments = []esa.Attachment{{Name: "invoice-" + num + ".pdf", SHA256: fmt.Sprintf("%064x", n)}}
	}
	return m
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
