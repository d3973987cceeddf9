package appliance

import (
	"testing"
	"time"

	"esasim/appliance/config"
	"esasim/tracking"
)

// The factory's values are the store's own, and 0 is without bound.
func TestKeep(t *testing.T) {
	want := tracking.DefaultKeep()
	want.LogSize, want.LogTail = 0, 0 // not configured
	if got := keep(config.Default().Tracking, 0); got != want {
		t.Errorf("factory: %+v, want %+v", got, want)
	}
	if got, want := keep(config.Tracking{}, 0), (tracking.Keep{Size: -1, ContentAge: -1, ContentSize: -1}); got != want {
		t.Errorf("zeros: %+v, want %+v", got, want)
	}
	c := config.Tracking{Keep: time.Hour, MaxSize: 1, ContentKeep: time.Minute, ContentMaxSize: 2}
	if got, want := keep(c, 32), (tracking.Keep{Age: time.Hour, Size: 1, ContentAge: time.Minute, ContentSize: 2, LogTail: 32}); got != want {
		t.Errorf("set: %+v, want %+v", got, want)
	}
}
