package esasim_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// browser is a real one with one page open.
type browser struct {
	t   *testing.T
	ctx context.Context
	*heard
}

// heard is what the page complains of, and every host that it asks for
// something.
type heard struct {
	mu         sync.Mutex // guards what follows: events come while actions run
	complaints []string
	hosts      map[string]bool
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(need(t, "chromium")), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	// Without UserDataDir the profile is a new directory, removed at the end.
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{t, ctx, &heard{hosts: map[string]bool{}}}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	b.wide()
	t.Cleanup(func() { _ = chromedp.Cancel(ctx) }) // waits until it is gone
	return b
}

func (b *heard) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded: // also violations of the Content-Security-Policy
		b.complaints = append(b.complaints, fmt.Sprintf("%s: %s (%s)", e.Entry.Level, e.Entry.Text, e.Entry.URL))
	case *runtime.EventConsoleAPICalled:
		b.complaints = append(b.complaints, fmt.Sprintf("console.%s", e.Type))
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, "exception: "+e.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err == nil && u.Scheme != "data" {
			b.hosts[u.Scheme+"://"+u.Host] = true
		}
	}
}

// complained gives what there was to complain of since the last call.
func (b *heard) complained() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.complaints
	b.complaints = nil
	return out
}

// inOrder fails if the page complained, or asked anybody but these.
func (b *browser) inOrder(faces ...string) {
	b.t.Helper()
	if c := b.complained(); len(c) > 0 {
		b.t.Errorf("the page complains: %q", c)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.hosts) == 0 {
		b.t.Error("no request was seen")
	}
	for host := range b.hosts {
		if !slices.Contains(faces, host) {
			b.t.Errorf("the page asked %s", host)
		}
	}
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// load runs steps that lead to another page, waits for it, and gives its status.
func (b *browser) load(steps ...chromedp.Action[chromedp.Void]) int64 {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	resp, err := chromedp.RunResponse(ctx, steps...)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.Status
}

// js evaluates an expression in the page.
func js[T any](b *browser, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// texts are those of all elements, blanks folded.
func (b *browser) texts(selector string) []string {
	b.t.Helper()
	return js[[]string](b, fmt.Sprintf(`[...document.querySelectorAll(%q)].map(e => e.textContent.trim().replace(/\s+/g, ' '))`, selector))
}

func (b *browser) has(selector string, want ...string) {
	b.t.Helper()
	if diff := cmp.Diff(want, b.texts(selector), cmpopts.EquateEmpty()); diff != "" {
		b.t.Errorf("%s (-want +got):\n%s", selector, diff)
	}
}

func (b *browser) click(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(selector))
}

func (b *browser) choose(selector, value string) chromedp.Action[chromedp.Void] {
	return chromedp.SetValue(chromedp.CSS(selector), value)
}

func (b *browser) enter(selector, text string) chromedp.Action[chromedp.Void] {
	return chromedp.SendKeys(chromedp.CSS(selector), text)
}

func (b *browser) wide() { b.do(chromedp.EmulateViewport(1400, 900)) }

// shots takes pictures of the page for a person to look at: wide and narrow, in
// light and dark. No width may make the page scroll sideways.
func (b *browser) shots(name string) {
	b.t.Helper()
	dir := filepath.Join("build", "screenshots")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	for _, scheme := range []string{"light", "dark"} {
		_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		if err != nil {
			b.t.Fatal(err)
		}
		for _, width := range []int64{1400, 400} {
			b.do(chromedp.EmulateViewport(width, 900))
			if got := js[int64](b, `document.documentElement.scrollWidth`); got > width {
				b.t.Errorf("%s: %d wide on a screen of %d", name, got, width)
			}
			picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
			if err != nil {
				b.t.Fatal(err)
			}
			file := filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", name, width, scheme))
			if err := os.WriteFile(file, picture, 0o644); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	b.wide()
}

// hostile is a subject that would like to be markup.
const hostile = `<script>alert(1)</script>" onmouseover=x`

// TestBrowser follows the integration guide click by click.
func TestBrowser(t *testing.T) {
	need(t, "swaks")
	b := openBrowser(t)
	p := run(t, ports()...)
	invoice := filepath.Join(t.TempDir(), "invoice.pdf")
	if err := os.WriteFile(invoice, []byte("%PDF-1.4 an invoice"), 0o600); err != nil {
		t.Fatal(err)
	}
	mid := swaks(t, p.addresses.SMTP, "--to", "testingBren@cisco.com", "--header", "Subject: test test", "--header", "Message-Id: <123-abc-456@cisco.com>")[0]
	for _, args := range [][]string{
		{"--to", "b@example.org", "--header", "Subject: Invoice Due", "--attach", "@" + invoice},
		{"--to", "a@one.test,b@two.test,c@two.test", "--header", "Subject: to three"},
		{"--to", "b@example.org", "--header", "Subject: " + hostile},
		{"--to", "b@example.org", "--header", "Subject: a test test too"},
	} {
		swaks(t, p.addresses.SMTP, args...)
	}
	tracked(t, p, mid, "test test")
	a := login(t, p)
	eventually(t, "sightings", func() error {
		if n := len(a.mids(`ip:"127.0.0.1"`)); n != 5 {
			return fmt.Errorf("%d, want 5", n)
		}
		return nil
	})
	t.Run("tracking", func(t *testing.T) { messageTracking(t, b.in(t), p, mid) })
	t.Run("investigate", func(t *testing.T) { investigate(t, b.in(t), p, mid) })
}

// in is the same browser for a subtest.
func (b *browser) in(t *testing.T) *browser {
	b.complained()
	return &browser{t, b.ctx, b.heard}
}

func messageTracking(t *testing.T, b *browser, p *process, mid string) {
	home := p.addresses.Console + "/monitor/message_tracking"
	status := b.load(chromedp.Navigate(p.addresses.Console + "/"))
	if at := js[string](b, `location.href`); status != 200 || at != home {
		t.Fatalf("%d at %s", status, at)
	}
	b.has("h1", "Message Tracking")
	b.has(".menu a", "Monitor", "Mail Policies", "Security Services", "Network", "System Administration")
	b.shots("tracking-start")

	// The guide's search.
	b.load(b.enter("#subject", "test test"), b.click("button.primary"))
	b.has(".rowhead .mid", "MID: "+mid)
	b.has(".rows dt", "SENDER:", "RECIPIENT:", "SUBJECT:", "LAST STATE:")
	answer := "Message " + mid + " to testingBren@cisco.com received remote SMTP response 'ok: Message " + mid + " accepted'"
	b.has(".rows dd", "mgmt01@cisco.com", "testingBren@cisco.com", "test test", answer)
	b.has(".paging span", "Displaying 1 — 1 of 1 items.", "Displaying 1 — 1 of 1 items.")
	b.shots("tracking-found")
	exported(t, b, []string{mid})

	// Show Details.
	b.load(b.click(".rowhead a"))
	b.has("h1", "Message Details")
	b.has("h2", "Envelope and Header Summary", "Sending Host Summary", "Processing Details")
	b.has(".facts dt", "Received Time:", "MID:", "Message Size:", "Subject:", "Envelope Sender:", "Envelope Recipients:",
		"Message ID Header:", "Cisco IronPort Host:", "SMTP Auth User ID:", "Attachments:",
		"Reverse DNS Hostname:", "IP Address:", "SBRS Score:")
	b.has(".lines strong", answer+".")
	b.has(".lines li:last-child strong", answer+".")
	b.shots("tracking-details")
	b.load(b.click(".crumbs a"))
	b.has("h1", "Message Tracking")

	// The operators and the advanced criteria.
	for _, c := range []struct {
		name, operator, field, value string
		want                         []string
	}{
		{"begins", "match_begins", "subject", "TEST", []string{"1"}},
		{"is", "match_is", "subject", "Test Test", []string{"1"}},
		{"is not the beginning", "match_is", "subject", "test", nil},
		{"contains", "match_contains", "subject", "test", []string{"5", "1"}},
		{"sender", "match_contains", "sender", "@cisco.com", []string{"5", "4", "3", "2", "1"}},
		{"second recipient", "match_is", "recipient", "B@two.test", []string{"3"}},
		{"hostile", "match_is", "subject", hostile, []string{"4"}},
		{"MID", "", "mid", mid, []string{mid}},
		{"message-id", "", "message_id", "123-abc-456@cisco.com", []string{mid}},
		{"attachment", "match_contains", "attachment", "VOICE", []string{"2"}},
	} {
		b.load(b.click("a.button")) // Clear
		b.has("#results")
		if left := js[string](b, `[...document.querySelectorAll('#trackingSearchForm input:not([type]):not(.date):not(.time)')].map(e => e.value).join('')`); left != "" {
			t.Errorf("Clear leaves %q", left)
		}
		b.do(chromedp.SetAttributeValue(chromedp.CSS("details.advanced"), "open", ""))
		if c.operator != "" {
			b.do(b.choose("select[name="+c.field+"_match]", c.operator))
		}
		b.load(b.enter("#"+c.field, c.value), b.click("button.primary"))
		var want []string
		for _, m := range c.want {
			want = append(want, "MID: "+m)
		}
		if diff := cmp.Diff(want, b.texts(".rowhead .mid"), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if c.want == nil {
			b.has(".none", "No messages match this search. Try a longer time range, or Contains instead of Begins With.")
			b.shots("tracking-none")
		}
	}
	b.load(chromedp.Navigate(home + "?timerange=range_day"))
	b.shots("tracking-all")
	exported(t, b, []string{"5", "4", "3", "2", "1"})
	b.load(b.click(".menu li:nth-child(4) a"))
	b.has("h2", "Not emulated yet")
	b.shots("tracking-not-emulated")
	b.inOrder(p.addresses.Console)

	// A wrong date is shown where it was typed.
	b.load(chromedp.Navigate(home))
	status = b.load(b.click("input[value=custom]"), chromedp.SetValue(chromedp.CSS("#date_from"), "05/13/20x0"),
		b.enter("#subject", "test test"), b.click("button.primary"))
	b.has(".wrong", "Enter a date as mm/dd/yyyy.")
	b.has("input[aria-invalid]", "")
	kept := js[[]string](b, `[document.activeElement.id, ...['#date_from', '#subject'].map(s => document.querySelector(s).value)]`)
	if status != 400 || kept[1] != "05/13/20x0" || kept[2] != "test test" || len(b.texts("#results")) != 0 {
		t.Errorf("wrong date: %d, fields %q", status, kept)
	}
	b.shots("tracking-wrong")
	for _, c := range b.complained() { // the browser logs every 400
		if !strings.Contains(c, "status of 400") {
			t.Errorf("the page complains: %s", c)
		}
	}
}

// exported follows both export links and holds the files against what is shown.
func exported(t *testing.T, b *browser, mids []string) {
	t.Helper()
	for _, link := range js[[]string](b, `[...document.querySelectorAll('.exports a')].map(a => a.href)`) {
		rows, err := csv.NewReader(strings.NewReader(get(t, link))).ReadAll()
		if err != nil || len(rows) != len(mids)+1 {
			t.Fatalf("%s: %q, %v", link, rows, err)
		}
		if diff := cmp.Diff([]string{"Timestamp", "MID", "Host", "Sender", "Recipient", "Subject", "Last State", "Sender IP", "Message ID"}, rows[0]); diff != "" {
			t.Error(diff)
		}
		for i, mid := range mids {
			if rows[i+1][1] != mid || rows[i+1][3] != "mgmt01@cisco.com" || rows[i+1][7] != "127.0.0.1" {
				t.Errorf("%s: row %q, want MID %s", link, rows[i+1], mid)
			}
		}
		last := rows[len(rows)-1]
		if want := "Message 1 to testingBren@cisco.com received remote SMTP response 'ok:  Message 1 accepted'"; last[5] != "test test" || last[6] != want {
			t.Errorf("%s: row %q", link, last)
		}
	}
}

func investigate(t *testing.T, b *browser, p *process, mid string) {
	home := p.addresses.Cloud["AMERICAS"]
	status := b.load(chromedp.Navigate(home + "/"))
	if at := js[string](b, `location.href`); status != 200 || at != home+"/investigate" {
		t.Fatalf("%d at %s", status, at)
	}
	b.has(".top li", "Investigate", "Snapshots", "Incidents Beta", "Intelligence", "Modules")
	b.has(".buttons *", "Investigate", "Clear", "Reset")
	b.has(".syntax summary", "What can I search for?")
	b.shots("investigate-start")

	// The guide's investigation.
	b.load(b.enter("#q", `email_subject:"test test"`), b.click("button.primary"))
	b.has(".counters li", "1 Target", "1 Observable", "0 Indicators", "0 Domains", "0 File Hashes", "0 IP Addresses", "0 URLs", "1 Module")
	nodes := b.texts("#relations-graph .nodes text")
	for _, want := range []string{"IP 127.0.0.1", "Target Email testingBren@cisco.co…", "Email Subject test test",
		"Cisco Message ID " + mid, "Domain cisco.com", "Email Address mgmt01@cisco.com", "Email Message ID 123-abc-456@cisco.co…"} {
		if !slices.Contains(nodes, want) {
			t.Errorf("graph %q lacks %q", nodes, want)
		}
	}
	if len(nodes) != 7 {
		t.Errorf("graph %q", nodes)
	}
	b.has(".callout h2", "Module enriched this investigation")
	b.has(".callout li", "Email Security Appliance Email Security Appliance 1 Sighting, 0 Judgements")
	b.has(".observables li", "test test Email Subject, Unknown 1 Sighting")
	b.has(".sightings td:nth-child(3)", "Incoming message (Delivered)")
	b.has(".sightings td:nth-child(4)", "High")
	b.has(".sightings td:nth-child(5)", "Low")
	b.shots("investigate-found")
	b.do(chromedp.EmulateViewport(400, 900))
	b.do(chromedp.Navigate(js[string](b, `location.href`)))
	const off = `(m => m('.scroll') - m('.queried'))(s => (r => r.left + r.width / 2)(document.querySelector(s).getBoundingClientRect()))`
	if d := js[float64](b, off); math.Abs(d) > 140 {
		t.Errorf("on a narrow screen what was asked for is %.0f off the middle", d)
	}
	b.wide()
	touch(t, b)

	// A click on a node asks about it, and each answer leads on.
	pivot(t, b, "Domain", `domain:"cisco.com"`, "1 Domain", 5)
	pivot(t, b, "Email Address", `email:"mgmt01@cisco.com"`, "1 Observable", 5)
	b.shots("investigate-all")
	pivot(t, b, "File Name", `file_name:"invoice.pdf"`, "1 Target", 1)

	b.do(chromedp.Clear(chromedp.CSS("#q")))
	b.load(b.enter("#q", "email_subject:'"+hostile+"'"), b.click("button.primary"))
	b.has(".observables li .seen", "1 Sighting")
	b.shots("investigate-hostile")

	// Clear empties the field and stays; Reset begins anew.
	b.do(b.click("[data-clear]"))
	if q := js[string](b, `document.querySelector('#q').value`); q != "" || len(b.texts(".board")) != 1 {
		t.Errorf("Clear leaves %q", q)
	}
	b.load(b.click(".buttons a:last-child"))
	b.has(".board")

	for name, query := range map[string]string{"wrong": `email_subject="test test"`, "nothing": `email_subject:"no such subject"`} {
		b.load(b.click(".buttons a:last-child"))
		if s := b.load(b.enter("#q", query), b.click("button.primary")); s != 200 {
			t.Errorf("%s: %d", query, s)
		}
		if got := b.texts(".sightings td"); len(got) != 0 {
			t.Errorf("%s: %q", query, got)
		}
		b.shots("investigate-" + name)
	}

	// The appliance is registered with the other cloud.
	europe := p.addresses.Cloud["EUROPE"]
	b.load(chromedp.Navigate(europe))
	b.load(b.enter("#q", `email_subject:"test test"`), b.click("button.primary"))
	b.has(".counters li", "0 Targets", "1 Observable", "0 Indicators", "0 Domains", "0 File Hashes", "0 IP Addresses", "0 URLs", "0 Modules")
	b.has(".who span", "Lab User", "esasim lab", "EUROPE")
	b.shots("investigate-europe")
	b.inOrder(p.addresses.Console, home, europe)
}

// touch zooms and drags the graph.
func touch(t *testing.T, b *browser) {
	t.Helper()
	const view = `document.querySelector('#relations-graph').getAttribute('viewBox').split(' ').map(n => (+n).toFixed(1)).join(' ')`
	start := js[string](b, view)
	changed := func(what string) {
		t.Helper()
		if now := js[string](b, view); now == start {
			t.Errorf("%s did not change the view", what)
		}
		b.do(b.click(".tools button:nth-child(3)"))
		if now := js[string](b, view); now != start {
			t.Errorf("after %s, Fit gives %s, want %s", what, now, start)
		}
	}
	b.do(b.click(".tools button:nth-child(1)"))
	changed("+")
	b.do(b.click(".tools button:nth-child(2)"))
	changed("−")
	// The wheel scrolls the page, except with Ctrl.
	x, y := b.center("#relations-graph")
	for i, want := range []bool{false, true} {
		_, err := chromedp.Call(b.ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{
			Type: input.DispatchMouseEventTypeMouseWheel, X: x, Y: y, DeltaX: 1, DeltaY: -100, Modifiers: int64(2 * i)})
		if err != nil {
			t.Fatal(err)
		}
		if got := js[string](b, view) != start; got != want {
			t.Errorf("wheel, Ctrl %t: zoomed %t", want, got)
		}
	}
	changed("wheel")

	// A node follows the pointer, and its edges follow it; letting go asks
	// nothing.
	const node = `.nodes a[href*="domain"]`
	place := `[document.querySelector('` + node + `').getAttribute('transform'), document.querySelector('[data-from="' + document.querySelector('` + node + `').dataset.node + '"] line').outerHTML, location.href]`
	before := js[[]string](b, place)
	x, y = b.center(node + " circle")
	b.do(chromedp.DragAndDropXY(x, y, x+60, y-40))
	after := js[[]string](b, place)
	if before[0] == after[0] || before[1] == after[1] || before[2] != after[2] {
		t.Errorf("drag of a node: %q, then %q", before, after)
	}
	// The plane is dragged by an empty spot.
	x, y = b.center("#relations-graph")
	for js[bool](b, fmt.Sprintf(`document.elementFromPoint(%f, %f).closest('a') !== null`, x, y)) {
		x += 15
	}
	b.do(chromedp.DragAndDropXY(x, y, x+60, y-40))
	changed("a drag of the plane")
}

// center is the middle of an element, scrolled into view.
func (b *browser) center(selector string) (x, y float64) {
	b.t.Helper()
	b.do(chromedp.ScrollIntoView(chromedp.CSS(selector)))
	at := js[[]float64](b, fmt.Sprintf(`(r => [r.x + r.width / 2, r.y + r.height / 2])(document.querySelector(%q).getBoundingClientRect())`, selector))
	return at[0], at[1]
}

// pivot clicks the first node of a kind and looks at the investigation that
// follows.
func pivot(t *testing.T, b *browser, kind, query, counter string, sightings int) {
	t.Helper()
	id := js[string](b, fmt.Sprintf(`[...document.querySelectorAll('.nodes a')].find(a => a.querySelector('.kind').textContent === %q).dataset.node`, kind))
	x, y := b.center(fmt.Sprintf(`[data-node="%s"] circle`, id))
	if s := b.load(chromedp.MouseClickXY(x, y)); s != 200 {
		t.Errorf("%s: %d", kind, s)
	}
	if q := js[string](b, `document.querySelector('#q').value`); q != query {
		t.Errorf("%s asks %s, want %s", kind, q, query)
	}
	if !slices.Contains(b.texts(".counters li"), counter) {
		t.Errorf("%s: counters %q, want %s", kind, b.texts(".counters li"), counter)
	}
	if n := len(b.texts(".sightings tbody tr")); n != sightings {
		t.Errorf("%s: %d sightings, want %d", kind, n, sightings)
	}
}
