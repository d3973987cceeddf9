package esasim_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"esasim/esasimtest"
	"esasim/lab"
)

// The page at /swagger in a browser: it shows every call, a call can be tried, nobody
// else is asked for anything, and the Content-Security-Policy has nothing to forbid.
func TestSwaggerInBrowser(t *testing.T) {
	l := esasimtest.Start(t, func(o *lab.Options) { o.Config.Cloud = nil })
	b := openBrowser(t)
	if status := b.load(chromedp.Navigate(l.Addresses.Console + "/swagger")); status != 200 {
		t.Fatalf("status %d", status)
	}
	b.do(chromedp.WaitVisible(chromedp.CSS("#operations-login-login")))
	var want []string
	for _, r := range openAPI(t).Operations() {
		want = append(want, r.Method+" "+r.Path)
	}
	got := js[[]string](b, `[...document.querySelectorAll('.opblock-summary')].map(e => e.querySelector('.opblock-summary-method').textContent + ' ' + e.querySelector('.opblock-summary-path').dataset.path)`)
	slices.Sort(got)
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("calls %q; want %q", got, want)
	}
	b.do(b.click("#operations-login-login .opblock-summary-control"), chromedp.WaitVisible(chromedp.CSS("#operations-login-login .try-out__btn")))
	b.do(b.click("#operations-login-login .try-out__btn"), chromedp.WaitVisible(chromedp.CSS("#operations-login-login .execute")))
	b.do(b.click("#operations-login-login .execute"), chromedp.WaitVisible(chromedp.CSS("#operations-login-login .live-responses-table")))
	if text := strings.Join(b.texts("#operations-login-login .live-responses-table"), ""); !strings.Contains(text, `"jwtToken": "eyJ`) {
		t.Errorf("the call that was tried: %s", text)
	}
	b.inOrder(l.Addresses.Console)
}
