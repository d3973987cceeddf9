package esasimtest_test

import (
	"testing"

	"esasim/esa"
	"esasim/esasimtest"
)

func TestSend(t *testing.T) {
	l := esasimtest.Start(t)
	mid := l.Send(t, "alice@example.com", "Subject: hello\r\n\r\nhello\r\n", "bob@example.org", "carol@example.org")
	m, err := l.Appliance().Tracking().Message(t.Context(), mid)
	if err != nil || m.Subject != "hello" || len(m.Recipients) != 2 || m.State == esa.Aborted {
		t.Errorf("MID %d: %+v, %v", mid, m, err)
	}
	if l.Addresses.DeviceID == "" {
		t.Error("not registered")
	}
}
