package esasim_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
	"esasim/lab"
)

// What a call of the REST API puts into a list, the next message meets: in a
// dictionary, a URL list, a file hash list.
func TestListsInMailFlow(t *testing.T) {
	const text = "%PDF-1.4 a file"
	for name, c := range map[string]struct{ filter, call, body string }{
		"dictionary": {`dictionary-match("words")`, "POST config/dictionaries/words/words", `{"data": {"words": [["confidential", 1]]}}`},
		"URL list":   {`not url-reputation(-10, -6, "partners")`, "PUT config/url_lists/partners", `{"data": {"urls": ["evil.example"]}}`},
		"hash list":  {`attachment-sha256 == "bad"`, "PUT config/file_hash_lists/bad", fmt.Sprintf(`{"data": {"hashes": ["%X"]}}`, sha256.Sum256([]byte(text)))},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := &virtual{fs: vfs.NewMem()}
				config := fmt.Sprintf("appliance: {urls: [{url: evil.example, score: -8}], dictionaries: [{name: words, terms: [{term: other}]}], url_lists: [{name: partners}], "+
					"file_hash_lists: [{name: bad}], message_filters: 'f: if (%s) { drop(); }'}", c.filter)
				v.start(t, func(o *lab.Options) { o.Config = configOf(t, config) })
				defer func() { v.stop() }()
				r := reloadable{v, t}
				send := func() string {
					mail := "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nconfidential http://evil.example/\r\n" +
						"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n" + text + "\r\n--b--\r\n"
					var mid esa.MID
					reply := v.inject(t, "a@b.example", mail)
					if _, err := fmt.Sscanf(reply, "250 ok:  Message %d accepted", &mid); err != nil {
						t.Fatalf("%s: %v", reply, err)
					}
					return r.eventsOf(mid).Status()
				}
				if got := send(); got != "Delivered" {
					t.Errorf("before: %s", got)
				}
				method, path, _ := strings.Cut(c.call, " ")
				req, err := http.NewRequest(method, v.Addresses().Console+"/esa/api/v2.0/"+path, strings.NewReader(c.body))
				if err != nil {
					t.Fatal(err)
				}
				req.SetBasicAuth("admin", "ironport")
				client := v.caller(t).client
				resp, err := client.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					t.Fatal(resp.Status)
				}
				if got := send(); got != "Dropped By Message Filters" {
					t.Errorf("after: %s", got)
				}
				h := v.Appliance().Changes().History()
				if len(h) != 1 || h[0].User != "admin" || !strings.HasPrefix(h[0].Source, "REST API, ") || h[0].Comment != method+" /esa/api/v2.0/"+path {
					t.Errorf("history: %+v", h)
				}
			})
		})
	}
}
