package ctr

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"esasim/cloud/store"
)

// Scopes are those the API Clients page offered in early 2020. A scope stands
// for the whole tree below it; ":read" and ":write" narrow it. Source: public
// client, schema.
func Scopes() []string {
	return []string{"casebook", "enrich", "global-intel", "inspect", "integration", "private-intel", "profile",
		"registry", "response", "sse", "telemetry", "ui-settings", "users"}
}

// Client is an API client: a program that may ask for access tokens.
type Client struct {
	ID       string // client-<uuid>
	Password string // given once; only its hash is kept
	Name     string
	Scopes   []string
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

// ErrClient says that an API client cannot be as it was asked for.
var ErrClient = errors.New("invalid API client")

// clientRecord is a client as it is stored. The hash is a fast one: passwords
// are long and random, so there is nothing to try out.
type clientRecord struct {
	Name   string   `json:"name"`
	Hash   []byte   `json:"hash"`
	Scopes []string `json:"scopes"`
}

// AddClient keeps a client, synced. The same client again changes nothing; one
// of the same id with another password or other scopes replaces it.
func (t *Threat) AddClient(ctx context.Context, c Client) error {
	switch {
	case c.ID == "" || len(c.ID) > 200 || strings.Contains(c.ID, ":"):
		return fmt.Errorf("add client %.60q: %w: id: want 1 to 200 bytes without a colon", c.ID, ErrClient)
	case c.Password == "":
		return fmt.Errorf("add client %s: %w: no password", c.ID, ErrClient)
	}
	for _, s := range c.Scopes {
		if s == "" || strings.ContainsAny(s, " \t\r\n\"\\") {
			return fmt.Errorf("add client %s: %w: scope %q", c.ID, ErrClient, s)
		}
	}
	sum := sha256.Sum256([]byte(c.Password))
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.store.Put(store.Client(c.ID), clientRecord{c.Name, sum[:], slices.Clone(c.Scopes)})
	if err != nil {
		return fmt.Errorf("add client %s: %w", c.ID, err)
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

// client gives the client that id and password prove.
func (t *Threat) client(id, password string) (clientRecord, error) {
	var c clientRecord
	if err := t.store.Get(store.Client(id), &c); errors.Is(err, store.ErrNotFound) {
		return c, errInvalidClient
	} else if err != nil {
		return c, fmt.Errorf("client %s: %w", id, err)
	}
	sum := sha256.Sum256([]byte(password))
	if subtle.ConstantTimeCompare(sum[:], c.Hash) != 1 {
		return clientRecord{}, errWrongClientCreds
	}
	return c, nil
}

// covers is true when a granted scope gives what a required one asks for:
// enrich gives enrich/observables/observe:read, enrich:read gives no write.
// Source: schema (the scopes of the routes); the implication is inferred.
func covers(granted, required string) bool {
	grantedPath, grantedAccess, narrowed := strings.Cut(granted, ":")
	requiredPath, requiredAccess, _ := strings.Cut(required, ":")
	if narrowed && grantedAccess != requiredAccess {
		return false
	}
	return requiredPath == grantedPath || strings.HasPrefix(requiredPath, grantedPath+"/")
}
