package esasim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What public clients ask of reports, and what they look at in the answers.

// reported is a lab with some mail, of two hours, and a client of its API.
func reported(t *testing.T) (*virtual, *restClient) {
	v, c := restLab(t, 3)
	time.Sleep(time.Hour)
	v.send(t, "carol@example.org", "later")
	time.Sleep(time.Minute)
	return v, c
}

// A SOAR app asks for these eleven, of the last 249 days, with dates to the hour and +
// in them, and gives up if the answer has no data.resultSet of lists of one-key objects.
func TestSOARReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, c := reported(t)
		defer v.stop()
		const form = "2006-01-02T15:00+00:00"
		now := time.Now().UTC()
		dates := "startDate=" + now.Add(-249*24*time.Hour).Format(form) + "&endDate=" + now.Add(time.Hour).Format(form)
		for _, r := range []struct{ name, counter, key string }{
			{"mail_users_detail", "incoming_total_recipients", "u@x.example"},
			{"mail_incoming_domain_detail", "total_recipients", "No Domain Information"},
			{"mail_incoming_ip_hostname_detail", "total_recipients", "127.0.0.1"},
			{"mail_incoming_network_detail", "total_recipients", "127.0.0.0/24"},
			{"mail_sender_domain_detail", "total_recipients_processed", ""},
			{"mail_sender_ip_hostname_detail", "total_recipients_processed", ""},
			{"mail_destination_domain_detail", "total_recipients", ""},
			{"mail_virus_type_detail", "total_recipients", ""},
			{"mail_content_filter_outgoing", "recipients_matched", ""},
			{"mail_authentication_incoming_domain", "total", ""},
			{"mail_dlp_outgoing_policy_detail", "total_dlp_incidents", ""},
		} {
			var a struct {
				Data struct {
					Type      string
					ResultSet map[string][]map[string]any
				}
			}
			c.get("reporting/"+r.name+"?"+dates+"&device_type=esa", &a)
			list, ok := a.Data.ResultSet[r.counter]
			if a.Data.Type != r.name || !ok || len(list) == 0 != (r.key == "") {
				t.Errorf("%s: %+v", r.name, a.Data)
				continue
			}
			if r.key != "" && list[0][r.key] == nil {
				t.Errorf("%s: %v, want %s", r.name, list[0], r.key)
			}
			for counter, list := range a.Data.ResultSet {
				if slices.ContainsFunc(list, func(one map[string]any) bool { return len(one) != 1 }) {
					t.Errorf("%s: %s: %v", r.name, counter, list)
				}
			}
		}
	})
}

// A SIEM connector asks for three exports with a query that is not encoded and a body
// of {}, and reads the intervals in the order of time.
func TestSIEMReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, c := reported(t)
		defer v.stop()
		for _, name := range []string{"mail_users_detail", "mail_sender_ip_hostname_detail", "mail_incoming_ip_hostname_detail"} {
			status, _, b := c.do("GET", "reporting/"+name+"?device_type=esa&query_type=export&startDate=2020-08-10T09:00:00.000Z&endDate=2020-08-10T12:00:00.000Z", "{}")
			var a struct {
				Data struct {
					Type      string
					ResultSet struct {
						Intervals []struct {
							Begin  int64             `json:"begin_timestamp"`
							End    int64             `json:"end_timestamp"`
							Keys   []string          `json:"keys"`
							Values []json.RawMessage `json:"counter_values"`
						} `json:"time_intervals"`
						Names []string `json:"counter_names"`
					} `json:"resultSet"`
				}
			}
			if err := json.Unmarshal(b, &a); err != nil || status != http.StatusOK || a.Data.Type != name {
				t.Fatalf("%s: %d %s, %v", name, status, b, err)
			}
			counter := map[bool]string{true: "incoming_total_recipients", false: "total_recipients"}[name == "mail_users_detail"]
			got, last := []string{}, int64(0)
			for _, one := range a.Data.ResultSet.Intervals {
				if one.Begin < last || one.End <= one.Begin {
					t.Errorf("%s: %d to %d behind %d", name, one.Begin, one.End, last)
				}
				last = one.End
				for i, raw := range one.Values {
					key, values := siemRow(t, name, raw, one.Keys, i)
					if len(values) != len(a.Data.ResultSet.Names) {
						t.Fatalf("%s: %d values, %d names", name, len(values), len(a.Data.ResultSet.Names))
					}
					got = append(got, fmt.Sprint(key, " ", values[max(0, slices.Index(a.Data.ResultSet.Names, counter))]))
				}
			}
			want := map[string]string{"mail_users_detail": "u@x.example 3, carol@example.org 1", "mail_incoming_ip_hostname_detail": "127.0.0.1 3, 127.0.0.1 1"}[name]
			if strings.Join(got, ", ") != want {
				t.Errorf("%s: %v, want %s", name, got, want)
			}
		}
	})
}

// siemRow reads a row as the connector does: by address it is an object, otherwise a
// list beside its key.
func siemRow(t *testing.T, report string, raw []byte, keys []string, i int) (key string, values []any) {
	t.Helper()
	var err error
	if report == "mail_users_detail" {
		err = json.Unmarshal(raw, &values)
		if err != nil {
			t.Fatalf("%s: %s: %v", report, raw, err)
		}
		return keys[i], values
	}
	var row struct {
		Values []any  `json:"counter_values"`
		IP     string `json:"ip_domain"`
	}
	if err = json.Unmarshal(raw, &row); err != nil || keys != nil {
		t.Fatalf("%s: %s, keys %v: %v", report, raw, keys, err)
	}
	return row.IP, row.Values
}
