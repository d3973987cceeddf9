package sse

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloud/store"
)

// BenchmarkPush pushes batches of 1,000 new sightings through the HTTP side,
// onto a real disk, and reports the CPU time of the whole process (making the
// batch, decoding, checking, indexing, the store's flushes and compactions,
// collecting garbage) for one sighting.
func BenchmarkPush(b *testing.B) {
	for _, packed := range []bool{false, true} {
		b.Run(fmt.Sprintf("gzip=%v", packed), func(b *testing.B) { benchmarkPush(b, packed) })
	}
}

func benchmarkPush(b *testing.B, packed bool) {
	s, err := store.Open(store.Options{FS: vfs.Default, Dir: b.TempDir(), Region: "AMERICAS"})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	x := New(s, slog.New(slog.DiscardHandler), nil)
	tokens, err := x.GenerateTokens(b.Context(), 1, DefaultExpiry)
	if err != nil {
		b.Fatal(err)
	}
	id, credential, _, err := x.register(b.Context(), tokens[0].Token, facts{Name: "esa", Type: "ESA"})
	if err != nil {
		b.Fatal(err)
	}
	h, template := x.Handler(), newTemplate(sampleSighting(b))
	var body bytes.Buffer
	n := 0
	before := cpuTime(b)
	b.ResetTimer()
	for b.Loop() {
		template.batch(&body, n, packed)
		n += maxBatch
		r := httptest.NewRequest("POST", "/providers/sse/v1/devices/"+id+"/sightings", &body)
		r.Header.Set("Authorization", "Bearer "+credential)
		if packed {
			r.Header.Set("Content-Encoding", "gzip")
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK || !bytes.Contains(w.Body.Bytes(), []byte(`"taken":1000`)) {
			b.Fatal(w.Code, w.Body)
		}
	}
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(n), "cpu-µs/sighting")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n), "µs/sighting")
}

// template is the sample sighting with two observables more than its six, cut
// where the number of the message goes: making a batch of it costs little.
type template [][]byte

func newTemplate(sample []byte) template {
	for _, r := range [][2]string{
		{"B81D2582608C-8", "B81D2582608C-@"}, {"test test", "Invoice @ of our last order, please pay"}, {"mgmt01@", "mgmt@\\u0040"},
		{`"value":"8"`, `"value":"@"`}, {"20200514.1@", "20200514.@\\u0040"}, {"testingBren@", "testingBren\\u0040"},
		{`"observables":[{"type":"ip"`, `"observables":[{"type":"sha256","value":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca49@"},` +
			`{"type":"file_name","value":"invoice-@.pdf"},{"type":"ip"`},
	} {
		sample = bytes.ReplaceAll(sample, []byte(r[0]), []byte(r[1]))
	}
	return bytes.Split(sample, []byte("@"))
}

// batch writes the request with the sightings of 1,000 messages.
func (t template) batch(body *bytes.Buffer, from int, packed bool) {
	body.Reset()
	var out io.Writer = body
	if packed {
		z, _ := gzip.NewWriterLevel(body, gzip.BestSpeed)
		defer z.Close()
		out = z
	}
	io.WriteString(out, `{"sightings":[`)
	var one []byte
	for i := from; i < from+maxBatch; i++ {
		one = one[:0]
		if i > from {
			one = append(one, ',')
		}
		for j, piece := range t {
			if j > 0 {
				one = strconv.AppendInt(one, int64(i), 10)
			}
			one = append(one, piece...)
		}
		out.Write(one)
	}
	io.WriteString(out, `]}`)
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
