package cloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"esasim/cloud/ctim"
	"esasim/cloud/ctr"
	"esasim/cloud/sse"
)

// TestObservables asks for each of the eight observables of mail, typed as the
// integration guide types them, and in other spellings.
func TestObservables(t *testing.T) {
	b := open(t, "AMERICAS")
	d, m := b.connect("My ESA")
	hash := strings.Repeat("0a", 32)
	pushed := sighting(12345, time.Now().Add(-time.Hour),
		ob("ip", "4.2.2.2"), ob("domain", "cisco.com"), ob("email", "noreply@cisco.com"),
		ob("email_messageid", "123-abc-456@cisco.com"), ob("email_subject", "Invoice Due"), ob("cisco_mid", "12345"),
		ob("sha256", hash), ob("file_name", "invoice.pdf"))
	d.push(pushed, sighting(1, time.Now(), ob("ip", "192.0.2.1"), ob("email_subject", "else")))
	for _, typed := range []string{
		`ip:"4.2.2.2"`, `domain:"cisco.com"`, `email:"noreply@cisco.com"`, `email_messageid:"123-abc-456@cisco.com"`,
		`email_subject:"Invoice Due"`, `cisco_mid:"12345"`, `sha256:"` + hash + `"`, `file_name:"invoice.pdf"`,
		`domain:"CISCO.com"`, `email:"NoReply@Cisco.COM"`, `email_messageid:"<123-ABC-456@cisco.com>"`,
		`email_subject:"invoice due"`, `sha256:"` + strings.ToUpper(hash) + `"`, `file_name:"INVOICE.PDF"`, `ipv4: "4.2.2.2"`,
	} {
		asked := b.cloud.CTR().Inspect(typed)
		if len(asked) != 1 {
			t.Fatalf("%s: inspect found %v", typed, asked)
		}
		env := b.observe(asked...)
		want := pushed
		want.Observables = asked
		want.Targets, want.Relations = pushed.Targets, pushed.Relations
		if diff := cmp.Diff([]ctim.Sighting{want}, docs(env), cmp.Comparer(func(a, b ctim.Time) bool { return a.UnixMilli() == b.UnixMilli() })); diff != "" {
			t.Errorf("%s:\n%s", typed, diff)
		}
		if env.Data[0].Module != "My ESA" || env.Data[0].ModuleInstanceID != m.ID || env.Errors != nil {
			t.Errorf("%s: %+v", typed, env)
		}
	}
	// Wrong syntax, a part of a value, a recipient: no data, and no error.
	for _, text := range []string{`subject:"Invoice Due"`, `email_subject "Invoice Due"`, `email_subject:"Invoice"`, `email:"bob@corp.example"`, `cisco_mid:"1234"`} {
		if env := b.observe(b.cloud.CTR().Inspect(text)...); len(docs(env)) != 0 || env.Errors != nil || len(env.Data) != 1 {
			t.Errorf("%s: %+v", text, env)
		}
	}
}

// TestOneSightingManyObservables: several observables that match one sighting
// give it once, with all of them, in the sighting's type and the asked value.
func TestOneSightingManyObservables(t *testing.T) {
	b := open(t, "EUROPE")
	d, _ := b.connect("ESA")
	now := time.Now()
	d.push(
		sighting(1, now.Add(-3*time.Hour), ob("ip", "2001:db8::1"), ob("email", "a@x.example"), ob("domain", "x.example")),
		sighting(2, now.Add(-1*time.Hour), ob("email", "a@x.example"), ob("email_subject", "two")),
		sighting(3, now.Add(-2*time.Hour), ob("email", "c@x.example")),
	)
	got := docs(b.observe(ob("email", "A@x.example"), ob("ipv6", "2001:DB8:0::1"), ob("email", "A@x.example"), ob("md5", "ff")))
	if len(got) != 2 || got[0].ExternalIDs[0] != "esasim-S-2" || got[1].ExternalIDs[0] != "esasim-S-1" {
		t.Fatalf("%+v", got)
	}
	if diff := cmp.Diff([]ctim.Observable{ob("email", "A@x.example")}, got[0].Observables); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]ctim.Observable{ob("email", "A@x.example"), ob("ip", "2001:DB8:0::1")}, got[1].Observables); diff != "" {
		t.Error(diff)
	}
}

// TestTimeframe: a module looks back as many days as it is set to.
func TestTimeframe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, "AMERICAS")
		d, m := b.connect("thirty")
		if m.TimeframeDays != 30 {
			t.Errorf("default timeframe %d", m.TimeframeDays)
		}
		seven, err := b.cloud.CTR().AddModule(t.Context(), ctr.Module{Name: "seven", Type: ctr.ESAType, DeviceID: d.ID, TimeframeDays: 7})
		if err != nil {
			t.Fatal(err)
		}
		day := 24 * time.Hour
		mid := ob("domain", "x.example")
		for i, age := range []time.Duration{time.Hour, 7*day - time.Second, 7*day + time.Second, 30*day - time.Second, 30*day + time.Second} {
			d.push(sighting(i, time.Now().Add(-age), mid))
		}
		env := b.observe(mid)
		if got := len(docs(env)); got != 4 {
			t.Errorf("30 days: %d", got)
		}
		if got := env.Data[1]; got.ModuleInstanceID != seven.ID || len(got.Data.Sightings()) != 2 {
			t.Errorf("7 days: %+v", got)
		}
	})
}

// TestCap: no more than a hundred for each observable, the newest, and a
// warning that there are more.
func TestCap(t *testing.T) {
	b := open(t, "AMERICAS")
	d, m := b.connect("ESA")
	now := time.Now()
	var all []ctim.Sighting
	for i := range 150 {
		all = append(all, sighting(i, now.Add(-time.Duration(i)*time.Minute), ob("domain", "x.example"), ob("cisco_mid", fmt.Sprint(i))))
	}
	slices.Reverse(all)
	d.push(all...)
	env := b.observe(ob("domain", "x.example"), ob("cisco_mid", "149"))
	got := docs(env)
	if len(got) != 101 || got[0].ExternalIDs[0] != "esasim-S-0" || got[99].ExternalIDs[0] != "esasim-S-99" || got[100].ExternalIDs[0] != "esasim-S-149" {
		t.Errorf("%d sightings", len(got))
	}
	want := []ctr.ModuleError{{Label: ctr.Label{Module: "ESA", ModuleInstanceID: m.ID, ModuleTypeID: m.TypeID, ModuleType: ctr.ESAType}, Type: "warning", Code: "too-many-messages-warning",
		Message: "More messages found in Email Security Appliance for x.example than can be rendered. Log in to the Email Security Appliance console to see all messages"}}
	if diff := cmp.Diff(want, env.Errors); diff != "" {
		t.Error(diff)
	}
}

// TestManyRecipients: an answer holds no more than 8 MiB of sightings, the
// newest, and warns for each observable that there are more.
func TestManyRecipients(t *testing.T) {
	b := open(t, "AMERICAS")
	d, _ := b.connect("ESA")
	now := time.Now()
	for i := range 9 {
		d.push(toMany(i, now.Add(time.Duration(i-60)*time.Second), ob("domain", "x.example"), ob("cisco_mid", fmt.Sprint(i))))
	}
	env := b.observe(ob("domain", "x.example"), ob("cisco_mid", "8"), ob("cisco_mid", "0"))
	got, size := docs(env), 0
	for _, s := range got {
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		size += len(raw)
	}
	if len(got) < 2 || len(got) > 8 || size > 8<<20 || got[0].ExternalIDs[0] != "esasim-S-8" || len(got[0].Observables) != 2 {
		t.Errorf("%d sightings of %d bytes", len(got), size)
	}
	if len(env.Errors) != 2 || env.Errors[0].Code != "too-many-messages-warning" || !strings.Contains(env.Errors[1].Message, " for 0 than can be rendered") {
		t.Errorf("%+v", env.Errors)
	}
}

// TestModuleErrors: a module whose device cannot be asked is an error beside
// the answers of the others; one whose device was deleted is gone with it.
func TestModuleErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, "AMERICAS")
		alive, _ := b.connect("alive")
		silent, _ := b.connect("silent")
		deleted, orphan := b.connect("deleted")
		for _, d := range []*device{alive, silent, deleted} {
			d.push(sighting(8, time.Now(), ob("cisco_mid", "8")))
		}
		time.Sleep(30 * time.Minute)
		want(t, alive.call("POST", "/heartbeat", `{"device":`+facts+`}`), 200, nil)
		time.Sleep(10 * time.Minute)
		want(t, b.do("DELETE", "/sse/api/v1/devices/"+deleted.ID, nil), 204, nil)
		env := b.observe(ob("cisco_mid", "8"))
		if len(env.Data) != 1 || env.Data[0].Module != "alive" || len(docs(env)) != 1 {
			t.Errorf("data %+v", env.Data)
		}
		var got []string
		for _, e := range env.Errors {
			got = append(got, strings.Join([]string{e.Module, e.Type, e.Code, e.Message}, "|"))
		}
		if diff := cmp.Diff([]string{
			"silent|warning|module-timeout|There was a timeout in the 'silent' module",
		}, got); diff != "" {
			t.Error(diff)
		}
		if err := b.cloud.CTR().RemoveModule(t.Context(), orphan.ID); !errors.Is(err, ctr.ErrUnknownModule) {
			t.Errorf("the module of the deleted device is still stored: %v", err)
		}
		if err := b.cloud.SSE().SetServices(t.Context(), sse.Services{}); err != nil {
			t.Fatal(err)
		}
		env = b.observe(ob("cisco_mid", "8"))
		if len(env.Data) != 0 || len(env.Errors) != 2 || !strings.HasSuffix(env.Errors[0].Message, `{:message "Forbidden"} [403]`) {
			t.Errorf("with Threat Response off: %+v", env)
		}
	})
}

// TestAddModule: a module needs a registered device and Threat Response
// switched on.
func TestAddModule(t *testing.T) {
	ctx := context.Background()
	b := open(t, "AMERICAS")
	threat := b.cloud.CTR()
	d := b.register()
	tokens, err := b.cloud.SSE().GenerateTokens(ctx, 1, sse.DefaultExpiry)
	if err != nil {
		t.Fatal(err)
	}
	good := ctr.Module{Name: "ESA", Type: ctr.ESAType, DeviceID: d.ID}
	if _, err := threat.AddModule(ctx, good); !errors.Is(err, ctr.ErrDevice) {
		t.Errorf("switched off: %v", err)
	}
	want(t, b.do("PUT", "/sse/api/v1/services", `{"Cisco Threat Response":true}`), 200, nil)
	for name, c := range map[string]struct {
		change func(*ctr.Module)
		err    error
	}{
		"unknown device": {func(m *ctr.Module) { m.DeviceID = "874141f7-903f-4be9-b14e-45a7f34a2032" }, ctr.ErrDevice},
		"pending device": {func(m *ctr.Module) { m.DeviceID = tokens[0].DeviceID }, ctr.ErrDevice},
		"unknown type":   {func(m *ctr.Module) { m.Type = "Web Security Appliance" }, ctr.ErrModule},
		"no days":        {func(m *ctr.Module) { m.TimeframeDays = -1 }, ctr.ErrModule},
		"long name":      {func(m *ctr.Module) { m.Name = strings.Repeat("x", 256) }, ctr.ErrModule},
	} {
		m := good
		c.change(&m)
		if _, err := threat.AddModule(ctx, m); !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	m, err := threat.AddModule(ctx, good)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := threat.Modules(ctx); err != nil || len(list) != 1 || list[0].ID != m.ID {
		t.Errorf("%v, %v", list, err)
	}
	if err := threat.RemoveModule(ctx, m.ID); err != nil {
		t.Error(err)
	}
	if err := threat.RemoveModule(ctx, m.ID); !errors.Is(err, ctr.ErrUnknownModule) {
		t.Error(err)
	}
}

// TestDurable: everything that was acknowledged is there after a restart, and
// so are the signing key's tokens.
func TestDurable(t *testing.T) {
	b := open(t, "AMERICAS")
	d, m := b.connect("ESA")
	pending := b.token()
	auth := b.client("inspect", "enrich")
	d.push(sighting(8, time.Now(), ob("cisco_mid", "8")))
	b.stop()
	want(t, b.do("POST", "/iroh/iroh-inspect/inspect", `{"content":""}`, auth), 503, nil) // whose token it is cannot be told
	want(t, b.do("GET", "/sse/api/v1/devices", nil), 503, nil)
	want(t, d.call("POST", "/sightings", `{"sightings":[]}`), 503, nil)
	b.start()
	want(t, b.do("POST", "/iroh/iroh-inspect/inspect", `{"content":"x"}`, auth), 200, nil)
	d.push(sighting(9, time.Now(), ob("cisco_mid", "9")))
	for _, mid := range []string{"8", "9"} {
		env := b.observe(ob("cisco_mid", mid))
		if len(docs(env)) != 1 || env.Data[0].ModuleInstanceID != m.ID {
			t.Errorf("MID %s: %+v", mid, env)
		}
	}
	want(t, b.do("POST", "/providers/sse/v1/register", registration(pending)), 201, nil)
}
