package messagetracking

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/users"
	"esasim/esa"
	"esasim/tracking"
)

// at is so many seconds after the tests' messages were received.
func at(second int) time.Time {
	return time.Date(2022, 9, 7, 8, 10, 33, 0, time.UTC).Add(time.Duration(second) * time.Second)
}

func source() *esa.Source {
	return &esa.Source{Listener: "Data 1", Local: netip.MustParseAddr("2.2.2.2"), Remote: netip.MustParseAddr("1.1.1.1"),
		Host: "mail.b.example", Verified: true, Rule: "ACCEPT", Group: "UNKNOWNLIST", SBRS: "3.5", Country: "Netherlands"}
}

// message is a message as far as "ready", and what follows.
func message(mid esa.MID, then ...esa.Event) []esa.Event {
	out := append([]esa.Event{
		{Kind: esa.MessageStarted, ICID: 5, Source: source()}, {Kind: esa.SenderGiven, Address: "a@b.example"},
		{Kind: esa.RecipientGiven, RIDs: []esa.RID{0}, Address: "u@x.example"}, {Kind: esa.SubjectSeen, Text: "hello"},
		{Kind: esa.MessageReady, Size: 71983},
	}, then...)
	for i := range out {
		out[i].MID, out[i].Time = mid, at(int(mid))
	}
	return out
}

func testUsers(t testing.TB) *users.Users {
	t.Helper()
	u, err := users.New(users.Options{Timeout: time.Hour, Key: []byte(strings.Repeat("k", users.KeySize)),
		Accounts: []users.Account{{Name: "admin", Passphrase: "ironport", Role: users.Administrator}}})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// testAPI is the API over a store that has some messages.
func testAPI(t testing.TB, messages ...[]esa.Event) http.Handler {
	t.Helper()
	store, err := tracking.Open(tracking.Options{FS: vfs.NewMem(), Dir: "tracking"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := store.AppendEach(messages); err != nil {
		t.Fatal(err)
	}
	return rest.New(rest.Options{SignIn: testUsers(t), Logger: slog.New(slog.DiscardHandler),
		Routes: Routes(Options{Tracker: store, Host: "esa.test", Serial: "AB-CD"})})
}

func ask(h http.Handler, method, where, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/esa/api/v2.0/login", strings.NewReader(body))
	path, query, _ := strings.Cut(where, "?")
	r.URL = &url.URL{Path: "/esa/api/v2.0/" + path, RawQuery: query}
	r.SetBasicAuth("admin", "ironport")
	r.RemoteAddr = "127.0.0.1:50000"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// What few messages have: judged files, violations, several verdicts.
func TestDetails(t *testing.T) {
	sha := strings.Repeat("ab", 32)
	file := &esa.Attachment{Name: "a.jpg", Type: "image/jpeg", Size: 1257, SHA256: sha}
	h := testAPI(t, message(1,
		esa.Event{Kind: esa.AttachmentSeen, Attachment: file},
		esa.Event{Kind: esa.EngineVerdict, Engine: esa.AMP, Verdict: esa.Unknown},
		esa.Event{Kind: esa.FileJudged, Engine: esa.AMP, Attachment: file, Verdict: esa.Unknown},
		esa.Event{Kind: esa.FileJudged, Engine: esa.AMP, Attachment: &esa.Attachment{Name: "b.exe", Type: "application/x-dosexec", Size: 9, SHA256: sha}, Verdict: esa.Positive, Name: "W32.Test", Size: 95},
		esa.Event{Kind: esa.FileJudged, Engine: esa.AMP, Attachment: &esa.Attachment{Name: "c.doc", Type: "application/msword", SHA256: sha}, Verdict: esa.Pending, Text: "uploaded"},
		esa.Event{Kind: esa.VerdictChanged, Engine: esa.AMP, Attachment: file, Verdict: esa.Positive, Name: "W32.Later"},
	), message(2,
		esa.Event{Kind: esa.EngineVerdict, Engine: esa.DLP, Verdict: esa.Positive, Name: "PCI-DSS (Payment Card Industry)", Text: "Severity: HIGH (Risk Factor: 72)"},
		esa.Event{Kind: esa.DLPMatched, Engine: esa.DLP, Name: "Credit Card Numbers", Address: "Message Body", Text: "...4111...", Size: 2},
		esa.Event{Kind: esa.DLPMatched, Engine: esa.DLP, Name: "Credit Card Numbers", Address: "a.txt", Text: "...4111...", Size: 1},
		esa.Event{Kind: esa.DLPMatched, Engine: esa.DLP, Name: "US Social Security Numbers", Address: "Message Body", Text: "...6789...", Size: 1},
		esa.Event{Kind: esa.DLPMatched, Engine: esa.DLP, Name: "Credit Card Numbers", Address: "Message Body", Text: "...5500...", Size: 1},
		esa.Event{Kind: esa.MessageDropped, Engine: esa.DLP, Text: "Dropped by DLP"}))
	for _, c := range []struct{ where, key, want string }{
		{"amp-details?mid=1", "ampDetails", `[
{"timestamp":"07 Sep 2022 08:10:34 (GMT +00:00)","description":"File reputation query initiating. File Name = 'a.jpg', MID = 1, File Size = 1257 bytes, File Type = image/jpeg","lastEvent":false},
{"timestamp":"07 Sep 2022 08:10:34 (GMT +00:00)","description":"Response received for file reputation query from Cloud. File Name = 'a.jpg', MID = 1, Disposition = FILE UNKNOWN, Malware = None, Analysis Score = 0, sha256 = ` + sha + `, upload_action = Recommended to send the file for analysis, verdict_source = AMP","lastEvent":false},
{"timestamp":"07 Sep 2022 08:10:34 (GMT +00:00)","description":"File not uploaded for analysis. MID = 1 File SHA256[` + sha + `] file mime[image/jpeg] Reason: No active/dynamic contents exists","lastEvent":false},
{"timestamp":"07 Sep 2022 08:10:34 (GMT +00:00)","description":"File reputation query initiating. File Name = 'b.exe', MID = 1, File Size = 9 bytes, File Type = application/x-dosexec","lastEvent":false},
{"timestamp":"07 Sep 2022 08:10:34 (GMT +00:00)","description":"Response received for file reputation query from Cloud. File Name = 'b.exe', MID = 1, Disposition = MALICIOUS, Malware = W32.Test, Analysis Score = 95, sha256 = ` + sha + `, upload_action = Recommended not to send the file for analysis, verdict_source = AMP","lastEvent":false},
{"timestamp":"07 Sep 2022 08:10:34 (GMT +00:00)","description":"File reputation query initiating. File Name = 'c.doc', MID = 1, File Size = 0 bytes, File Type = application/msword","lastEvent":false},
{"timestamp":"07 Sep 2022 08:10:34 (GMT +00:00)","description":"Response received for file reputation query from Cloud. File Name = 'c.doc', MID = 1, Disposition = FILE UNKNOWN, Malware = None, Analysis Score = 0, sha256 = ` + sha + `, upload_action = Recommended to send the file for analysis, verdict_source = AMP","lastEvent":false},
{"timestamp":"07 Sep 2022 08:10:34 (GMT +00:00)","description":"File uploaded for analysis. MID = 1 File SHA256[` + sha + `] file mime[application/msword]","lastEvent":false},
{"timestamp":"07 Sep 2022 08:10:34 (GMT +00:00)","description":"Retrospective verdict received. File Name = 'a.jpg', MID = 1, Disposition = MALICIOUS, Malware = W32.Later, sha256 = ` + sha + `","lastEvent":true}]`},
		{"dlp-details?mid=1&mid=2", "dlpDetails", `{"mid":"2","violationSeverity":"HIGH","riskFactor":72,"dlpPolicy":"PCI-DSS (Payment Card Industry)","dlpMatchedContent":[
{"messagePart":"Message Body","messagePartMatch":[{"classifier":"Credit Card Numbers","classifierMatch":["...4111...","...5500..."]},{"classifier":"US Social Security Numbers","classifierMatch":["...6789..."]}]},
{"messagePart":"a.txt","messagePartMatch":[{"classifier":"Credit Card Numbers","classifierMatch":["...4111..."]}]}]}`},
		{"dlp-details?mid=2", "showDLPDetails", `true`}, {"dlp-details?mid=1", "showDLPDetails", `false`}, {"details?mid=1", "showAMP", `true`}, {"details?mid=2", "showDLP", `true`},
	} {
		w := ask(h, "GET", "message-tracking/"+c.where, "")
		var got struct {
			Data struct{ Messages map[string]json.RawMessage }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%s: %d %v %s", c.where, w.Code, err, w.Body)
		}
		if diff := cmp.Diff(strings.ReplaceAll(c.want, "\n", ""), string(got.Data.Messages[c.key])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.where, diff)
		}
	}
}

// The message events of which the lab's stories have none.
func TestEvents(t *testing.T) {
	changed := &esa.Attachment{Name: "a"}
	h := testAPI(t,
		message(1, esa.Event{Kind: esa.EngineVerdict, Engine: esa.DLP, Verdict: esa.Positive, Name: "HIPAA", Text: "Severity: LOW (Risk Factor: 15)"},
			esa.Event{Kind: esa.MessageQueued}, esa.Event{Kind: esa.RecipientDelivered, RIDs: []esa.RID{0}}),
		message(2, esa.Event{Kind: esa.EngineVerdict, Engine: esa.DLP, Verdict: esa.Positive, Name: "PCI", Text: "Severity: CRITICAL (Risk Factor: 95)"},
			esa.Event{Kind: esa.MessageDropped, Engine: esa.DLP}),
		message(3, esa.Event{Kind: esa.AuthChecked, Name: esa.DMARC, Text: "Message from domain b.example, DMARC fail (SPF aligned False, DKIM aligned False), DMARC action reject"},
			esa.Event{Kind: esa.AuthChecked, Name: esa.DMARC, Text: "Verification failed"}),
		message(4, esa.Event{Kind: esa.AuthChecked, Name: esa.SDR, Text: "Consolidated Sender Reputation: Poor, Threat Category: Spam. Youngest Domain Age: 5 days for domain: b.example"}),
		message(5, esa.Event{Kind: esa.EngineVerdict, Engine: esa.OutbreakFilters, Verdict: esa.Positive, Name: "Phish"},
			esa.Event{Kind: esa.MessageQuarantined, Engine: esa.OutbreakFilters, Name: "Outbreak"}),
		message(6, esa.Event{Kind: esa.EngineVerdict, Engine: esa.AMP, Verdict: esa.Negative}, esa.Event{Kind: esa.VerdictChanged, Engine: esa.AMP, Verdict: esa.Positive, Attachment: changed}),
		message(7, esa.Event{Kind: esa.EngineVerdict, Engine: esa.AntiVirus, Verdict: esa.Repaired, Name: "EICAR"}, esa.Event{Kind: esa.EngineVerdict, Engine: esa.AntiSpam, Verdict: esa.Bulk},
			esa.Event{Kind: esa.EngineVerdict, Engine: esa.MessageFilters, Verdict: esa.Positive, Name: "first"}),
		message(8, esa.Event{Kind: esa.URLMatched, Text: "http://x.example/", Address: "2.5", Name: "URL Reputation Rule"}),
	)
	for query, want := range map[string]string{
		"dlpViolationsNames=HIPAA,PCI": "2 1", "dlpViolationsNames=pci": "2", "dlpViolationsSeverities=low": "1", "dlpViolationsSeverities=critical,low": "2 1", "dlpViolationsSeverities=high": "",
		"dlpViolationsNames=PCI&dlpViolationsSeverities=low": "", "dlpAction=dropped": "2", "dlpAction=delivered": "1", "dlpAction=encrypted": "",
		"dmarcFrom=B.example": "3", "dmarcFrom=c.example": "", "dmarcAction=failed": "3", "dmarcAction=reject": "3", "dmarcAction=passed": "", "dmarcFrom=b.example&dmarcAction=none": "",
		"sdrReputation=poor": "4", "sdrReputation=poor,awful": "4", "sdrThreatLevels=1": "4", "sdrThreatLevels=2": "", "sdrReputation=awful&dmarcAction=failed": "3",
		"threatName=phish": "5", "outbreakFiltersVofThreatCategory=Phish": "5", "inOutbreakQuarantine=True": "5", "quarantineStatus=OUTBREAK": "5", "quarantineStatus=AMP": "",
		"advancedMalwareProtection=amp_malicious&advancedMalwareProtectionMailflowDirection=incoming": "6", "advancedMalwareProtection=amp_clean&advancedMalwareProtectionMailflowDirection=incoming": "6",
		"virusPositive=True": "7", "graymail=True": "7", "messageFilters=First": "7", "messageFilters=second,first": "7",
		"containedNeutralUrls=True": "8", "containedMaliciousUrls=True": "", "urlReputation=2": "8", "urlReputation=2&dlpAction=dropped": "8 2",
		"geoLocation=Norway&dlpAction=dropped": "2", "geoLocation=norway,netherlands&limit=2": "8 7", "ipReputation=3&limit=1": "8",
	} {
		w := ask(h, "GET", "message-tracking/messages?startDate=2022-09-07T00:00:00.000Z&endDate=2022-09-08T00:00:00.000Z&"+query, "")
		if got, err := foundMIDs(w); err != nil || got != want {
			t.Errorf("%s: %q, want %q; %v", query, got, want, err)
		}
	}
}

// foundMIDs are the first MIDs of the rows.
func foundMIDs(w *httptest.ResponseRecorder) (string, error) {
	var got struct {
		Data []struct {
			Attributes struct{ MID []json.Number }
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
		return w.Body.String(), err
	}
	var out []string
	for _, row := range got.Data {
		out = append(out, row.Attributes.MID[0].String())
	}
	return strings.Join(out, " "), nil
}

// Every parameter of the table is known to the call, and each group says what it
// does not find.
func TestParameters(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range searchParameters() {
		if seen[name] {
			t.Errorf("%s is listed twice", name)
		}
		seen[name] = true
	}
	if len(seen) < 60 {
		t.Errorf("%d parameters", len(seen))
	}
}

// Of what is too long for a search it is said, too.
func TestLongQuery(t *testing.T) {
	h := testAPI(t)
	for _, query := range []string{"quarantinedTo=" + strings.Repeat("abc,", 5000) + "x", "subjectfilterOperator=is&subjectfilterValue=" + strings.Repeat("a", 70000), strings.Repeat("mid=1&", 2000)} {
		w := ask(h, "GET", "message-tracking/messages?startDate=2022-09-07T00:00:00.000Z&endDate=2022-09-08T00:00:00.000Z&"+query, "")
		if w.Code != http.StatusNotFound || w.Body.Len() > 1000 {
			t.Errorf("%.40s: %d %.300s", query, w.Code, w.Body)
		}
	}
}

// broken is a store that cannot be read.
type broken struct{ *tracking.Store }

func (broken) Search(context.Context, tracking.Query) (tracking.Page, error) {
	return tracking.Page{}, errors.New("disk on fire")
}

// What is wrong inside is for the log, not for the client.
func TestBroken(t *testing.T) {
	var log strings.Builder
	h := rest.New(rest.Options{SignIn: testUsers(t), Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Routes: Routes(Options{Tracker: broken{}, Host: "esa.test"})})
	w := ask(h, "GET", "message-tracking/messages?startDate=2022-09-07T00:00:00.000Z&endDate=2022-09-08T00:00:00.000Z", "")
	if want := `{"error":{"message":"Internal error. It has been logged.","code":"500","explanation":"500 = Server got itself in trouble"}}`; w.Code != 500 || strings.TrimSpace(w.Body.String()) != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "disk on fire") {
		t.Errorf("log: %s", log.String())
	}
}

// Places are bounded, and those of a search that begins anew are forgotten.
func TestPlaces(t *testing.T) {
	var p places
	for i := range mostSearches + 50 {
		p.keep(string(rune('a'+i)), true, 10, place{before: 5})
	}
	if len(p.list) != mostSearches {
		t.Errorf("%d searches are remembered", len(p.list))
	}
	for i := range 3 * mostPlaces {
		p.keep("k", false, 10*(i+1), place{before: esa.MID(1000 - i), shown: map[esa.MID]bool{1: true, 2000: true}})
	}
	if n := len(p.list["k"].at); n != mostPlaces {
		t.Errorf("%d places are remembered", n)
	}
	last := 30 * mostPlaces
	if at, skip := p.from("k", last+3); at.before == 0 || skip != 3 || !at.shown[1] || at.shown[2000] {
		t.Errorf("%+v, skip %d", at, skip)
	}
	if at, skip := p.from("k", 5); at.before != 0 || skip != 5 {
		t.Errorf("%+v, skip %d", at, skip)
	}
	p.keep("k", true, 10, place{before: 7})
	if at, skip := p.from("k", last); at.before != 7 || skip != last-10 {
		t.Errorf("after a new beginning: %+v, skip %d", at, skip)
	}
}

func FuzzCall(f *testing.F) {
	h := testAPI(f, message(1, esa.Event{Kind: esa.MessageQueued}), message(2))
	day := "startDate=2022-09-07T00:00:00.000Z&endDate=2022-09-08T00:00:00.000Z&"
	for _, path := range []string{"message-tracking/messages", "message-tracking/details", "message-tracking/connection-details", "message-tracking/availability", "login", "login/privileges", "x"} {
		f.Add("GET", path, day+"mid=1&icid=5", "{}")
	}
	for _, g := range eventGroups() {
		query := day
		for _, name := range g.names() {
			query += name + "=1,a%2C&"
		}
		f.Add("GET", "message-tracking/messages", query, "")
	}
	f.Add("GET", "message-tracking/messages", day+"subjectfilterOperator=contains&subjectfilterValue=%ff%00+%&offset=1&limit=99", "")
	f.Add("GET", "message-tracking/messages", day+"searchOption=rejected_connections&senderIp=::ffff:1.2.3.4/97", "")
	f.Add("POST", "login", "", `{"data": {"userName": "YWRtaW4=", "passphrase": "aXJvbnBvcnQ="}}`)
	f.Add("POST", "login", "", `{"data": {"userName": "\u0000=", "passphrase": "===="}}`)
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		if _, err := http.NewRequest(method, "/", nil); err != nil {
			return // no request that a server reads
		}
		w := ask(h, method, path, body+query)
		if query != "" {
			w = ask(h, method, path+"?"+query, body)
		}
		if w.Code >= 500 {
			t.Errorf("%s %s?%q %q: %d %s", method, path, query, body, w.Code, w.Body)
		}
		if w.Header().Get("Content-Type") == "application/json" && !json.Valid(w.Body.Bytes()) {
			t.Errorf("no JSON: %s", w.Body)
		}
	})
}
