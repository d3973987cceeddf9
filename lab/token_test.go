package lab

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func TestTokenUnknownRegion(t *testing.T) {
	c := DefaultConfig()
	c.SMTP, c.Console, c.Cloud = "", "", nil
	l, err := New(Options{Config: c, FS: vfs.NewMem(), Dir: "data"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Token(t.Context(), "MARS"); err == nil || !strings.Contains(err.Error(), "MARS") {
		t.Errorf("error %v", err)
	}
}

// A token is asked for directly, whatever the environment says of proxies, and
// not for ever.
func TestRequestTokenNoProxy(t *testing.T) {
	serve := func(token string) *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			io.WriteString(w, `{"tokens":[{"token":"`+token+`"}]}`)
		}))
		t.Cleanup(s.Close)
		return s
	}
	cloud, proxy := serve("cloud"), serve("proxy")
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("NO_PROXY", "")
	// 0.0.0.0 is this machine too, but nothing that Go's client takes for it: it
	// would go through the proxy.
	url := strings.Replace(cloud.URL, "127.0.0.1", "0.0.0.0", 1)
	if got, err := RequestToken(t.Context(), url, "1h"); got != "cloud" || err != nil {
		t.Errorf("token %q, %v", got, err)
	}
	if d := tokenClient().Timeout; d != 30*time.Second {
		t.Errorf("timeout %s", d)
	}
}
