package appliance

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"esasim/appliance/amplog"
	"esasim/appliance/auditlog"
	"esasim/appliance/bouncelog"
	"esasim/appliance/config"
	"esasim/appliance/consolidated"
	"esasim/appliance/logs"
	"esasim/appliance/maillog"
	"esasim/esa"
	"esasim/esa/gather"
	"esasim/tracking"
)

// model of the appliance on its pages and in its logs, in front of the product.
const model = "C100V"

// planned is a log subscription as the configuration has it.
type planned struct {
	config.LogSubscription
	words words
	o     logs.Options
}

// words are what else of the configuration a log depends on.
type words struct {
	wording           config.Wording
	product, timezone string
}

// planLogs are the log subscriptions of a configuration. One that is new begins at the
// log's end.
func (a *Appliance) planLogs(c *config.Appliance) ([]planned, error) {
	in, err := c.Location()
	if err != nil {
		return nil, err
	}
	plan := make([]planned, len(c.Logs))
	for i := range c.Logs {
		plan[i] = planned{LogSubscription: c.Logs[i], words: words{c.Wording, c.Product, c.Timezone}}
		if plan[i].o, err = a.logOptions(c, &c.Logs[i], in); err != nil {
			return nil, err
		}
	}
	return plan, nil
}

// dropPlaces lets go of the places of subscriptions that are no more: the event log
// would be kept for them.
func (a *Appliance) dropPlaces(plan []planned) error {
	// Before there were subscriptions the mail logs had a place of this name.
	if err := a.store.DropCursor("mail_logs"); err != nil {
		return err
	}
	names, err := a.store.Cursors(logs.CursorPrefix)
	if err != nil {
		return err
	}
	for _, name := range names {
		if slices.ContainsFunc(plan, func(p planned) bool { return logs.CursorPrefix+p.Name == name }) {
			continue
		}
		if err := a.store.DropCursor(name); err != nil {
			return err
		}
	}
	return nil
}

func (a *Appliance) logOptions(c *config.Appliance, l *config.LogSubscription, in *time.Location) (logs.Options, error) {
	level, err := logs.ParseLevel(cmp.Or(l.Level, "info"))
	if err != nil {
		return logs.Options{}, fmt.Errorf("log subscription %s: %w", l.Name, err)
	}
	content, stem := a.logContent(c, l.Type, in)
	o := logs.Options{Name: l.Name, Content: content, Level: level, Location: in, From: a.store.Last()}
	if l.Syslog.Address != "" {
		o.Syslog = a.syslog(&l.Syslog)
		return o, nil
	}
	o.Files = a.logFiles(c, l, stem)
	return o, nil
}

// logFiles say how a subscription is kept in files.
func (a *Appliance) logFiles(c *config.Appliance, l *config.LogSubscription, stem string) *logs.Files {
	return &logs.Files{
		FS: a.o.FS, Dir: a.o.FS.PathJoin(a.o.Dir, l.Name), Stem: stem, Version: c.Version, Serial: a.serial,
		RollSize: int64(l.RollSize), Keep: l.Keep,
	}
}

// logContent is what a type of log says, and what the names of its files begin with.
func (a *Appliance) logContent(of *config.Appliance, kind string, in *time.Location) (c logs.Content, stem string) {
	switch kind {
	case "consolidated_event":
		d := consolidated.Device{Product: model + " " + of.Product, Version: of.Version, Serial: a.serial,
			Wording: int(of.Wording)}
		return consolidated.New(d, in, logStore{a.store}), kind
	case "audit":
		return auditlog.Log{Host: of.Hostname}, kind
	case "bounces":
		return bouncelog.New(logStore{a.store}), kind
	case "amp":
		return amplog.New(logStore{a.store}), kind
	default: // the configuration was checked
		return maillog.Log{Wording: int(of.Wording)}, "mail"
	}
}

func (a *Appliance) syslog(s *config.Syslog) *logs.Syslog {
	facility, _ := config.Facility(s.Facility) // the configuration was checked
	o := &logs.Syslog{Network: "tcp", Address: s.Address, Facility: facility, Dial: a.o.Dial, Logger: a.o.Logger}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	switch s.Protocol {
	case "", "udp":
		o.Network = "udp"
	case "tls":
		host, _, _ := net.SplitHostPort(s.Address)
		o.TLS = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
		if s.Trust != "" {
			o.TLS.RootCAs = x509.NewCertPool()
			o.TLS.RootCAs.AppendCertsFromPEM([]byte(s.Trust))
		}
	}
	return o
}

// logStore is the store as logs see it that speak of whole messages.
type logStore struct{ *tracking.Store }

func (l logStore) Message(ctx context.Context, mid esa.MID) (esa.Message, error) {
	m, err := l.Store.Message(ctx, mid)
	return m, gone(err)
}

func (l logStore) Connection(ctx context.Context, icid esa.ICID) ([]esa.Event, error) {
	events, err := l.Store.Connection(ctx, icid)
	return events, gone(err)
}

// gone is the error for those that do not know the store.
func gone(err error) error {
	if errors.Is(err, tracking.ErrNotFound) {
		return fmt.Errorf("%w: %w", gather.ErrGone, err)
	}
	return err
}
