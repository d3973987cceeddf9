package relay

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Settings say where a relay is and how it is called. They come from the
// properties of a module type and the settings of its instance.
type Settings struct {
	URL    string             // as given; see base
	APIs   []string           // supported-apis: the routes that the relay has; nil: all
	Auth   string             // auth-type: one of the Auth... words
	Header string             // authorization-header, as it is sent
	User   string             // of basic
	Secret string             // the password of basic, the token of bearer, the key of an HS256 configuration token
	Token  ConfigurationToken // of configuration-token
}

// ConfigurationToken is what the token made for each call has in it.
type ConfigurationToken struct {
	Algorithm string         // RS256 or HS256
	Audience  string         // aud; empty: the relay's URL
	Claims    map[string]any // the custom_ settings, without that prefix
}

// The forms of authorisation. Source: the relay contract.
const (
	AuthNone   = "none" // ours: the contract has no word for it
	AuthHeader = "authorization-header"
	AuthBasic  = "basic"
	AuthBearer = "bearer"
	AuthToken  = "configuration-token"
)

// Auths are all forms of authorisation.
func Auths() []string { return []string{AuthNone, AuthHeader, AuthBasic, AuthBearer, AuthToken} }

// The algorithms of a configuration token, the default first.
const (
	RS256 = "RS256" // by the region's key, which the relay gets from its JWKS; since 2021
	HS256 = "HS256" // by a key that both know
)

// customPrefix marks the settings that a relay is told in a configuration token.
const customPrefix = "custom_"

// Read reads the settings of a module: those of the instance hold over the
// properties of its type. Unknown keys are the relay's own. What is not said
// about authorisation follows from what is given: a stored header if there is
// one, else none. The keys of basic and bearer are ours (username, password,
// token); the others are those of the contract.
func Read(properties, settings map[string]any) (Settings, error) {
	all := maps.Clone(properties)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, settings)
	r := reader{all: all}
	s := Settings{
		URL: r.text("url"), APIs: r.texts("supported-apis"), Auth: r.text("auth-type"), Header: r.text("authorization-header"),
		Token: ConfigurationToken{Algorithm: r.text("configuration-token-alg"), Audience: r.text("configuration-token-audience"), Claims: claims(all)},
	}
	switch s.Auth {
	case "":
		s.Auth = AuthNone
		if s.Header != "" {
			s.Auth = AuthHeader
		}
	case AuthHeader:
	case AuthNone:
	case AuthBasic:
		s.User, s.Secret = r.either("username"), r.either("password")
	case AuthBearer:
		s.Secret = r.either("token")
	case AuthToken:
		s.Secret = r.text("configuration-token-key")
	default:
		r.fail("auth-type: %.60q: want %s", s.Auth, strings.Join(Auths(), ", "))
	}
	switch s.Token.Algorithm {
	case "":
		s.Token.Algorithm = RS256
	case RS256, HS256:
	default:
		r.fail("configuration-token-alg: %.60q: want %s or %s", s.Token.Algorithm, RS256, HS256)
	}
	return s, r.err
}

// claims are the custom settings without their prefix.
func claims(all map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range all {
		if name, custom := strings.CutPrefix(key, customPrefix); custom && name != "" {
			out[name] = value
		}
	}
	return out
}

// reader takes values out of settings and keeps the first fault.
type reader struct {
	all map[string]any
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("relay settings: "+format, args...)
	}
}

func (r *reader) text(key string) string {
	v, given := r.all[key]
	text, is := v.(string)
	if given && v != nil && !is {
		r.fail("%s: not a text", key)
	}
	return text
}

// either reads a setting that may be one of the relay's own.
func (r *reader) either(key string) string {
	if _, given := r.all[key]; given {
		return r.text(key)
	}
	return r.text(customPrefix + key)
}

func (r *reader) texts(key string) []string {
	var out []string
	switch v := r.all[key].(type) {
	case nil:
	case []string:
		return v
	case []any:
		out = []string{}
		for _, one := range v {
			text, is := one.(string)
			if !is {
				r.fail("%s: not a list of texts", key)
			}
			out = append(out, text)
		}
	default:
		r.fail("%s: not a list of texts", key)
	}
	return out
}

// has is true when the relay has a route, as "/observe/observables".
func (s *Settings) has(path string) bool {
	return s.APIs == nil || slices.ContainsFunc(s.APIs, func(api string) bool { return strings.Trim(api, "/") == strings.Trim(path, "/") })
}

// base is the URL without a slash at its end, "" when it is none.
func (s *Settings) base() string {
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return ""
	}
	return strings.TrimRight(s.URL, "/")
}
