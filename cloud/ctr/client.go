package ctr

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"esasim/cloud/store"
)

// Client is an API client: a program that may ask for access tokens.
type Client struct {
	ID          string    // client-<uuid>
	Password    string    // given once; only its hash is kept
	Name        string    // as its user calls it
	Description string    `json:",omitempty"`
	Scopes      []string  // what it may do, as far as its user may
	UserID      string    `json:",omitempty"` // for whom it acts; empty: the organisation's first administrator
	Disabled    bool      `json:",omitempty"` // it gets no tokens, and those it has are void
	Created     time.Time `json:",omitzero"`
	Updated     time.Time `json:",omitzero"`
}

// NewClient makes up the id and the password of a client, in the form of the
// real ones: client-<uuid>, and 54 characters that fit into a URL (observed).
// It is not stored yet.
func NewClient(name string, scopes []string) Client {
	var b [40]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return Client{
		ID: "client-" + uuid.NewString(), Password: base64.RawURLEncoding.EncodeToString(b[:]),
		Name: name, Scopes: scopes,
	}
}

var (
	// ErrClient says that an API client cannot be as it was asked for.
	ErrClient = errors.New("invalid API client")
	// ErrUnknownClient says that there is no API client of this id.
	ErrUnknownClient = errors.New("client_not_found")
	// ErrTooManyClients says that the organisation has MaxClients.
	ErrTooManyClients = fmt.Errorf("%w: there are %d already", ErrClient, MaxClients)
)

const (
	// MaxClients is how many API clients an organisation can have (ours).
	MaxClients    = 1000
	maxClientName = 255  // bytes (ours)
	maxClientText = 4096 // of the description (ours)
	maxScopes     = 200  // of a client (ours)
)

// clientRecord is a client as it is stored, without its password. The hash is a
// fast one: passwords are long and random, so there is nothing to try out.
type clientRecord struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Hash        []byte    `json:"hash"`
	Scopes      []string  `json:"scopes"`
	UserID      string    `json:"user_id,omitempty"`
	Disabled    bool      `json:"disabled,omitempty"`
	Configured  bool      `json:"configured,omitempty"` // it goes when the configuration has it no more
	Created     time.Time `json:"created"`
	Updated     time.Time `json:"updated"`
}

func (r clientRecord) client() Client {
	return Client{ID: r.ID, Name: r.Name, Description: r.Description, Scopes: r.Scopes, UserID: r.UserID,
		Disabled: r.Disabled, Created: r.Created, Updated: r.Updated}
}

// CheckClient says what is wrong with a client; the error begins with the key.
func CheckClient(c Client) error {
	switch {
	case c.ID == "" || len(c.ID) > 200 || strings.ContainsAny(c.ID, ":/ \t\r\n"):
		return errors.New("id: want 1 to 200 bytes without colons, slashes and blanks")
	case c.Password == "":
		return errors.New("password: must not be empty")
	}
	return checkClientText(c)
}

func checkClientText(c Client) error {
	switch {
	case strings.TrimSpace(c.Name) == "" || len(c.Name) > maxClientName:
		return fmt.Errorf("name: want 1 to %d bytes", maxClientName)
	case len(c.Description) > maxClientText:
		return fmt.Errorf("description: want at most %d bytes", maxClientText)
	case len(c.Scopes) > maxScopes:
		return fmt.Errorf("scopes: want at most %d", maxScopes)
	}
	for _, s := range c.Scopes {
		if !knownScope(s) {
			return fmt.Errorf("scopes: there is no scope %.60q", s)
		}
	}
	return nil
}

// AddClient keeps a client, synced. The same client again changes nothing; one
// of the same id with another password or other scopes replaces it.
func (t *Threat) AddClient(ctx context.Context, c Client) error { return t.addClient(c, false) }

func (t *Threat) addClient(c Client, configured bool) error {
	if err := CheckClient(c); err != nil {
		return fmt.Errorf("add client %.60q: %w: %w", c.ID, ErrClient, err)
	}
	sum, now := sha256.Sum256([]byte(c.Password)), time.Now().UTC()
	t.mu.Lock()
	defer t.mu.Unlock()
	had, err := t.readClient(c.ID)
	if errors.Is(err, ErrUnknownClient) {
		had.Created, err = t.birth(now)
	}
	if err != nil {
		return fmt.Errorf("add client %s: %w", c.ID, err)
	}
	created := had.Created
	if created.IsZero() { // written by a version that did not note it
		created = now
	}
	record := clientRecord{c.ID, c.Name, c.Description, sum[:], slices.Clone(c.Scopes), c.UserID, c.Disabled, configured, created, now}
	if err := t.store.Put(store.Client(c.ID), record); err != nil {
		return fmt.Errorf("add client %s: %w", c.ID, err)
	}
	return nil
}

// birth is when a new client is made: lists are in this order, so no two are of
// one moment.
func (t *Threat) birth(now time.Time) (time.Time, error) {
	all, err := t.Clients(context.Background())
	if err != nil {
		return now, err
	}
	if len(all) >= MaxClients {
		return now, ErrTooManyClients
	}
	if n := len(all); n > 0 && !now.After(all[n-1].Created) {
		now = all[n-1].Created.Add(1)
	}
	return now, nil
}

// CreateClient makes a client with an id and a password of its own, which this
// gives out for the only time.
func (t *Threat) CreateClient(ctx context.Context, c Client) (Client, error) {
	made := NewClient(strings.TrimSpace(c.Name), c.Scopes)
	made.Description, made.UserID, made.Disabled = c.Description, c.UserID, c.Disabled
	if err := checkClientText(made); err != nil { // before an id is in the text of the error
		return Client{}, fmt.Errorf("%w: %w", ErrClient, err)
	}
	if err := t.AddClient(ctx, made); err != nil {
		return Client{}, err
	}
	kept, err := t.Client(ctx, made.ID)
	kept.Password = made.Password
	return kept, err
}

// Client gives one client without its password, or ErrUnknownClient.
func (t *Threat) Client(_ context.Context, id string) (Client, error) {
	r, err := t.readClient(id)
	return r.client(), err
}

func (t *Threat) readClient(id string) (r clientRecord, err error) {
	if err = t.store.Get(store.Client(id), &r); errors.Is(err, store.ErrNotFound) || id == "" {
		err = fmt.Errorf("client %.60q: %w", id, ErrUnknownClient)
	}
	return r, err
}

// Clients gives all clients, the oldest first, without their passwords.
func (t *Threat) Clients(context.Context) ([]Client, error) {
	records, err := t.clientRecords()
	out := make([]Client, 0, len(records))
	for _, r := range records {
		out = append(out, r.client())
	}
	return out, err
}

func (t *Threat) clientRecords() ([]clientRecord, error) {
	var out []clientRecord
	err := t.store.Each(store.Client(""), func(value []byte) error {
		var r clientRecord
		if err := json.Unmarshal(value, &r); err != nil {
			return err
		}
		out = append(out, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("clients: %w", err)
	}
	slices.SortFunc(out, func(a, b clientRecord) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID))
	})
	return out, nil
}

// ChangeClient lets change alter name, description, scopes and Disabled of a
// client, and keeps it, synced. Tokens that were given out keep their scopes
// until they expire.
func (t *Threat) ChangeClient(_ context.Context, id string, change func(*Client)) (Client, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, err := t.readClient(id)
	if err != nil {
		return Client{}, err
	}
	c := r.client()
	change(&c)
	if err := checkClientText(c); err != nil {
		return Client{}, fmt.Errorf("%w: %w", ErrClient, err)
	}
	r.Name, r.Description, r.Scopes, r.Disabled, r.Updated = c.Name, c.Description, c.Scopes, c.Disabled, time.Now().UTC()
	if err := t.store.Put(store.Client(id), r); err != nil {
		return Client{}, fmt.Errorf("change client %s: %w", id, err)
	}
	return r.client(), nil
}

// RemoveClient deletes a client; its tokens are void from then on. It returns
// ErrUnknownClient when there is none.
func (t *Threat) RemoveClient(_ context.Context, id string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, err := t.readClient(id); err != nil {
		return err
	}
	return t.store.Write(func(b *pebble.Batch) error { return b.Delete(store.Client(id), nil) })
}

// setClients makes the configured clients those of the configuration; their
// UserID is an e-mail address there.
func (t *Threat) setClients(ctx context.Context, clients []Client) error {
	users, err := t.Users(ctx)
	if err != nil {
		return err
	}
	for _, c := range clients {
		if c.UserID != "" {
			i := slices.IndexFunc(users, func(u User) bool { return strings.EqualFold(u.Email, c.UserID) })
			if i < 0 {
				return fmt.Errorf("client %s: user %q: %w", c.ID, c.UserID, ErrUser)
			}
			c.UserID = users[i].ID
		}
		if err := t.addClient(c, true); err != nil {
			return err
		}
	}
	records, err := t.clientRecords()
	if err != nil {
		return err
	}
	for _, r := range records {
		listed := slices.ContainsFunc(clients, func(c Client) bool { return c.ID == r.ID })
		if r.Configured && !listed {
			if err := t.RemoveClient(ctx, r.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// The two ways in which a client is not let in. Clients take exactly these two
// codes, with status 400, for bad credentials (public client); which code
// belongs to which mistake is inferred from the names.
var (
	errInvalidClient    = errors.New("invalid_client")
	errWrongClientCreds = errors.New("wrong_client_creds")
)

// client gives the client that id and password prove, and the user for whom it
// acts. One that is disabled, or whose user is, is as good as unknown (inferred).
func (t *Threat) client(ctx context.Context, id, password string) (clientRecord, User, error) {
	c, err := t.readClient(id)
	if errors.Is(err, ErrUnknownClient) {
		err = errInvalidClient
	}
	if err != nil {
		return c, User{}, err
	}
	sum := sha256.Sum256([]byte(password))
	if subtle.ConstantTimeCompare(sum[:], c.Hash) != 1 {
		return c, User{}, errWrongClientCreds
	}
	u, err := t.User(ctx, c.UserID)
	if errors.Is(err, ErrUser) || err == nil && (u.Disabled || c.Disabled) {
		err = errInvalidClient
	}
	return c, u, err
}

// standing says whether a token's client and user are still there. The codes
// are the middleware's; which case each is for is inferred.
func (t *Threat) standing(ctx context.Context, c *claims) error {
	r, err := t.readClient(c.ClientID)
	if errors.Is(err, ErrUnknownClient) || err == nil && r.Disabled {
		return unauthorized("jwt_revoked", "JWT is revoked")
	}
	if err != nil {
		return err
	}
	u, err := t.User(ctx, c.UserID)
	if errors.Is(err, ErrUser) || err == nil && u.Disabled {
		return unauthorized("unauthenticated_user", "No authenticated user.")
	}
	return err
}
