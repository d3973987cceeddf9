package sse

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"esasim/cloud/store"
)

// AuditEntry is one line of the Audit Log tab. Its columns are ours.
type AuditEntry struct {
	Time   time.Time `json:"time"`
	User   string    `json:"user"`
	Action string    `json:"action"`
	Object string    `json:"object"` // mostly a device, by name or id
	Result string    `json:"result"` // "Success", or what went wrong
}

const (
	auditKept  = 90 * 24 * time.Hour // how long an entry is kept
	auditShown = 1000                // how many are given at most
	success    = "Success"
)

type userKey struct{}

// As gives the context of calls that a user makes: the audit log names him.
func As(ctx context.Context, user string) context.Context {
	return context.WithValue(ctx, userKey{}, user)
}

// userOf is who calls. A lab's portal has no sign-in, so whoever says nothing is it.
func userOf(ctx context.Context) string {
	user, _ := ctx.Value(userKey{}).(string)
	return cmp.Or(user, "portal")
}

// Audit gives the entries of the last 90 days, the newest first, 1,000 at most.
func (x *Exchange) Audit(ctx context.Context) ([]AuditEntry, error) {
	out := []AuditEntry{}
	err := x.store.Last(store.Audit(time.Time{}), auditShown, func(value []byte) error {
		var e AuditEntry
		if err := json.Unmarshal(value, &e); err != nil {
			return err
		}
		out = append(out, e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	return out, nil
}

// audit adds an entry to the batch of the change that it tells of, so that there is
// neither without the other. The caller holds mu.
func (x *Exchange) audit(ctx context.Context, b *pebble.Batch, action, object, result string) error {
	now := time.Now().UTC()
	at := now
	if !at.After(x.audited) { // no two have the same key
		at = x.audited.Add(1)
	}
	x.audited = at
	return errors.Join(
		store.Set(b, store.Audit(at), AuditEntry{now, userOf(ctx), action, object, result}),
		b.DeleteRange(store.Audit(time.Time{}), store.Audit(now.Add(-auditKept)), nil))
}

// change writes one record and its entry in the audit log.
func (x *Exchange) change(ctx context.Context, key []byte, v any, action, object string) error {
	return x.store.Write(func(b *pebble.Batch) error {
		return errors.Join(store.Set(b, key, v), x.audit(ctx, b, action, object, success))
	})
}

// tell adds an entry alone, of what happened elsewhere.
func (x *Exchange) tell(ctx context.Context, action, object, result string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.store.Write(func(b *pebble.Batch) error { return x.audit(ctx, b, action, object, result) })
}
