// Package quarantines is the part of the AsyncOS REST API about quarantines: which
// messages they hold, what is in them, what an administrator does with them, and
// what the quarantines are.
//
// Numbers of messages: on an SMA, which holds messages of several appliances, mid is
// the SMA's own number of a message and esaMid that of the appliance which caught it.
// This appliance holds its messages itself, so both are its MID, the one that
// message tracking and the logs have.
package quarantines

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/letter"
	"esasim/appliance/quarantine"
	"esasim/appliance/users"
	"esasim/esa"
)

// Keeper keeps the quarantines. The errors are those of package quarantine.
type Keeper interface {
	List() []quarantine.Status
	Search(ctx context.Context, q quarantine.Search) (quarantine.Page, error)
	Each(ctx context.Context, of quarantine.Among, yield func(*quarantine.Held) error) error
	Get(ctx context.Context, mid esa.MID) (quarantine.Held, error)
	Content(ctx context.Context, mid esa.MID) (io.ReadCloser, error)
	Letter(ctx context.Context, mid esa.MID) (*letter.Letter, error)
	Part(ctx context.Context, mid esa.MID, index int, dst io.Writer) error
	Release(ctx context.Context, mids []esa.MID, quarantine string) (quarantine.Result, error)
	Delete(ctx context.Context, mids []esa.MID, quarantine string) (quarantine.Result, error)
	Move(ctx context.Context, mids []esa.MID, from, to string) (quarantine.Result, error)
	SendCopy(ctx context.Context, mids []esa.MID, quarantine string, to []string) (quarantine.Result, error)
	Delay(ctx context.Context, mids []esa.MID, quarantine string, by time.Duration) (quarantine.Result, error)
}

// Options of the area. Keeper and Changes are required.
type Options struct {
	Keeper   Keeper
	Changes  Changes
	Host     string         // the appliance's name
	Space    int64          // octets that messages in policy quarantines may take; 0: any
	Location *time.Location // of the times in answers; nil: UTC
	Logger   *slog.Logger   // is told of each change; nil: slog.Default()
}

type api struct {
	Options
	// changing is held from the look at the quarantines until they are changed: of two
	// who make the same one, one is refused.
	changing sync.Mutex
}

// Routes are the calls of the area.
func Routes(o Options) []rest.Route {
	if o.Location == nil {
		o.Location = time.UTC
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	a := &api{Options: o}
	look := func(path, privilege string, takes []string, serve func(*rest.Call) (any, error)) rest.Route {
		return rest.Route{Method: "GET", Path: "quarantine/" + path, Privilege: "e_quarantine_" + privilege, Takes: takes, Plus: plusses, Serve: serve}
	}
	change := func(method, path, privilege string, serve func(*rest.Call) (any, error)) rest.Route {
		return rest.Route{Method: method, Path: "quarantine/" + path, Privilege: "e_quarantine_" + privilege, May: users.Role.MayChange, Serve: serve}
	}
	return append(a.settingRoutes(), []rest.Route{
		look("messages", "messages", slices.Concat(commonParameters, spamParameters, pvoParameters), a.serveSearch),
		look("messages/details", "details", []string{"mid", "quarantineType"}, a.serveDetails),
		look("messages/attachment", "attachment", []string{"mid", "attachmentId", "quarantineType"}, a.serveAttachment),
		look("messages/rules", "rules", []string{"quarantineType"}, a.serveRules),
		look("rules_search", "rules_search", append([]string{"ruleId"}, commonParameters...), a.serveRuleSearch),
		change("POST", "messages", "actions", a.serveAction),
		change("DELETE", "messages", "delete", a.serveDelete),
		change("POST", "messages/rules", "rules_actions", a.serveRuleRelease),
		change("DELETE", "messages/rules", "rules_delete", a.serveRuleDelete),
	}...)
}

// plusses are the parameters in which + is itself: addresses have no blanks.
var plusses = []string{"envelopeRecipientFilterValue", "envelopeSenderFilterValue"}

// The kinds of quarantines.
const (
	spam = "spam"
	pvo  = "pvo" // policy, virus and outbreak quarantines
)

// kindOf reads which kind of quarantines a call is about.
func kindOf(p rest.Parameters) (string, error) {
	if p.Get("quarantineType") == "" {
		return "", rest.Missing("quarantineType")
	}
	return p.One("quarantineType", spam, pvo)
}

// onlyPVO is a call that is for the policy, virus and outbreak quarantines alone.
func onlyPVO(p rest.Parameters) error {
	if p.Get("quarantineType") == "" {
		return rest.Missing("quarantineType")
	}
	_, err := p.One("quarantineType", pvo)
	return err
}
