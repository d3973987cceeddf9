package lab

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance"
	"esasim/appliance/changes"
)

// administration is what administrators do to the configuration, by API. There is no
// sign-in: whoever calls says which user he is.
type administration struct{ *changes.Changes }

func (a administration) routes(call func(method, name string, h http.HandlerFunc)) {
	call("GET", "appliance/config", a.serveValue)
	call("GET", "appliance/config/draft", a.serveDraft)
	call("GET", "appliance/config/history", a.serveHistory)
	call("POST", "appliance/config/set", a.edit(func(e *configEdit) error { return a.Set(e.User, e.Key, e.Value) }))
	call("POST", "appliance/config/unset", a.edit(func(e *configEdit) error { return a.Remove(e.User, e.Key) }))
	call("POST", "appliance/config/reset", a.edit(func(e *configEdit) error { return a.Reset(e.User, e.Key) }))
	call("POST", "appliance/config/clear", a.edit(func(e *configEdit) error { a.Clear(e.User); return nil }))
	call("POST", "appliance/config/commit", a.serveCommit)
}

// configEdit is the body of a call that changes a draft.
type configEdit struct {
	User  string `json:"user"`
	Key   string `json:"key"`
	Value string `json:"value"` // YAML
}

// defaultUser is who changes the configuration if nobody is named.
const defaultUser = "admin"

// mostConfigBody is the size of a body with one value of the largest size, escaped.
const mostConfigBody = 8 << 20

type configDraft struct {
	User    string           `json:"user"`
	Changes []changes.Change `json:"changes"`
}

func (a administration) edit(do func(*configEdit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var e configEdit
		if r.ContentLength != 0 {
			if status, problem := readLargeBody(w, r, mostConfigBody, &e); problem != "" {
				answer(w, status, apiError{`want {"user": "admin", "key": "appliance.timezone", "value": "UTC"}: ` + problem})
				return
			}
		}
		e.User = cmp.Or(e.User, defaultUser)
		if err := do(&e); err != nil {
			answerConfig(w, err)
			return
		}
		a.answerDraft(w, e.User)
	}
}

func (a administration) answerDraft(w http.ResponseWriter, user string) {
	d := configDraft{user, a.Pending(user)}
	if d.Changes == nil {
		d.Changes = []changes.Change{}
	}
	answer(w, http.StatusOK, d)
}

func (a administration) serveDraft(w http.ResponseWriter, r *http.Request) {
	p, err := parameters(r, "user")
	if err != nil {
		answer(w, http.StatusBadRequest, apiError{err.Error()})
		return
	}
	a.answerDraft(w, cmp.Or(p.Get("user"), defaultUser))
}

func (a administration) serveValue(w http.ResponseWriter, r *http.Request) {
	p, err := parameters(r, "user", "key")
	if err != nil {
		answer(w, http.StatusBadRequest, apiError{err.Error()})
		return
	}
	value, err := a.Value(cmp.Or(p.Get("user"), defaultUser), p.Get("key"))
	if err != nil {
		answerConfig(w, err)
		return
	}
	answer(w, http.StatusOK, map[string]string{"key": p.Get("key"), "value": value})
}

func (a administration) serveHistory(w http.ResponseWriter, r *http.Request) {
	if _, err := parameters(r); err != nil {
		answer(w, http.StatusBadRequest, apiError{err.Error()})
		return
	}
	answer(w, http.StatusOK, map[string][]changes.Entry{"commits": append([]changes.Entry{}, a.History()...)})
}

func (a administration) serveCommit(w http.ResponseWriter, r *http.Request) {
	var req struct {
		User    string `json:"user"`
		Comment string `json:"comment"`
	}
	if r.ContentLength != 0 {
		if status, problem := readBody(w, r, &req); problem != "" {
			answer(w, status, apiError{`want {"user": "admin", "comment": "..."}: ` + problem})
			return
		}
	}
	entry, err := a.Commit(changes.WithSource(r.Context(), "API, "+r.RemoteAddr), cmp.Or(req.User, defaultUser), req.Comment)
	if err != nil {
		answerConfig(w, err)
		return
	}
	answer(w, http.StatusOK, entry)
}

// answerConfig says why a configuration is not changed.
func answerConfig(w http.ResponseWriter, err error) {
	var restart *appliance.RestartError
	switch {
	case errors.As(err, &restart):
		answer(w, http.StatusConflict, reloadProblem{Error: err.Error(), Restart: restart.Keys})
	case errors.Is(err, changes.ErrNothing):
		answer(w, http.StatusConflict, apiError{err.Error()})
	default:
		answer(w, http.StatusUnprocessableEntity, apiError{err.Error()})
	}
}

// ForgetChanges takes keys, and all below them, out of what was committed in a data
// directory; without keys, all. The error is ErrInUse while a lab runs on it.
func ForgetChanges(fsys vfs.FS, dir string, keys ...string) (gone []string, err error) {
	err = withChanges(fsys, dir, func(o changes.Options) error {
		gone, err = changes.Forget(o, keys...)
		return err
	})
	return gone, err
}

// CommittedChanges are the commits of a data directory, the newest first.
func CommittedChanges(fsys vfs.FS, dir string) (list []changes.Entry, err error) {
	err = withChanges(fsys, dir, func(o changes.Options) error {
		list, err = changes.Committed(o)
		return err
	})
	return list, err
}

func withChanges(fsys vfs.FS, dir string, do func(changes.Options) error) error {
	if _, err := fsys.Stat(fsys.PathJoin(dir, "esasim.json")); err != nil { // opening would make it
		return fmt.Errorf("data directory %s: %w", dir, err)
	}
	lock, err := openDir(fsys, dir)
	if err != nil {
		return err
	}
	return errors.Join(do(changes.Options{FS: fsys, Dir: dir}), lock.Close())
}
