package statefile

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// What a crash left under the temporary name is gone after the next Save. The
// name is known: a data directory may hold it before anything else.
func TestLeftOver(t *testing.T) {
	f := File{FS: vfs.Default, Dir: t.TempDir(), Key: "v.json"}
	if found, err := f.Load(new(int)); found || err != nil {
		t.Fatal(found, err)
	}
	if err := os.WriteFile(f.FS.PathJoin(f.Dir, "v.json.new"), []byte(strings.Repeat("half", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(7); err != nil {
		t.Fatal(err)
	}
	var got int
	if found, err := f.Load(&got); !found || err != nil || got != 7 {
		t.Errorf("%d, %t, %v", got, found, err)
	}
	only(t, f)
}

func only(t *testing.T, f File) {
	t.Helper()
	names, err := f.FS.List(f.Dir)
	if err != nil || !slices.Equal(names, []string{f.Key}) {
		t.Errorf("the directory holds %v, %v", names, err)
	}
}

// Half a value is an error that names the file.
func TestLoadHalf(t *testing.T) {
	f := File{FS: vfs.NewMem(), Dir: "", Key: "v.json"}
	if err := Write(f.FS, f.Dir, f.Key, []byte(`{"a":`)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Load(&struct{}{}); err == nil || !strings.Contains(err.Error(), "v.json") {
		t.Errorf("error %v", err)
	}
}
