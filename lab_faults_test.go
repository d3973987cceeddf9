package esasim_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloud/ctim"
	"esasim/cloud/ctr"
	"esasim/cloud/sse"
	"esasim/cloudlink"
	"esasim/lab"
)

// What goes wrong with registrations and investigations in real deployments, each under
// the name by which it is known, as it comes about by itself.
func TestFault(t *testing.T) {
	for name, fault := range map[string]func(*faulty){
		"not_committed":         (*faulty).notCommitted,
		"token_expired":         func(f *faulty) { f.badToken(f.lapsed()) },
		"token_invalid":         func(f *faulty) { f.badToken("0123456789abcdef0123456789abcdef") },
		"token_wrong_region":    func(f *faulty) { f.badToken(f.token(lab.Europe)) },
		"token_reused":          func(f *faulty) { f.badToken(f.used()) },
		"ctr_off_in_sse":        (*faulty).ctrOff,
		"device_pending":        (*faulty).pending,
		"wrong_syntax":          (*faulty).wrongSyntax,
		"cloud_mismatch":        (*faulty).mismatch,
		"timeframe_too_short":   (*faulty).timeframe,
		"device_offline":        (*faulty).offline,
		"device_deleted_in_sse": (*faulty).deleted,
		"already_registered":    (*faulty).already,
		"subject_log_off":       (*faulty).subjectLogOff,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := &virtual{fs: vfs.NewMem()}
				v.start(t, nil)
				defer func() { v.stop() }()
				fault(&faulty{v, t, reloadable{v, t}})
			})
		})
	}
}

type faulty struct {
	*virtual
	t *testing.T
	r reloadable
}

func (f *faulty) link() cloudlink.Status { return f.Appliance().Link().Status() }

func (f *faulty) exchange() *sse.Exchange { return f.Cloud(lab.Americas).SSE() }

func (f *faulty) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *faulty) token(region string) string {
	f.t.Helper()
	token, err := f.Token(f.t.Context(), region)
	f.must(err)
	return token
}

func (f *faulty) lapsed() string {
	token := f.token(lab.Americas)
	time.Sleep(time.Hour)
	return token
}

// used is a token that another appliance has registered with.
func (f *faulty) used() string {
	token := f.token(lab.Americas)
	other := &virtual{fs: vfs.NewMem()}
	other.start(f.t, func(o *lab.Options) {
		o.Config.Cloud = nil
		o.SSE = &lab.Enrol{Region: lab.Americas, URL: f.Addresses().Cloud[lab.Americas], Token: token}
		o.Dial = f.net.Dial
	})
	if s := other.Appliance().Link().Status(); s.State != cloudlink.Registered {
		f.t.Fatalf("the other one: %+v", s)
	}
	other.stop()
	return token
}

// badToken registers with a token that is no good: the text is always the same, and a
// good one cures it.
func (f *faulty) badToken(token string) {
	link := f.Appliance().Link()
	f.must(link.Deregister(f.t.Context()))
	err := link.Register(f.t.Context(), lab.Americas, token)
	const text = "The registration failed because of an invalid or expired token. Use a valid token from the portal of the selected Threat Response server."
	if s := f.link(); !errors.Is(err, cloudlink.ErrToken) || s.State != cloudlink.Unregistered || !strings.HasPrefix(s.LastError, text) {
		f.t.Errorf("%v: %+v", err, s)
	}
	f.must(link.Register(f.t.Context(), lab.Americas, " "+f.token(lab.Americas)+"\n"))
}

func (f *faulty) notCommitted() {
	link := f.Appliance().Link()
	f.must(link.Deregister(f.t.Context()))
	f.r.commit("appliance.cloud_services.threat_response = false")
	f.must(f.Appliance().Changes().Set("joe", "appliance.cloud_services.threat_response", "true"))
	if err := link.Register(f.t.Context(), lab.Americas, f.token(lab.Americas)); !errors.Is(err, cloudlink.ErrDisabled) {
		f.t.Errorf("with a draft: %v", err)
	}
	f.r.commit()
	f.must(link.Register(f.t.Context(), lab.Americas, f.token(lab.Americas)))
}

// ctrOff: registered, and yet not to be chosen.
func (f *faulty) ctrOff() {
	f.must(f.exchange().SetServices(f.t.Context(), sse.Services{}))
	f.notChosen(f.link().DeviceID)
	if s := f.link(); s.State != cloudlink.Registered {
		f.t.Errorf("link %+v", s)
	}
	if e := f.complaint(); e.Code != "client-error" {
		f.t.Errorf("its module: %+v", e)
	}
}

func (f *faulty) pending() {
	tokens, err := f.exchange().GenerateTokens(f.t.Context(), 1, time.Hour)
	f.must(err)
	f.notChosen(tokens[0].DeviceID)
}

// notChosen wants a device to be in the table, and not among those to choose from.
func (f *faulty) notChosen(id string) {
	_, err := f.exchange().Device(f.t.Context(), id)
	f.must(err)
	choice, err := f.exchange().Choice(f.t.Context())
	f.must(err)
	for _, d := range choice {
		if d.ID == id {
			f.t.Errorf("it can be chosen: %+v", d)
		}
	}
	if _, err := f.Cloud(lab.Americas).CTR().AddModule(f.t.Context(), ctr.Module{Type: ctr.ESAType, DeviceID: id}); !errors.Is(err, ctr.ErrDevice) {
		f.t.Errorf("a module of it: %v", err)
	}
}

// wrongSyntax: a subject without its type is no observable, and nothing is no error.
func (f *faulty) wrongSyntax() {
	f.r.events("u@x.example", "test test")
	time.Sleep(time.Second)
	threat := f.Cloud(lab.Americas).CTR()
	found := threat.Inspect("test test")
	env, err := threat.Observe(f.t.Context(), found)
	f.must(err)
	if len(found) != 0 || len(env.Errors) != 0 || len(env.Data) != 1 || len(env.Data[0].Data.Sightings()) != 0 {
		f.t.Errorf("%v: %+v", found, env)
	}
	if got := f.investigate(f.t, ctim.EmailSubject, "test test"); len(got) != 1 {
		f.t.Errorf("with its type: %d sightings", len(got))
	}
}

// mismatch: who looks in the other cloud finds neither device nor mail.
func (f *faulty) mismatch() {
	f.r.events("u@x.example", "elsewhere")
	time.Sleep(time.Second)
	europe := f.Cloud(lab.Europe)
	devices, err := europe.SSE().Devices(f.t.Context())
	f.must(err)
	env, err := europe.CTR().Observe(f.t.Context(), []ctim.Observable{{Type: ctim.EmailSubject, Value: "elsewhere"}})
	f.must(err)
	if len(devices) != 0 || len(env.Data) != 0 || len(env.Errors) != 0 {
		f.t.Errorf("%+v, %+v", devices, env)
	}
	if got := f.investigate(f.t, ctim.EmailSubject, "elsewhere"); len(got) != 1 {
		f.t.Errorf("in its own: %d sightings", len(got))
	}
}

func (f *faulty) timeframe() {
	f.r.events("u@x.example", "old")
	threat := f.Cloud(lab.Americas).CTR()
	_, err := threat.AddModule(f.t.Context(), ctr.Module{Name: "short", Type: ctr.ESAType, DeviceID: f.link().DeviceID, TimeframeDays: 1})
	f.must(err)
	time.Sleep(25 * time.Hour)
	env, err := threat.Observe(f.t.Context(), []ctim.Observable{{Type: ctim.EmailSubject, Value: "old"}})
	f.must(err)
	for _, d := range env.Data {
		if n := len(d.Data.Sightings()); n != map[bool]int{true: 0, false: 1}[d.Module == "short"] {
			f.t.Errorf("%s: %d sightings", d.Module, n)
		}
	}
	if len(env.Data) != 2 || len(env.Errors) != 0 {
		f.t.Errorf("%+v", env)
	}
}

// complaint is why the lab's one module cannot answer; the answer itself is good.
func (f *faulty) complaint() ctr.ModuleError {
	f.t.Helper()
	env, err := f.Cloud(lab.Americas).CTR().Observe(f.t.Context(), []ctim.Observable{{Type: ctim.EmailSubject, Value: "x"}})
	f.must(err)
	if len(env.Data) != 0 || len(env.Errors) != 1 {
		f.t.Fatalf("%+v", env)
	}
	return env.Errors[0]
}

// offline: after two heartbeats that did not come its module says so; when it is there
// again, that cures it. What is asked of its API fails at once meanwhile.
func (f *faulty) offline() {
	f.down.Store(true)
	f.cut()
	time.Sleep(2 * sse.HeartbeatEvery)
	if e := f.complaint(); e.Code != "module-timeout" {
		f.t.Errorf("%+v", e)
	}
	begun := time.Now()
	_, err := f.exchange().Proxy(f.t.Context(), f.link().DeviceID, sse.Request{Path: "/esa/api/v2.0/health"})
	if !errors.Is(err, sse.ErrOffline) || time.Since(begun) != 0 {
		f.t.Errorf("%v after %s", err, time.Since(begun))
	}
	f.down.Store(false)
	time.Sleep(sse.HeartbeatEvery)
	f.investigate(f.t, ctim.EmailSubject, "x")
}

// deleted: the appliance learns it at once, by its poll, and drops to unregistered.
func (f *faulty) deleted() {
	f.must(f.exchange().Delete(f.t.Context(), f.link().DeviceID))
	synctest.Wait()
	if s := f.link(); s.State != cloudlink.Unregistered || !strings.Contains(s.LastError, "removed from Security Services Exchange") {
		f.t.Errorf("link %+v", s)
	}
	f.must(f.Appliance().Link().Register(f.t.Context(), lab.Americas, f.token(lab.Americas)))
}

// already: a second registration is refused, and the first stays.
func (f *faulty) already() {
	before := f.link()
	err := f.Appliance().Link().Register(f.t.Context(), lab.Americas, f.token(lab.Americas))
	if after := f.link(); !errors.Is(err, cloudlink.ErrRegistered) || after.DeviceID != before.DeviceID || after.State != cloudlink.Registered {
		f.t.Errorf("%v: %+v", err, after)
	}
}

func (f *faulty) subjectLogOff() {
	f.r.commit("appliance.log_subjects = false")
	m := f.r.events("u@x.example", "unsaid")
	time.Sleep(time.Second)
	if got := f.investigate(f.t, ctim.EmailSubject, "unsaid"); len(got) != 0 {
		f.t.Errorf("by its subject: %d sightings", len(got))
	}
	if got := f.investigate(f.t, ctim.CiscoMID, fmt.Sprint(m.MID)); len(got) != 1 {
		f.t.Errorf("by its MID: %d sightings", len(got))
	}
}

// While the cloud cannot be reached, for whatever reason, a registration is under way,
// and comes to its end by itself.
func TestFaultUnreachable(t *testing.T) {
	for name, dial := range map[string]func(context.Context) error{
		"cloud_busy": func(context.Context) error { return syscall.ECONNRESET },
		"dns_failure": func(context.Context) error {
			return &net.DNSError{Err: "no such host", Name: "cloud.example", IsNotFound: true}
		},
		"firewall_443":   func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, // what is sent is dropped
		"proxy_required": func(context.Context) error { return syscall.ECONNREFUSED },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud, token := cloudAlone(t)
				defer func() { cloud.stop() }()
				box := &virtual{fs: vfs.NewMem()}
				box.down.Store(true)
				box.start(t, func(o *lab.Options) {
					box.alone(cloud, token)(o)
					o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
						if box.down.Load() {
							return nil, dial(ctx)
						}
						return cloud.net.Dial(ctx, network, address)
					}
				})
				defer func() { box.stop() }()
				time.Sleep(10 * time.Minute)
				if s := box.Appliance().Link().Status(); s.State != cloudlink.Registering {
					t.Errorf("meanwhile: %+v", s)
				}
				box.down.Store(false)
				time.Sleep(2 * time.Minute)
				if s := box.Appliance().Link().Status(); s.State != cloudlink.Registered {
					t.Errorf("afterwards: %+v", s)
				}
			})
		})
	}
}
