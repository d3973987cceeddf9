package cloud_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// Module types, instances and patches are there after a restart, as they were.
func TestIntegrationsStay(t *testing.T) {
	b := open(t, "AMERICAS")
	d, _ := b.connect("by hand")
	auth := b.client("integration")
	var made struct{ ID string }
	want(t, b.do("POST", "/iroh/iroh-int/module-type", `{"title":"T","default_name":"D","properties":{"url":"http://x.example"}}`, auth), 200, &made)
	want(t, b.do("POST", "/iroh/iroh-int/module-type-patch", `{"module_type_id":"`+made.ID+`","patch":{"tips":"x"}}`, auth), 200, nil)
	want(t, b.do("POST", "/iroh/iroh-int/module-instance", `{"name":"SMA","module_type_id":"a264213e-b68b-5b60-8e4c-ce99aba096c6","visibility":"org","settings":{"device":"`+d.ID+`"}}`, auth), 200, nil)
	paths := []string{"module-type", "module-type-patch", "module-instance"}
	var before [][]byte
	for _, p := range paths {
		w := b.do("GET", "/iroh/iroh-int/"+p, nil, auth)
		want(t, w, 200, nil)
		before = append(before, w.Body.Bytes())
	}
	b.stop()
	b.start()
	for i, p := range paths {
		if w := b.do("GET", "/iroh/iroh-int/"+p, nil, auth); !bytes.Equal(w.Body.Bytes(), before[i]) {
			t.Errorf("%s: before %s, after %s", p, before[i], w.Body)
		}
	}
	var two []json.RawMessage
	if want(t, b.do("GET", "/iroh/iroh-int/module-instance", nil, auth), 200, &two); len(two) != 2 {
		t.Errorf("%d instances: what a program adds is one, too", len(two))
	}
	// Without its device an instance is gone.
	if err := b.cloud.SSE().Delete(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	if w := b.do("GET", "/iroh/iroh-int/module-instance", nil, auth); strings.TrimSpace(w.Body.String()) != "[]" {
		t.Errorf("after its device: %s", w.Body)
	}
}

// What is no body of the right form is told so, and nothing is made of it.
func FuzzModuleInstance(f *testing.F) {
	b := open(f, "AMERICAS")
	auth := b.client("integration")
	f.Add(`{"name":"x","module_type_id":"2c8b4134-c521-5be5-aaf8-af06e5e27cbb","visibility":"org","settings":{"a":[{"b":null}]}}`)
	f.Add(`{"external_references":[{"label":1}],"enabled":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		for _, call := range []string{"POST module-instance", "POST module-type", "POST module-type-patch", "POST module-instance-wrapper", "PATCH module-instance/x"} {
			method, path, _ := strings.Cut(call, " ")
			w := b.do(method, "/iroh/iroh-int/"+path, body, auth)
			if w.Code >= 500 || !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s: %d %s", call, w.Code, w.Body)
			}
		}
	})
}
