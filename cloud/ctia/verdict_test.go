package ctia

import (
	"context"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestVerdict: of the judgements that hold, which one is the verdict.
func TestVerdict(t *testing.T) {
	const always = `{"start_time":"2020-01-01T00:00:00Z"}`
	for _, c := range []struct {
		name       string
		judgements []string // disposition, priority, valid_time
		want       string   // disposition; empty: no verdict
	}{
		{"none", nil, ""},
		{"the highest priority", []string{`1,10,` + always, `3,95,` + always, `2,50,` + always}, "3"},
		{"of one priority, the best disposition", []string{`5,90,` + always, `2,90,` + always, `4,90,` + always}, "2"},
		{"clean before malicious", []string{`2,90,` + always, `1,90,` + always}, "1"},
		{"over", []string{`2,100,{"start_time":"2020-01-01T00:00:00Z","end_time":"2020-01-02T00:00:00Z"}`, `4,1,` + always}, "4"},
		{"to come", []string{`2,100,{"start_time":"2500-01-01T00:00:00Z"}`}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, ctx := openIntel(t, vfs.NewMem()), context.Background()
			for i, j := range c.judgements {
				var disposition, priority int
				var valid string
				if _, err := fmt.Sscanf(j, "%d,%d,%s", &disposition, &priority, &valid); err != nil {
					t.Fatal(err)
				}
				_, err := in.Create(ctx, anna(), "judgement", doc(t, fmt.Sprintf(
					`{"observable":{"type":"ip","value":"192.0.2.1"},"disposition":%d,"priority":%d,"valid_time":%s,"source":"%d","confidence":"High","severity":"Low"}`,
					disposition, priority, valid, i)))
				if err != nil {
					t.Fatal(err)
				}
			}
			v, err := in.Verdict(ctx, anna(), "ip", "192.0.2.1")
			if err != nil || text(v["disposition"]) != c.want {
				t.Errorf("%v, %v; want %q", v, err, c.want)
			}
			if v, err := in.Verdict(ctx, anna(), "domain", "192.0.2.1"); v != nil || err != nil {
				t.Errorf("of another type: %v, %v", v, err)
			}
		})
	}
}
