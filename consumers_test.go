package esasim_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
	"esasim/cloud/ctim"
	"esasim/cloud/ctr"
	"esasim/lab"
)

// consumed is what public consumers read of an answer of observe, of one module.
type consumed struct {
	Data []struct {
		Module string
		Data   struct {
			Sightings struct {
				Count int
				Docs  []ctim.Sighting
			}
		}
	}
}

// smaEmail gives the answer of the module "SMA Email": all these consumers look for
// that name.
func (v *virtual) smaEmail(t *testing.T, kind, value string) []ctim.Sighting {
	t.Helper()
	_, body := v.observeAs(t, kind, value)
	var c consumed
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	for _, d := range c.Data {
		if d.Module == "SMA Email" {
			if len(d.Data.Sightings.Docs) != d.Data.Sightings.Count {
				t.Errorf("count %d of %d", d.Data.Sightings.Count, len(d.Data.Sightings.Docs))
			}
			return d.Data.Sightings.Docs
		}
	}
	t.Fatalf("no module SMA Email: %s", body)
	return nil
}

// related gives the values of the related ends of one type.
func related(s ctim.Sighting, kind ctim.ObservableType) (out []string) {
	for _, r := range s.Relations {
		if r.Related.Type == kind && !slices.Contains(out, r.Related.Value) {
			out = append(out, r.Related.Value)
		}
	}
	return out
}

// TestConsumers sends mail, in and out, and reads the sightings as four public
// consumers do.
func TestConsumers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, func(o *lab.Options) {
			c := &o.Config.Appliance
			c.Listener.XCLIENT = []string{"127.0.0.1"}
			c.SenderGroups = slices.Insert(c.SenderGroups, 0, config.SenderGroup{Name: "RELAYLIST", Policy: "$RELAYED", Members: []string{"10.1."}})
		})
		defer func() { v.stop() }()
		threat := v.Cloud(lab.Americas).CTR()
		modules, err := threat.Modules(t.Context())
		if err != nil || len(modules) != 1 {
			t.Fatalf("%v, %v", modules, err)
		}
		if _, err := threat.AddModule(t.Context(), ctr.Module{Type: ctr.SMAType, DeviceID: modules[0].DeviceID}); err != nil {
			t.Fatal(err)
		}
		mid := v.mail(t, withFiles("the invoice", "invoice.pdf"))
		v.sendAs(t, "ADDR=10.1.2.3", "the answer")
		time.Sleep(3 * time.Second)

		hash := fmt.Sprintf("%x", sha256.Sum256([]byte("invoice.pdf")))
		for kind, value := range map[string]string{"sha256": hash, "file_name": "invoice.pdf", "cisco_mid": mid.String(), "email_subject": "The Invoice"} {
			if found := v.smaEmail(t, kind, value); len(found) != 1 {
				t.Errorf("%s: %d sightings", kind, len(found))
			}
		}
		in := v.smaEmail(t, "sha256", hash)[0]
		out := v.smaEmail(t, "email_subject", "the answer")[0]
		bySHA256(t, in)
		// A script takes the direction from the first word, and of a MID what is before "-".
		if !strings.HasPrefix(in.Description, "Incoming") || !strings.HasPrefix(out.Description, "Outgoing") {
			t.Errorf("%q, %q", in.Description, out.Description)
		}
		got, _, _ := strings.Cut(related(in, ctim.CiscoMID)[0], "-")
		if got != mid.String() || !slices.Equal(related(in, ctim.EmailSubject), []string{"the invoice"}) || len(related(in, ctim.Email)) != 1 {
			t.Errorf("%+v", in.Relations)
		}
		// Casebook scripts read counts and times.
		if in.Count != 1 || in.ObservedTime.Start.IsZero() || in.ObservedTime.End == nil {
			t.Errorf("%+v", in.ObservedTime)
		}
		// A workflow of targets cuts times after nineteen characters, and reads source_uri
		// without a look.
		start, err := json.Marshal(in.ObservedTime.Start)
		if err != nil || len(start) < 21 || in.SourceURI == "" || len(in.Targets) != 1 || len(in.Targets[0].Observables) != 1 {
			t.Errorf("%s %+v", start, in)
		}
	})
}

// bySHA256 reads sender, subject and recipient by the JSON paths of a workflow.
func bySHA256(t *testing.T, s ctim.Sighting) {
	var senders, recipients []string
	for _, r := range s.Relations {
		if r.Source.Type == ctim.Email && !slices.Contains(senders, r.Source.Value) {
			senders = append(senders, r.Source.Value)
		}
		if r.Relation == "Sent_To" {
			recipients = append(recipients, r.Related.Value)
		}
	}
	if !slices.Equal(senders, []string{"a@b.example"}) || len(recipients) != 1 || recipients[0] == "a@b.example" {
		t.Errorf("senders %q, recipients %q", senders, recipients)
	}
	if got := related(s, ctim.EmailSubject); !slices.Equal(got, []string{"the invoice"}) {
		t.Errorf("subjects %q", got)
	}
	if !slices.Equal(recipients, targets(s)) {
		t.Errorf("recipients %q are not the targets %q", recipients, targets(s))
	}
}

func targets(s ctim.Sighting) (out []string) {
	for _, target := range s.Targets {
		for _, o := range target.Observables {
			out = append(out, o.Value)
		}
	}
	return out
}
