package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"esasim/lab"
)

// announce tells where everything is: on the screen, and in the addresses file.
func (s *settings) announce(w io.Writer, l *lab.Lab) error {
	a := l.Addresses()
	if s.addressesFile != "" {
		if err := writeAddresses(s.addressesFile, a); err != nil {
			return err
		}
	}
	fmt.Fprint(w, screen(a, s.data))
	if a.SMTP == "" {
		if err := invite(w, l, a); err != nil {
			return err
		}
	}
	for _, address := range l.Exposed() {
		fmt.Fprintf(w, "\nWarning: %s can be reached from other machines, and the pages and the emulator's own API have no sign-in yet.\n", address)
	}
	return nil
}

// invite says how an appliance in another process registers with each region.
func invite(w io.Writer, l *lab.Lab, a lab.Addresses) error {
	for _, region := range regions(a) {
		token, err := l.Token(context.Background(), region)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "\n  esasim appliance --sse %s=%s --token %s\n", region, a.Cloud[region], token)
	}
	return nil
}

// writeAddresses puts the file there whole: whoever waits for it never reads
// half of it. It holds credentials, so others on the machine may not read it.
func writeAddresses(path string, a lab.Addresses) error {
	b, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return fmt.Errorf("addresses file: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".esasim-*")
	if err != nil {
		return fmt.Errorf("addresses file: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("addresses file: %w", err)
	}
	return nil
}

// screen is the first screen: where to send, where to look, what to paste.
func screen(a lab.Addresses, data string) string {
	var b strings.Builder
	line := func(name, value string) { fmt.Fprintf(&b, "  %-18s %s\n", name, value) }
	b.WriteString("esasim is ready.\n\n")
	if a.SMTP != "" {
		line("send mail to", a.SMTP)
		for _, name := range slices.Sorted(maps.Keys(a.Listeners)) {
			line("listener "+name, a.Listeners[name])
		}
		if a.SSH != "" {
			host, port, _ := net.SplitHostPort(a.SSH)
			line("command line", "ssh -p "+port+" "+a.ConsoleUser+"@"+host)
		}
		if api := cmp.Or(a.APITLS, a.API); api != "" {
			line("REST API", api+"/esa/api/v2.0")
		}
		line("Message Tracking", a.Console+"/monitor/message_tracking")
	}
	for _, region := range regions(a) {
		line("Investigate", a.Cloud[region]+"/investigate  ("+region+")")
	}
	if a.SMTP != "" {
		host, port, _ := net.SplitHostPort(a.SMTP)
		fmt.Fprintf(&b, "\n  swaks --server %s --port %s --from alice@example.com --to bob@example.org --header 'Subject: test test'\n", host, port)
	}
	b.WriteString("\n")
	if a.Serial != "" {
		line("serial", a.Serial)
	}
	if a.DeviceID != "" {
		line("device", a.DeviceID)
	}
	if a.ClientID != "" {
		line("API client", a.ClientID)
		line("its password", a.ClientPassword)
	}
	if a.ConsoleUser != "" {
		line("console user", a.ConsoleUser+" / "+a.ConsolePassphrase+"  (for the REST API and the command line)")
	}
	if data == "" {
		data = "temporary, removed at the end; --data DIR keeps it"
	}
	line("data", data)
	return b.String()
}

func regions(a lab.Addresses) []string {
	var out []string
	for r := range a.Cloud {
		out = append(out, r)
	}
	slices.Sort(out)
	return out
}
