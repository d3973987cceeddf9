package sse

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloud/store"
)

// BenchmarkPush pushes batches of 1,000 new sightings through the HTTP side,
// onto a real disk, and reports the CPU time of the whole process (decoding,
// checking, indexing, the store's flushes and compactions) for one sighting.
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
	id, credential, err := x.register(tokens[0].Token, facts{Name: "esa", Type: "ESA"})
	if err != nil {
		b.Fatal(err)
	}
	h, sample := x.Handler(), sampleSighting(b)
	var cpu time.Duration
	n := 0
	b.ResetTimer()
	for b.Loop() {
		b.StopTimer()
		body := benchmarkBatch(sample, n, packed)
		n += maxBatch
		r := httptest.NewRequest("POST", "/providers/sse/v1/devices/"+id+"/sightings", bytes.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+credential)
		if packed {
			r.Header.Set("Content-Encoding", "gzip")
		}
		w := httptest.NewRecorder()
		before := cpuTime(b)
		b.StartTimer()
		h.ServeHTTP(w, r)
		cpu += cpuTime(b) - before
		if w.Code != http.StatusOK || !bytes.Contains(w.Body.Bytes(), []byte(`"taken":1000`)) {
			b.Fatal(w.Code, w.Body)
		}
	}
	b.ReportMetric(float64(cpu.Microseconds())/float64(n), "cpu-µs/sighting")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n), "µs/sighting")
}

// benchmarkBatch makes a batch of sightings with their own ids, subjects,
// senders and message-ids, and two observables more than the sample's six.
func benchmarkBatch(sample []byte, from int, packed bool) []byte {
	var out bytes.Buffer
	out.WriteString(`{"sightings":[`)
	for i := from; i < from+maxBatch; i++ {
		if i > from {
			out.WriteByte(',')
		}
		one := bytes.ReplaceAll(sample, []byte("B81D2582608C-8"), fmt.Appendf(nil, "B81D2582608C-%d", i))
		one = bytes.ReplaceAll(one, []byte("test test"), fmt.Appendf(nil, "Invoice %d of our last order, please pay", i))
		one = bytes.ReplaceAll(one, []byte("mgmt01@"), fmt.Appendf(nil, "mgmt%d@", i%5000))
		one = bytes.ReplaceAll(one, []byte(`"value":"8"`), fmt.Appendf(nil, `"value":"%d"`, i))
		one = bytes.ReplaceAll(one, []byte("20200514.1@"), fmt.Appendf(nil, "%d.%d@", i*7919, i))
		one = bytes.Replace(one, []byte(`"observables":[`), fmt.Appendf(nil,
			`"observables":[{"type":"sha256","value":"%064x"},{"type":"file_name","value":"invoice-%d.pdf"},`, i*104729, i), 1)
		out.Write(one)
	}
	out.WriteString(`]}`)
	if !packed {
		return out.Bytes()
	}
	var z bytes.Buffer
	w, _ := gzip.NewWriterLevel(&z, gzip.BestSpeed)
	w.Write(out.Bytes())
	w.Close()
	return z.Bytes()
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
