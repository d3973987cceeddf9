package esasim_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
	"esasim/esasimtest"
	"esasim/lab"
	"esasim/traffic/mix"
)

// What public clients of the appliance's REST API do, and what they look at in its
// answers. Each test is one of them, or a rule of theirs, as far as sign-in and
// message tracking go.

// restClient is a client of the API.
type restClient struct {
	t    *testing.T
	base string // with the prefix
	http *http.Client
	with func(*http.Request) // signs in
}

func (c *restClient) do(method, where, body string) (status int, header http.Header, answer []byte) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.base+where, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if c.with != nil {
		c.with(r)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, b
}

// get is a call that is well; v is what its answer is read into.
func (c *restClient) get(where string, v any) {
	c.t.Helper()
	status, _, b := c.do("GET", where, "")
	if status != http.StatusOK {
		c.t.Fatalf("%s: %d %s", where, status, b)
	}
	if err := json.Unmarshal(b, v); err != nil {
		c.t.Fatalf("%s: %v in %s", where, err, b)
	}
}

func basic(r *http.Request) { r.SetBasicAuth("admin", "ironport") }

// restLab is a lab with some messages of one day, the first of which is MID 1.
func restLab(t *testing.T, messages int) (*virtual, *restClient) {
	time.Sleep(time.Until(scenarioBegins()))
	v := &virtual{fs: vfs.NewMem()}
	v.start(t, func(o *lab.Options) { o.Config.Cloud = nil })
	for i := range messages {
		v.inject(t, "a@b.example", fmt.Sprintf("From: A <a@b.example>\r\nReply-To: r@b.example\r\nMessage-ID: <%d@b.example>\r\nSubject: number %d\r\n\r\nhello\r\n", i, i))
	}
	time.Sleep(time.Minute)
	return v, &restClient{t: t, base: v.Addresses().Console + "/esa/api/v2.0/", http: v.client(), with: basic}
}

const (
	restFrom = "2020-08-10T00:00:00.000Z"
	restTo   = "2020-08-11T00:00:00.000Z"
)

// XSOAR packs: a token from base64 credentials, for 30 minutes; dates end in
// :00.000Z; pages by offset and limit; of details the MIDs say whether there is
// something.
func TestClientXSOARPack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, c := restLab(t, 7)
		defer v.stop()
		c.with = nil
		login := fmt.Sprintf(`{"data": {"userName": %q, "passphrase": %q}}`,
			base64.StdEncoding.EncodeToString([]byte("admin")), base64.StdEncoding.EncodeToString([]byte("ironport")))
		status, _, b := c.do("POST", "login", login)
		var token struct {
			Data struct {
				JWTToken string `json:"jwtToken"`
			}
		}
		if err := json.Unmarshal(b, &token); status != http.StatusOK || err != nil {
			t.Fatal(status, err, string(b))
		}
		c.with = func(r *http.Request) { r.Header["jwtToken"] = []string{token.Data.JWTToken} }
		seen := 0
		for offset := 0; ; offset += 2 {
			var page struct {
				Data []struct{ Attributes map[string]any }
			}
			c.get(fmt.Sprintf("message-tracking/messages?startDate=%s&endDate=%s&offset=%d&limit=2", restFrom, restTo, offset), &page)
			if seen += len(page.Data); len(page.Data) < 2 {
				break
			}
		}
		if seen != 7 {
			t.Errorf("%d rows", seen)
		}
		var known, unknown struct {
			Data struct{ Messages struct{ MID []int } }
		}
		c.get("message-tracking/details?mid=3", &known)
		c.get("message-tracking/details?mid=1234567", &unknown)
		if len(known.Data.Messages.MID) != 1 || len(unknown.Data.Messages.MID) != 0 {
			t.Errorf("MIDs %v, %v", known, unknown)
		}
	})
}

// An XSOAR script that indexes every key, and breaks when one is missing.
func TestClientXSOARScript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, c := restLab(t, 1)
		defer v.stop()
		var page struct {
			Data []struct{ Attributes map[string]any }
		}
		c.get("message-tracking/messages?startDate="+restFrom+"&endDate="+restTo, &page)
		for key := range strings.FieldsSeq(`mid hostName sbrs allIcid serialNumber sender recipient verdictChart messageID timestamp replyTo
			morDetails icid direction senderDomain subject senderGroup mailPolicy senderIp messageStatus isCompleteData friendly_from`) {
			if _, ok := page.Data[0].Attributes[key]; !ok {
				t.Errorf("no %s in %v", key, page.Data[0].Attributes)
			}
		}
	})
}

// The SOAR app for an SMA: HTTP Basic alone, JSON only with its media type, the
// totals, and three keys of details.
func TestClientSOARSMA(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, c := restLab(t, 2)
		defer v.stop()
		c.base = v.Addresses().Console + "/sma/api/v2.0/"
		_, header, b := c.do("GET", "message-tracking/messages?startDate="+restFrom+"&endDate="+restTo+"&searchOption=messages&ciscoHost=All_Hosts", "")
		if got := header.Get("Content-Type"); got != "application/json" {
			t.Errorf("Content-Type: %s", got)
		}
		if !bytes.Contains(b, []byte(`"meta":{"num_bad_records":0,"totalCount":2}`)) {
			t.Errorf("%s", b)
		}
		var d struct {
			Data struct {
				Messages struct{ Subject, MessageStatus, Direction string }
			}
		}
		c.get("message-tracking/details?mid=2", &d)
		if m := d.Data.Messages; m.Subject != "number 1" || m.MessageStatus != "Delivered" || m.Direction != "incoming" {
			t.Errorf("%+v", m)
		}
	})
}

// A SIEM connector: the query as it is, without escapes, a body {} with GET, and
// pages until the total is 0.
func TestClientSIEM(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, c := restLab(t, 5)
		defer v.stop()
		seen := 0
		for offset := 0; ; offset += 2 {
			status, _, b := c.do("GET", "message-tracking/messages?startDate=2020-08-10T02:00+02:00&endDate=2020-08-11T00:00+00:00&ciscoHost=All_Hosts&searchOption=messages&offset="+
				strconv.Itoa(offset)+"&limit=2", "{}")
			var page struct {
				Meta struct{ TotalCount int }
				Data []struct {
					Attributes struct {
						Subject, Sender string
						Recipient       []string
					}
				}
			}
			if err := json.Unmarshal(b, &page); status != http.StatusOK || err != nil || page.Meta.TotalCount != len(page.Data) {
				t.Fatal(status, err, string(b))
			}
			if page.Meta.TotalCount == 0 {
				break
			}
			for _, row := range page.Data {
				if seen++; row.Attributes.Sender != "a@b.example" || row.Attributes.Subject == "" || len(row.Attributes.Recipient) != 1 {
					t.Errorf("%+v", row)
				}
			}
		}
		if seen != 5 {
			t.Errorf("%d rows", seen)
		}
	})
}

// A STIX connector: escaped, pages until there are no rows, a login anew when an
// answer is 401 with one of two texts, login/privileges as a ping, times with the
// offset, and objects by MID.
func TestClientSTIX(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, c := restLab(t, 5)
		defer v.stop()
		logins, token := 0, "no token"
		c.with = func(r *http.Request) { r.Header.Set("jwttoken", token) }
		call := func(where string) []byte {
			for {
				status, _, b := c.do("GET", where, "")
				var fault struct{ Error struct{ Message string } }
				_ = json.Unmarshal(b, &fault)
				if status == http.StatusUnauthorized && regexp.MustCompile(`^(ExpiredSignatureError|InvalidTokenError)\.$`).MatchString(fault.Error.Message) && logins < 3 {
					logins++
					_, _, b := c.do("POST", "login", `{"data":{"userName":"YWRtaW4=","passphrase":"aXJvbnBvcnQ="}}`)
					var a struct {
						Data struct {
							Token string `json:"jwtToken"`
						}
					}
					_ = json.Unmarshal(b, &a)
					token = a.Data.Token
					continue
				}
				if status != http.StatusOK {
					t.Fatalf("%s: %d %s", where, status, b)
				}
				return b
			}
		}
		if b := call("login/privileges"); !bytes.Contains(b, []byte(`"e_message_tracking_messages"`)) {
			t.Errorf("%s", b)
		}
		seen := 0
		for offset := 0; ; offset += 2 {
			time.Sleep(11 * time.Minute) // so the token is too old once
			p := url.Values{"searchOption": {"messages"}, "subjectfilterOperator": {"contains"}, "subjectfilterValue": {"Number"},
				"startDate": {restFrom}, "endDate": {restTo}, "limit": {"2"}, "offset": {strconv.Itoa(offset)}}
			var page struct {
				Data []struct {
					Attributes struct {
						MID                         []int
						Timestamp                   string
						MessageStatus, FinalSubject map[string]string
						MessageID                   map[string]string `json:"messageID"`
						RecipientMap                map[string][]string
						VerdictChart                map[string]string
					}
				}
			}
			if err := json.Unmarshal(call("message-tracking/messages?"+p.Encode()), &page); err != nil {
				t.Fatal(err)
			}
			if len(page.Data) == 0 {
				break
			}
			for _, row := range page.Data {
				seen++
				mid := strconv.Itoa(row.Attributes.MID[0])
				if _, err := time.Parse("02 Jan 2006 15:04:05 (GMT -07:00)", row.Attributes.Timestamp); err != nil || row.Attributes.MessageStatus[mid] != "Delivered" ||
					row.Attributes.MessageID[mid] == "" || len(row.Attributes.RecipientMap[mid]) != 1 || len(row.Attributes.VerdictChart[mid]) != 8 {
					t.Errorf("%+v, %v", row, err)
				}
			}
		}
		if seen != 5 || logins != 2 {
			t.Errorf("%d rows, %d logins", seen, logins)
		}
	})
}

// A token is good after a restart, but not when the passphrase is another one.
func TestTokenAfterRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, c := restLab(t, 0)
		_, _, b := c.do("POST", "login", `{"data":{"userName":"YWRtaW4=","passphrase":"aXJvbnBvcnQ="}}`)
		token := tokenText.FindStringSubmatch(string(b))[1]
		c.with = func(r *http.Request) { r.Header.Set("jwtToken", token) }
		for i, want := range []int{http.StatusOK, http.StatusUnauthorized} {
			v.stop()
			v.start(t, func(o *lab.Options) {
				o.Config.Cloud = nil
				if i == 1 {
					o.Config.Appliance.Users[0].Passphrase = "another one"
				}
			})
			if status, _, b := c.do("GET", "login/privileges", ""); status != want {
				t.Errorf("restart %d: %d %s", i+1, status, b)
			}
		}
		if a := v.Addresses(); a.ConsoleUser != "admin" || a.ConsolePassphrase != "another one" {
			t.Errorf("addresses: %+v", a)
		}
		v.stop()
	})
}

// A loop over all pages of a search with 10,000 messages, while mail arrives, sees each
// message of the first page's moment once, although each page is asked for by its
// offset.
func TestPagesWhileMailArrives(t *testing.T) {
	const past, before = 9000, 1000
	l := esasimtest.Start(t, func(o *lab.Options) {
		if err := lab.Seed(t.Context(), lab.SeedOptions{FS: o.FS, Dir: o.Dir, Past: mix.Past{Seed: 1, Messages: past, Days: 1, End: time.Now().Truncate(time.Minute)}}); err != nil {
			t.Fatal(err)
		}
		o.Config.Cloud = nil
		o.SegmentRows = 64 // so that messages move to segments meanwhile
		o.Config.Appliance.MailPolicies.Incoming[0].AntiSpam.Positive.Action = "deliver"
		o.Config.Appliance.MailPolicies.Incoming[0].AntiSpam.Positive.Subject = "[SPAM] "
	})
	const gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
	send := func(i int) esa.MID {
		body := "hello"
		if i%3 == 0 { // is rewritten: the row has two MIDs
			body = gtube
		}
		return l.Send(t, "a@b.example", fmt.Sprintf("Subject: number %d\r\n\r\n%s\r\n", i, body), "u@x.example")
	}
	for i := range before {
		send(i)
	}
	there := map[esa.MID]bool{}
	for mid, last := esa.MID(1), send(before); mid <= last; mid++ {
		if _, err := l.Appliance().Tracking().Message(t.Context(), mid); err == nil {
			there[mid] = true
		}
	}
	if len(there) < past+before {
		t.Fatalf("%d messages, want %d", len(there), past+before)
	}
	var wg sync.WaitGroup
	var stop atomic.Bool
	arrived := 0
	wg.Go(func() {
		for ; !stop.Load(); arrived++ {
			send(arrived)
		}
	})
	c := &restClient{t: t, base: l.Addresses.Console + "/esa/api/v2.0/", http: http.DefaultClient, with: basic}
	seen := map[esa.MID]int{}
	for offset, n := 0, 1; n > 0; offset += n {
		var page struct {
			Data []struct{ Attributes struct{ MID []esa.MID } }
		}
		c.get(fmt.Sprintf("message-tracking/messages?startDate=2018-01-01T00:00:00.000Z&endDate=2099-01-01T00:00:00.000Z&limit=50&offset=%d", offset), &page)
		for _, row := range page.Data {
			for _, mid := range row.Attributes.MID {
				seen[mid]++
			}
		}
		n = len(page.Data)
	}
	stop.Store(true)
	wg.Wait()
	if arrived < 10 {
		t.Errorf("only %d messages arrived meanwhile", arrived)
	}
	for mid := range there {
		if seen[mid] == 0 {
			t.Errorf("MID %d was not seen", mid)
		}
	}
	for mid, n := range seen {
		if n > 1 {
			t.Errorf("MID %d was seen %d times", mid, n)
		}
	}
}
