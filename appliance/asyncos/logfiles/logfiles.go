// Package logfiles is the part of the AsyncOS REST API that lists log subscriptions
// and gives their files.
package logfiles

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/logs"
	"esasim/appliance/users"
)

// Subscription is a log subscription. One without files is pushed to a syslog server.
type Subscription struct {
	Name  string // "mail_logs"
	Type  string // "IronPort Text Mail Logs"
	Files *logs.Files
}

// Options of the area. Subscriptions is required.
type Options struct {
	Subscriptions func() []Subscription // in the order of the configuration
}

type api struct{ Options }

// Routes are the calls of the area.
func Routes(o Options) []rest.Route {
	a := &api{o}
	return []rest.Route{
		{Method: "GET", Path: "config/logs/subscriptions", Privilege: "e_config_logs_subscriptions", May: users.Role.MayConfigure,
			Takes: []string{"retrievalMethod", "device_type"}, Serve: a.serveSubscriptions},
		{Method: "GET", Path: "logs/{subscription}", Privilege: "e_logs", May: users.Role.MayConfigure,
			Takes: []string{"startDate", "endDate", "computeHash", "device_type"}, Serve: a.serveFiles},
		{Method: "GET", Path: "logs/{subscription}/{file}", Privilege: "e_logs_download", May: users.Role.MayConfigure,
			Takes: []string{"device_type"}, Serve: a.serveFile},
	}
}

// methods are the words that are asked for, and what answers say of each. Only the
// first and the last are there. Source: the appliance's own description of its API;
// of the answers the first was seen.
func methods() map[string]string {
	return map[string]string{"manual": "Manual Download", "ftp_push": "FTP Push", "scp_push": "SCP Push", "syslog_push": "Syslog Push", "aws_s3_push": "AWS S3 Push"}
}

type subscription struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Method string `json:"retrievalMethod"`
}

// list is an answer with as many entries as it says.
type list[T any] struct {
	Meta struct {
		Total int `json:"totalCount"`
	} `json:"meta"`
	Data []T `json:"data"`
}

func listOf[T any](all []T) list[T] {
	out := list[T]{Data: all}
	out.Meta.Total = len(all)
	return out
}

func (a *api) serveSubscriptions(c *rest.Call) (any, error) {
	if err := device(c); err != nil {
		return nil, err
	}
	method, err := c.One("retrievalMethod", "manual", "aws_s3_push", "scp_push", "ftp_push", "syslog_push")
	if err != nil {
		return nil, err
	}
	out := []subscription{}
	for _, s := range a.Subscriptions() {
		how := "syslog_push"
		if s.Files != nil {
			how = "manual"
		}
		if method == "" || method == how {
			out = append(out, subscription{s.Name, s.Type, methods()[how]})
		}
	}
	return listOf(out), nil
}

// device refuses what is asked of other devices than this one.
func device(c *rest.Call) error {
	if t := c.Get("device_type"); t != "" && t != "esa" {
		return rest.Wrong("device_type", rest.Clip(t)+" is not esa")
	}
	return nil
}

// files are those of the subscription in the path.
func (a *api) files(c *rest.Call) (*logs.Files, error) {
	if err := device(c); err != nil {
		return nil, err
	}
	name := c.Request.PathValue("subscription")
	for _, s := range a.Subscriptions() {
		switch {
		case s.Name != name:
		case s.Files == nil:
			return nil, rest.Wrong("subscription", rest.Clip(name)+" has no files")
		default:
			return s.Files, nil
		}
	}
	return nil, rest.Wrong("subscription", "there is no "+rest.Clip(name))
}

type file struct {
	Changed int64  `json:"modificationDate"` // seconds since 1970
	URL     string `json:"downloadUrl"`
	Name    string `json:"name"`
	Size    int64  `json:"size"`
	Hash    string `json:"fileHash,omitempty"` // SHA-256, if it was asked for
}

func (a *api) serveFiles(c *rest.Call) (any, error) {
	of, err := a.files(c)
	if err != nil {
		return nil, err
	}
	from, to, err := c.Span(false)
	if err != nil {
		return nil, err
	}
	hash, err := c.One("computeHash", "True", "False", "true", "false")
	if err != nil {
		return nil, err
	}
	kept, err := of.Kept()
	if err != nil {
		return nil, err
	}
	out := []file{}
	for _, k := range kept {
		if k.Changed.Before(from) || !to.IsZero() && !k.Changed.Before(to) {
			continue
		}
		f := file{Changed: k.Changed.Unix(), URL: address(c.Request) + "/" + k.Name, Name: k.Name, Size: k.Size}
		if strings.EqualFold(hash, "true") {
			f.Size, f.Hash, err = sum(c.Request.Context(), of, k.Name)
			if errors.Is(err, fs.ErrNotExist) { // it was finished, or removed, just now
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		out = append(out, f)
	}
	return listOf(out), nil
}

// address is the URL that was called, by the name that the caller has for this box.
func address(r *http.Request) string {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host + strings.TrimSuffix(r.URL.EscapedPath(), "/")
}

// sum is the digest of a file, and how much of it that is of.
func sum(ctx context.Context, of *logs.Files, name string) (size int64, digest string, err error) {
	f, size, err := of.Named(name)
	if err != nil {
		return 0, "", err
	}
	h := sha256.New()
	_, err = io.Copy(h, patient{ctx, io.LimitReader(f, size)})
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, "", err
	}
	return size, hex.EncodeToString(h.Sum(nil)), nil
}

// patient reads as long as somebody waits for it.
type patient struct {
	ctx context.Context
	r   io.Reader
}

func (p patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(b)
}

// serveFile gives a file, as long as it is when it is asked for.
func (a *api) serveFile(c *rest.Call) (any, error) {
	of, err := a.files(c)
	if err != nil {
		return nil, err
	}
	name := c.Request.PathValue("file")
	f, size, err := of.Named(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, rest.Wrong("file", "there is no "+rest.Clip(name))
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := c.Writer.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`) // it is one of ours, so nothing is to be escaped
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	if c.Request.Method != http.MethodHead {
		_, _ = io.Copy(c.Writer, patient{c.Request.Context(), io.LimitReader(f, size)}) // the client is gone; there is nobody to tell
	}
	return nil, nil
}
