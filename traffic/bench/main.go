// Command bench measures what the design promises in numbers, and holds each
// figure against its bar. Everything that is compared runs on this machine, in
// one run and in turns: the lab and a server that throws mail away, the lab with
// and without somebody who searches, a large past and a small one, the tracking
// store and ClickHouse. docs/benchmarks.md tells what each row means.
//
// Standard output has the machine in its first line and then one table. What
// goes on meanwhile is told on standard error. A bar that is missed is printed
// as MISSED, and the program ends with status 0 all the same: a busy machine must
// not break a build. Status 1 means that something could not be measured, or
// that an answer was wrong.
//
// The environment sets:
//
//	BENCH_ONLY      parts, of ingest,backfill,search,start,api,peers; all
//	BENCH_MESSAGES  of the past; 10,000,000
//	BENCH_ROUNDS    of ingest, whose medians are printed; 3
//	BENCH_SECONDS   of load in each part of a round; 10
//	BENCH_SHORT     1: 200,000 messages, a round of 3 s, less of the rest
//	BENCH_WRITE     file whose results are replaced, as docs/benchmarks.md; none
//	BENCH_PROCS     GOMAXPROCS of the lab; as the program chooses it
//	BENCH_PPROF     file for a CPU profile of the lab, of the last start; none
//
// A number that is not a whole one from 1 up is passed over.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func main() {
	var err error
	if len(os.Args) > 1 && os.Args[1] == "discard" {
		err = discard()
	} else {
		err = run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run.
type bench struct {
	settings
	dir   string // removed at the end
	exe   string // the program
	end   time.Time
	pasts map[uint64]string // data directories, by their number of messages
	table table
}

func run() (err error) {
	s, err := readSettings(os.Getenv)
	if err != nil {
		return err
	}
	head := machine() + "\n" + s.String()
	fmt.Println(head)
	b := &bench{settings: s, end: time.Now().UTC().Truncate(time.Minute), pasts: map[uint64]string{}}
	if b.dir, err = os.MkdirTemp("", "esasim-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if err := b.roomy(); err != nil {
		return err
	}
	b.exe = filepath.Join(b.dir, "esasim")
	if err := build(b.exe); err != nil {
		return err
	}
	if err := b.parts(); err != nil {
		return err
	}
	fmt.Print(b.table.text())
	if b.write == "" {
		return nil
	}
	return writeResults(b.write, head, &b.table)
}

// parts measures what was asked for.
func (b *bench) parts() error {
	for _, p := range []struct {
		name    string
		measure func() error
	}{{"ingest", b.ingest}, {"backfill", b.backfill}, {"search", b.search}, {"start", b.start}, {"api", b.api}, {"peers", b.peers}} {
		if !b.wants(p.name) {
			continue
		}
		began := time.Now()
		if err := p.measure(); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		tell("%s took %s", p.name, time.Since(began).Round(time.Second))
	}
	return nil
}

// roomy refuses a disk that would be full half-way: a past, the small one, and
// the peer's tables before they are merged.
func (b *bench) roomy() error {
	const each, more = 600, 2 << 30 // octets a message; and the mail that the lab keeps
	u, err := vfs.Default.GetDiskUsage(b.dir)
	if err != nil {
		return nil // where it cannot be learnt we try
	}
	if want := b.messages*each + more; u.AvailBytes < want {
		return fmt.Errorf("%s has %s octets free, %s are wanted: set TMPDIR or BENCH_MESSAGES", b.dir, grouped(u.AvailBytes), grouped(want))
	}
	return nil
}

// tell says what goes on.
func tell(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "  "+format+"\n", args...)
}

// fewer is the past that the large one is compared with.
func (s settings) fewer() uint64 { return max(1, min(1_000_000, s.messages/10)) }

// runs is n, or a fifth of it in the short form.
func (s settings) runs(n int) int {
	if s.short {
		return max(1, n/5)
	}
	return n
}

// pause is d, or a fifth of it in the short form.
func (s settings) pause(d time.Duration) time.Duration {
	if s.short {
		return d / 5
	}
	return d
}
