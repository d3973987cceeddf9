package esasim_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
	"esasim/esasimtest"
	"esasim/internal/smalldisk"
	"esasim/lab"
	"esasim/traffic"
)

const (
	queueFull   = "452 #4.3.1 queue full"
	unavailable = "421 esa.esasim.test Service not available, closing transaction channel"
)

// small is a lab in a bubble on a disk whose room the test sets; the mark is
// 64 MiB.
type small struct {
	virtual
	disk *smalldisk.FS
}

const mark = 64 << 20

func startSmall(t *testing.T) *small {
	t.Helper()
	s := &small{disk: smalldisk.New(vfs.NewMem(), 1<<30)}
	s.fs = s.disk
	s.start(t, func(o *lab.Options) { o.Config.Appliance.Tracking.MinFree = mark })
	return s
}

// room sets what is free, when all that was sent is read, and waits until it is
// noticed.
func (s *small) room(n int64) {
	synctest.Wait()
	s.disk.SetFree(n)
	time.Sleep(time.Second)
}

// connect gives a connection and its first line.
func (s *small) connect(t *testing.T) (c *client, banner string) {
	t.Helper()
	conn, err := s.net.Dial(t.Context(), "tcp", s.Addresses().SMTP)
	if err != nil {
		t.Fatal(err)
	}
	c = &client{t, conn, bufio.NewReader(conn)}
	return c, c.reply()
}

// wants fails unless the reply begins so.
func wants(t *testing.T, what, got, want string) {
	t.Helper()
	if !strings.HasPrefix(got, want) {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

// found fails unless a message that was acknowledged is there, finished and
// whole.
func found(t *testing.T, l *lab.Lab, mid esa.MID, size int64) {
	t.Helper()
	m, err := l.Appliance().Tracking().Message(t.Context(), mid)
	if err != nil || m.State != esa.Delivered {
		t.Errorf("acknowledged MID %d: %v, %v", mid, m.State, err)
		return
	}
	r, err := l.Appliance().Tracking().Content(mid)
	if err != nil {
		t.Errorf("acknowledged MID %d: %v", mid, err)
		return
	}
	defer r.Close()
	if n, err := io.Copy(io.Discard, r); n < size || err != nil {
		t.Errorf("acknowledged MID %d: %d octets of %d, %v", mid, n, size, err)
	}
}

func midOf(t *testing.T, reply string) (mid esa.MID) {
	t.Helper()
	if _, err := fmt.Sscanf(reply, "250 ok:  Message %d accepted", &mid); err != nil {
		t.Errorf("reply %q: %v", reply, err)
	}
	return mid
}

// The disk fills and is given room again: a new message is refused first, then
// those that have begun, then connections; and mail is taken again, with
// everything there that was acknowledged.
func TestDiskNearlyFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startSmall(t)
		defer func() { s.stop() }()
		acked := []esa.MID{s.send(t, "x@example.org", "before")}
		const from, body = "MAIL FROM:<a@example.com>", "Subject: big\r\n\r\n"
		line := strings.Repeat("a", 998) + "\r\n"

		fits, _ := s.connect(t)
		fits.begin("x@example.org")
		fits.write(body + strings.Repeat(line, 500))
		large, _ := s.connect(t)
		large.begin("x@example.org")
		large.write(body + strings.Repeat(line, 500))
		late, _ := s.connect(t)
		late.begin("x@example.org")
		late.write("Subject: small\r\n\r\nall but the end\r\n")

		s.room(mark - 1)
		other, banner := s.connect(t)
		wants(t, "connection below the mark", banner, "220 ")
		other.say("EHLO client.test")
		wants(t, "MAIL below the mark", other.say(from), queueFull)
		wants(t, "MAIL below the mark, again", other.say(from), queueFull)
		fits.write(strings.Repeat(line, 500))
		acked = append(acked, midOf(t, fits.say(".")))

		s.room(mark/2 - 1)
		left := s.disk.Free()
		large.write(strings.Repeat(line, 5000))
		wants(t, "end of a message that does not fit", large.say("."), queueFull)
		if used := left - s.disk.Free(); used > 1<<20 {
			t.Errorf("%d bytes were written of a message that does not fit", used)
		}
		wants(t, "end of a small one", late.say("."), queueFull)
		wants(t, "MAIL with no room", large.say(from), queueFull)
		_, banner = s.connect(t)
		wants(t, "connection with no room", banner, unavailable)
		left = s.disk.Free()
		for range 100 { // whoever tries and tries must not fill the disk
			_, banner := s.connect(t)
			wants(t, "connection with no room", banner, unavailable)
			wants(t, "MAIL with no room", other.say(from), queueFull)
		}
		time.Sleep(2 * time.Second)
		if used := left - s.disk.Free(); used > 4<<10 { // the heartbeat and the like
			t.Errorf("refusing took %d bytes", used)
		}

		s.room(mark)
		wants(t, "MAIL at the mark, but below it and a quarter", other.say(from), queueFull)
		s.room(mark + mark/4)
		wants(t, "MAIL with room", other.say(from), "250 ")
		acked = append(acked, s.send(t, "x@example.org", "after"))
		time.Sleep(2 * time.Second)
		for _, mid := range acked {
			found(t, s.Lab, mid, 10)
		}
		for _, mid := range []esa.MID{3, 4} { // large and late
			m, err := s.Appliance().Tracking().Message(t.Context(), mid)
			if err != nil || m.State != esa.Aborted {
				t.Errorf("refused MID %d: %v, %v", mid, m.State, err)
			}
			if r, err := s.Appliance().Tracking().Content(mid); err == nil {
				t.Errorf("refused MID %d: its content was kept", mid)
				r.Close()
			}
		}
	})
}

// received collects the MIDs that a load's replies acknowledge.
type received struct {
	mu   sync.Mutex
	mids []esa.MID
}

func (r *received) take(t *testing.T) func(reply string) {
	return func(reply string) {
		mid := midOf(t, reply)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.mids = append(r.mids, mid)
	}
}

// settled waits until every message is finished.
func settled(t *testing.T, l *lab.Lab) {
	t.Helper()
	eventually(t, "all messages finished", func() error {
		open, err := l.Appliance().Tracking().Open(t.Context())
		if err == nil && len(open) > 0 {
			err = fmt.Errorf("%d open", len(open))
		}
		return err
	})
}

// Mail pours in until the disk has no room, with messages small and large. It
// is never really full.
func TestDiskFillsUnderLoad(t *testing.T) {
	for _, size := range []int{2_000, 1_000_000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			disk := smalldisk.New(vfs.NewMem(), mark+8<<20)
			l := esasimtest.Start(t, func(o *lab.Options) { o.FS, o.Config.Appliance.Tracking.MinFree = disk, mark })
			var got received
			load := traffic.Load{Server: l.Addresses.SMTP, Sessions: 20, Size: size, Limit: int64(5<<20/size) + 100,
				Duration: time.Minute, Accepted: got.take(t)}
			r, err := load.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			settled(t, l.Lab)
			t.Logf("%d accepted, %d refused, %d bytes left", r.Accepted, r.Refused, disk.Free())
			if r.Refused == 0 || disk.Free() < mark/4 {
				t.Errorf("%d messages refused, %d bytes left of %d", r.Refused, disk.Free(), mark)
			}
			disk.SetFree(1 << 30)
			load.Limit = 20
			eventually(t, "room", func() error {
				r, err := load.Run(t.Context())
				if err == nil && r.Refused > 0 {
					err = fmt.Errorf("%d refused", r.Refused)
				}
				return err
			})
			settled(t, l.Lab)
			for _, mid := range got.mids {
				found(t, l.Lab, mid, int64(size))
			}
		})
	}
}

// tmpfs mounts a disk of so many MiB, if this user may; resize changes its
// size. The two tests above run everywhere, so nothing is lacking where this
// one cannot.
func tmpfs(t *testing.T, mib int) (dir string, resize func(mib int)) {
	t.Helper()
	dir = t.TempDir()
	mount := func(mib int, more string) error {
		out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm%s", mib, more), "tmpfs", dir).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
		return err
	}
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("mounting a disk takes Linux and root")
	}
	if err := mount(mib, ""); err != nil {
		t.Skip("cannot mount a disk: ", err)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return dir, func(mib int) {
		t.Helper()
		if err := mount(mib, ",remount"); err != nil {
			t.Fatal(err)
		}
	}
}

// The program on a small disk of the system's, once with a mark and once
// without.
func TestSmallDisk(t *testing.T) {
	settings := func(minFree string) string {
		name := filepath.Join(t.TempDir(), "esasim.yaml")
		if err := os.WriteFile(name, []byte("appliance:\n  tracking:\n    min_free: "+minFree+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	t.Run("refuses", func(t *testing.T) {
		dir, resize := tmpfs(t, 192) // the stores claim a good half of it at once, for their logs
		data := filepath.Join(dir, "data")
		p := run(t, ports("--data", data, "--config", settings("32M"))...)
		var got received
		load := traffic.Load{Server: p.addresses.SMTP, Sessions: 20, Size: 50_000, Limit: 4000, Duration: time.Minute, Accepted: got.take(t)}
		if r, err := load.Run(t.Context()); err != nil || r.Refused == 0 {
			t.Fatalf("%+v, %v", r, err)
		}
		before := len(got.mids)
		resize(512)
		load.Limit = 20
		eventually(t, "room", func() error {
			if r, err := load.Run(t.Context()); err != nil || r.Refused > 0 {
				return fmt.Errorf("%+v, %w", r, err)
			}
			return nil
		})
		if t.Logf("%d acknowledged, then %d more", before, len(got.mids)-before); before == 0 {
			t.Error("refused from the first message on")
		}
		p.end(t, os.Interrupt)
		l := reopen(t, data)
		for _, mid := range got.mids {
			found(t, l.Lab, mid, 50_000)
		}
	})
	t.Run("ends", func(t *testing.T) {
		dir, resize := tmpfs(t, 64)
		data := filepath.Join(dir, "data")
		p := run(t, ports("--data", data, "--config", settings("0"))...)
		var got received
		load := traffic.Load{Server: p.addresses.SMTP, Sessions: 20, Size: 50_000, Duration: time.Minute, Accepted: got.take(t)}
		_, _ = load.Run(t.Context()) // it ends because the server goes away
		err := <-p.exited
		p.exited <- err
		if text := p.out.String(); p.cmd.ProcessState.ExitCode() != 1 || !strings.Contains(text, "tracking store: disk full: "+data) || strings.Contains(text, "goroutine ") {
			t.Errorf("ended with %v:\n%s", err, text)
		}
		t.Logf("%d acknowledged", len(got.mids))
		resize(512)
		l := reopen(t, data)
		for _, mid := range got.mids {
			found(t, l.Lab, mid, 50_000)
		}
	})
}
