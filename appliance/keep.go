package appliance

import (
	"esasim/appliance/config"
	"esasim/tracking"
)

// keep is the configuration as the store reads it. There 0 is the default, here it
// means without bound. A small log for tests goes with small segments.
func keep(c config.Tracking, segmentRows int) tracking.Keep {
	k := tracking.Keep{
		Age: c.Keep, Size: int64(c.MaxSize), ContentAge: c.ContentKeep, ContentSize: int64(c.ContentMaxSize),
		LogTail: uint64(segmentRows),
	}
	if k.Size == 0 {
		k.Size = -1
	}
	if k.ContentAge == 0 {
		k.ContentAge = -1
	}
	if k.ContentSize == 0 {
		k.ContentSize = -1
	}
	return k
}
