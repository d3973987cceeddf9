package cloud_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// slowDisk needs a second for each sync of the write-ahead log while it is
// slow, so that an answer which does not wait for the sync is caught. The other
// files are synced under Pebble's lock, where a bubble's clock would stand still.
type slowDisk struct {
	vfs.FS
	slow *atomic.Bool
}

type slowLog struct {
	vfs.File
	slow *atomic.Bool
}

func (d slowDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.Create(name, c)
	return d.log(name, f), err
}

func (d slowDisk) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.ReuseForWrite(old, name, c)
	return d.log(name, f), err
}

func (d slowDisk) log(name string, f vfs.File) vfs.File {
	if f == nil || !strings.HasSuffix(name, ".log") {
		return f
	}
	return slowLog{f, d.slow}
}

func (f slowLog) wait() {
	if f.slow.Load() {
		time.Sleep(time.Second)
	}
}
func (f slowLog) Sync() error     { f.wait(); return f.File.Sync() }
func (f slowLog) SyncData() error { f.wait(); return f.File.SyncData() }

// TestCrash: what was answered 200 or 201 is there when the machine loses power
// right after the answer.
func TestCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := vfs.NewCrashableMem()
		var slow atomic.Bool
		b := &box{t: t, fs: slowDisk{disk, &slow}, region: "AMERICAS"}
		b.start()
		defer b.stop()
		d, _ := b.connect("ESA")
		slow.Store(true)
		defer slow.Store(false)
		after := func() *box {
			c := &box{t: t, fs: disk.CrashClone(vfs.CrashCloneCfg{}), region: b.region}
			c.start()
			t.Cleanup(c.stop)
			return c
		}
		for mid := range 3 {
			d.push(sighting(mid, time.Now(), ob("cisco_mid", fmt.Sprint(mid))))
			if got := docs(after().observe(ob("cisco_mid", fmt.Sprint(mid)))); len(got) != 1 {
				t.Errorf("MID %d: taken, but after a crash there are %d sightings", mid, len(got))
			}
			d.push(sighting(mid, time.Now(), ob("email_subject", fmt.Sprint(mid))))
			if got := docs(after().observe(ob("email_subject", fmt.Sprint(mid)))); len(got) != 1 {
				t.Errorf("MID %d: replaced, but after a crash there are %d sightings", mid, len(got))
			}
		}
		token := b.token()
		fresh := device{box: b}
		want(t, b.do("POST", "/providers/sse/v1/register", registration(token)), 201, &fresh)
		fresh.box = after()
		fresh.push()
	})
}
