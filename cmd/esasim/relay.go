package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"esasim/cloud/ctim"
	"esasim/cloud/ctr"
	"esasim/cloud/relay"
)

// relayFlags are what the flags of `esasim relay check` say.
type relayFlags struct {
	auth        string
	header      string
	user        string
	token       string
	key         string
	claims      []string
	audience    string
	jwks        string
	apis        []string
	observables []string
	action      string
	timeout     time.Duration
	name        string
	json        bool
	strict      bool
}

// authStored is a form of authorisation of this command alone: it makes the
// token that is stored as authorization-header.
const authStored = "stored-token"

func relayCommand() *cobra.Command {
	c := &cobra.Command{Use: "relay", Short: "Third parties' modules for Threat Response", Args: noArguments}
	c.AddCommand(relayCheckCommand())
	return c
}

func relayCheckCommand() *cobra.Command {
	var s relayFlags
	c := &cobra.Command{
		Use: "check URL", Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("relay check needs the URL of a relay, as http://127.0.0.1:9090")
			}
			return nil
		},
		Short: "Call a relay as Threat Response does, and say what is wrong with its answers",
		Long: `Call each route of a relay as Threat Response does, and say what is wrong with its
answers, and what Threat Response would show (docs/relay.md). The exit status is
1 if a route is faulty; with --strict, a warning is enough.`,
		Example: `  esasim relay check http://127.0.0.1:9090 --observable domain:cisco.com
  esasim relay check http://127.0.0.1:9090 --auth stored-token --key SECRET --claim key=abc
  esasim relay check http://127.0.0.1:9090 --auth configuration-token --claim key=abc --jwks 127.0.0.1:9091`,
		RunE: func(c *cobra.Command, args []string) error { return s.run(c, args[0]) },
	}
	f := c.Flags()
	f.StringVar(&s.auth, "auth", relay.AuthNone, strings.Join(append(relay.Auths(), authStored), ", "))
	f.StringVar(&s.header, "header", "", "of authorization-header: the header Authorization")
	f.StringVar(&s.user, "user", "", "of basic: NAME:PASSWORD")
	f.StringVar(&s.token, "token", "", "of bearer: the token")
	f.StringVar(&s.key, "key", "", "of stored-token, and of configuration-token with HS256: the key that the relay knows")
	f.StringArrayVar(&s.claims, "claim", nil, "of stored-token and configuration-token: NAME=VALUE; may be repeated")
	f.StringVar(&s.audience, "audience", "", "of configuration-token: aud (default the URL)")
	f.StringVar(&s.jwks, "jwks", "", "of configuration-token with RS256: HOST:PORT at which the key is served by HTTP, /.well-known/jwks, during the check; the claim jwks_host says so")
	f.StringSliceVar(&s.apis, "apis", nil, "the routes that there must be, as health,observe/observables; others are not called (default all that there are)")
	f.StringArrayVar(&s.observables, "observable", nil, "TYPE:VALUE that is asked for; may be repeated (default one of each usual type)")
	f.StringVar(&s.action, "trigger", "", "the id of an action to be done for the first observable")
	f.DurationVar(&s.timeout, "timeout", ctr.DefaultModuleDeadline, "for each call")
	f.StringVar(&s.name, "name", "Relay", "the module's name, which some errors have in them")
	f.BoolVar(&s.json, "json", false, "print the report as JSON")
	f.BoolVar(&s.strict, "strict", false, "fail for warnings, too")
	return c
}

func (s *relayFlags) run(c *cobra.Command, url string) error {
	if s.timeout <= 0 {
		return fmt.Errorf("--timeout %s: must be greater than 0", s.timeout)
	}
	checking := relay.Checking{Action: s.action, Timeout: s.timeout}
	for _, text := range s.observables {
		kind, value, _ := strings.Cut(text, ":")
		o := ctim.Observable{Type: ctim.ObservableType(kind), Value: value}
		if !o.Type.Known() || value == "" {
			return fmt.Errorf("--observable %s: want TYPE:VALUE, as domain:cisco.com", text)
		}
		checking.Observables = append(checking.Observables, o)
	}
	settings, err := s.settings(url)
	if err != nil {
		return err
	}
	r := &relay.Relay{Name: s.name, Settings: settings, Caller: relay.NewCaller()}
	defer r.Caller.Close()
	if settings.Auth == relay.AuthToken && settings.Token.Algorithm == relay.RS256 {
		signer, err := ctr.NewSigner()
		if err != nil {
			return err
		}
		r.Sign = signer.Sign
		end, err := s.serveKey(signer)
		if err != nil {
			return err
		}
		defer end()
	}
	return s.say(c.OutOrStdout(), relay.Check(c.Context(), r, checking))
}

// settings are those of a module instance that is set up as the flags say.
func (s *relayFlags) settings(url string) (relay.Settings, error) {
	all := map[string]any{"url": url, "auth-type": s.auth, "authorization-header": s.header, "token": s.token}
	if s.apis != nil {
		all["supported-apis"] = s.apis
	}
	claims := map[string]any{}
	for _, claim := range s.claims {
		name, value, ok := strings.Cut(claim, "=")
		if !ok || name == "" {
			return relay.Settings{}, fmt.Errorf("--claim %s: want NAME=VALUE", claim)
		}
		claims[name], all["custom_"+name] = value, value
	}
	switch s.auth {
	case relay.AuthBasic:
		all["username"], all["password"], _ = strings.Cut(s.user, ":")
	case authStored:
		token, err := relay.Stored(claims, s.key)
		if err != nil {
			return relay.Settings{}, err
		}
		all["auth-type"], all["authorization-header"] = relay.AuthHeader, "Bearer "+token
	case relay.AuthToken:
		if s.audience != "" {
			all["configuration-token-audience"] = s.audience
		}
		if s.jwks != "" {
			all["custom_jwks_host"] = s.jwks
		}
		if s.key != "" {
			all["configuration-token-alg"], all["configuration-token-key"] = relay.HS256, s.key
		}
	}
	return relay.Read(nil, all)
}

// serveKey serves the key of a check's tokens until end is called.
func (s *relayFlags) serveKey(signer *ctr.Signer) (end func(), err error) {
	if s.jwks == "" {
		return func() {}, nil
	}
	l, err := net.Listen("tcp", s.jwks)
	if err != nil {
		return nil, fmt.Errorf("--jwks %s: %w", s.jwks, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/jwks", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(signer.JWKS()) // an error means that the relay is gone
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // until it is closed
	}()
	return func() { _ = server.Close(); <-done }, nil
}

// say prints a report, and is an error if the relay is not as it should be.
func (s *relayFlags) say(w io.Writer, report relay.Report) error {
	if s.json {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		if err := e.Encode(report); err != nil {
			return fmt.Errorf("print report: %w", err)
		}
	} else if err := printRelay(w, report); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	if report.Verdict == relay.Faulty || s.strict && report.Verdict == relay.Warned {
		return fmt.Errorf("relay %s: %s", report.URL, report.Verdict)
	}
	return nil
}

func printRelay(w io.Writer, report relay.Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ROUTE\tVERDICT\tSTATUS\tANSWER")
	for _, r := range report.Routes {
		status := "-"
		if r.Status != 0 {
			status = fmt.Sprint(r.Status)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.Route, r.Verdict, status, safe(cmp.Or(r.Answer, "-")))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, r := range report.Routes {
		if len(r.Shown)+len(r.Notes) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s\n", r.Route)
		for _, shown := range r.Shown {
			fmt.Fprintf(w, "  Threat Response shows %s %s: %s\n", shown.Type, safe(shown.Code), safe(shown.Message))
		}
		for _, note := range r.Notes {
			fmt.Fprintf(w, "  note: %s\n", safe(note))
		}
	}
	_, err := fmt.Fprintf(w, "\n%s: %s\n", report.URL, report.Verdict)
	return err
}
