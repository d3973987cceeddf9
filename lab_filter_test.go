package esasim_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.yaml.in/yaml/v3"

	"esasim/appliance/config"
	"esasim/esa"
	"esasim/esasimtest"
	"esasim/internal/golden"
	"esasim/lab"
	"esasim/tracking"
)

// filtered is a conversation of testdata/filters: a configuration, and what is sent
// to an appliance that has it.
type filtered struct {
	Config   yaml.Node `yaml:"config"` // what is below "appliance"
	Messages []struct {
		From string `yaml:"from"`
		Mail string `yaml:"mail"`
	} `yaml:"messages"`
}

// Each configuration of testdata/filters makes of its messages what the file beside
// it says: the lines of the mail log, and each message that there is in the end.
func TestFilters(t *testing.T) {
	files, err := filepath.Glob("testdata/filters/*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			var f filtered
			d := yaml.NewDecoder(strings.NewReader(readFile(t, name)))
			d.KnownFields(true)
			if err := d.Decode(&f); err != nil {
				t.Fatal(err)
			}
			var got string
			synctest.Test(t, func(t *testing.T) { got = f.run(t) })
			file := strings.TrimSuffix(name, ".yaml") + ".golden"
			golden.Check(t, file, []byte(got), *update)
		})
	}
}

// run sends the messages, one after the other, and says what became of them.
func (f *filtered) run(t *testing.T) string {
	v := &virtual{fs: vfs.NewMem()}
	v.start(t, func(o *lab.Options) {
		o.Config.Cloud, o.DeliveryLag = nil, lag // what happens side by side has an order
		if err := f.Config.Decode(&o.Config.Appliance); err != nil {
			t.Fatal(err)
		}
	})
	defer func() { v.stop() }()
	others := regexp.MustCompile(`engine|AV verdict|antivirus|AMP|DCID|Response`) // what other tests are about
	for _, m := range f.Messages {
		v.inject(t, m.From, strings.ReplaceAll(m.Mail, "\n", "\r\n"))
		time.Sleep(time.Minute)
	}
	time.Sleep(time.Minute) // what the log files have is synced
	var b strings.Builder
	for _, line := range v.mailLog(t) {
		if strings.Contains(line, "MID ") && !others.MatchString(line) {
			fmt.Fprintln(&b, line)
		}
	}
	for mid := esa.MID(1); ; mid++ {
		m, err := v.Appliance().Tracking().Message(t.Context(), mid)
		if err != nil {
			return b.String()
		}
		if fmt.Fprintf(&b, "\n== MID %d: %s\n", mid, m.Status()); m.State == esa.Replaced {
			continue
		}
		if text := v.content(t, mid); !strings.Contains(text, "multipart/report") {
			b.WriteString(strings.ReplaceAll(text, "\r\n", "\n"))
		}
	}
}

// What filters made of a message is what another host gets: the message changed, for
// other recipients, and the notification beside it.
func TestFilteredRelay(t *testing.T) {
	second := esasimtest.Start(t)
	first := esasimtest.Start(t, func(o *lab.Options) {
		a := &o.Config.Appliance
		a.Routes = []config.Route{{Domain: "ALL", Hosts: []string{second.Addresses.SMTP}}}
		a.MessageFilters = `mark: { insert-header("X-Marked", "$MID"); }`
		a.ContentFilters.Incoming = []config.ContentFilter{{Name: "change", Conditions: []config.FilterCondition{{If: "attachment_name", EndsWith: ".exe"}}, Actions: []config.FilterAction{
			{Do: "strip", By: "name", Matches: `\.exe$`, Text: "removed: $dropped_filename"}, {Do: "change_recipient", To: []string{"quarantine@example.org"}}, {Do: "notify", To: []string{"$EnvelopeRecipients"}}}}}
		a.MailPolicies.Incoming = []config.MailPolicy{{Name: "DEFAULT", ContentFilters: &[]string{"change"}}}
	})
	first.Send(t, "a@b.example", strings.ReplaceAll(`Subject: program
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b

hello
--b
Content-Type: application/octet-stream
Content-Disposition: attachment; filename="a.exe"

MZ
--b--
`, "\n", "\r\n"), "bob@example.org")
	arrived := map[string]string{} // content by recipient
	eventually(t, "both messages to arrive", func() error {
		for mid := esa.MID(1); mid <= 2; mid++ {
			m, err := second.Appliance().Tracking().Message(t.Context(), mid)
			if err != nil || !m.Finished {
				return fmt.Errorf("MID %d: %s, %v", mid, m.State, err)
			}
			v := virtual{Lab: second.Lab}
			arrived[m.Recipients[0].Address] = v.content(t, mid)
		}
		return nil
	})
	changed, note := arrived["quarantine@example.org"], arrived["bob@example.org"]
	if !strings.Contains(changed, "X-Marked: 1\r\n") || !strings.Contains(changed, "removed: a.exe") || strings.Contains(changed, "MZ") {
		t.Errorf("the message:\n%s", changed)
	}
	if !strings.Contains(note, "Subject: Message Notification") || !strings.Contains(note, `A message matched the filter "change".`) {
		t.Errorf("the notification:\n%s", note)
	}
	for mid, want := range map[esa.MID]string{1: "Rewritten", 2: "Rewritten", 3: "Delivered", 4: "Delivered"} {
		eventually(t, "the sender to know", func() error {
			m, err := first.Appliance().Tracking().Message(t.Context(), mid)
			if err == nil && m.Status() != want {
				err = fmt.Errorf("MID %d: %s, want %s", mid, m.Status(), want)
			}
			return err
		})
	}
}

// What filters did is found in Message Tracking, and is in the Consolidated Event Log.
func TestFiltersAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, func(o *lab.Options) {
			o.Config.Cloud = nil
			subscribed(config.LogSubscription{Name: "events", Type: "consolidated_event"})(o)
			a := &o.Config.Appliance
			a.MessageFilters = `seen: if (subject == "one") { log-entry("$Subject"); } spam: if (subject == "spam") { drop(); }`
			a.ContentFilters.Incoming = []config.ContentFilter{{Name: "two or one", Conditions: []config.FilterCondition{{If: "subject", Matches: "one|two"}}, Actions: []config.FilterAction{{Do: "add_footer", Text: "bye"}}}}
			a.MailPolicies.Incoming = []config.MailPolicy{{Name: "DEFAULT", ContentFilters: &[]string{"two or one"}}}
		})
		for _, subject := range []string{"one", "two", "three", "spam"} { // MID 1 and 2, 3 and 4, 5, 6
			v.send(t, "u@x.example", subject)
			time.Sleep(time.Minute)
		}
		for query, want := range map[string]string{
			`event=verdict/message-filters/"seen"`: "1", `event=verdict/content-filters/positive/"two or one"`: "3 1", `event=log-entry`: "1",
			`event=rewritten/content-filters`: "3 1", `event=dropped/message-filters`: "6", `event=verdict/content-filters/negative`: "5",
		} {
			q, err := tracking.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			page, err := v.Appliance().Tracking().Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, m := range page.Messages {
				found = append(found, m.MID.String())
			}
			if got := strings.Join(found, " "); got != want {
				t.Errorf("%s: %s, want %s", query, got, want)
			}
		}
		v.stop()
		lines := strings.Join(v.logLines(t, "events", "consolidated_event"), "\n")
		for mid, verdicts := range map[int]string{2: "MATCH MATCH", 4: "NO_MATCH MATCH", 5: "NO_MATCH NO_MATCH", 6: "MATCH NOT_EVALUATED"} {
			mf, cf, _ := strings.Cut(verdicts, " ")
			if re := regexp.MustCompile(fmt.Sprintf("(?m)ESAMID=%d .* ESACFVerdict=%s .* ESAMFVerdict=%s ", mid, cf, mf)); !re.MatchString(lines) {
				t.Errorf("no %s in\n%s", re, lines)
			}
		}
	})
}
