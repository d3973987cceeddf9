package ctr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"esasim/cloud/store"
)

// Organisation is the one organisation of a region.
type Organisation struct {
	ID      string
	Name    string
	Created time.Time
	Updated time.Time
}

// organisation is its record. The ids are made at the first start and stay.
type organisation struct {
	ID        string    `json:"id"`
	Name      string    `json:"name,omitempty"` // as it was renamed; empty: as it is configured
	UserID    string    `json:"user_id"`        // of the user that there is when none are configured
	UserEmail string    `json:"user_email"`
	Created   time.Time `json:"created,omitzero"`
	Updated   time.Time `json:"updated,omitzero"`
}

// openOrganisation reads the record, or makes it.
func (t *Threat) openOrganisation(name string) error {
	t.orgName = cmp.Or(name, "esasim")
	err := t.store.Get(store.Organisation(), &t.org)
	if errors.Is(err, store.ErrNotFound) {
		t.org, err = organisation{ID: uuid.NewString(), UserID: uuid.NewString(), UserEmail: "admin@esasim.test"}, nil
	}
	if err == nil && t.org.Created.IsZero() {
		t.org.Created = time.Now().UTC()
		t.org.Updated = t.org.Created
		err = t.store.Put(store.Organisation(), t.org)
	}
	return err
}

// openAccess brings organisation, users and clients to what is configured.
func (t *Threat) openAccess(o Options) error {
	if err := t.openOrganisation(o.Organisation); err != nil {
		return fmt.Errorf("organisation: %w", err)
	}
	if err := t.setUsers(o.Access.Users); err != nil {
		return err
	}
	return t.setClients(context.Background(), o.Access.Clients)
}

// Organisation gives the organisation as it is now.
func (t *Threat) Organisation() Organisation {
	t.orgMu.Lock()
	defer t.orgMu.Unlock()
	return Organisation{t.org.ID, cmp.Or(t.org.Name, t.orgName), t.org.Created, t.org.Updated}
}

// Rename gives the organisation another name, for good.
func (t *Threat) Rename(name string) error {
	t.orgMu.Lock()
	defer t.orgMu.Unlock()
	org := t.org
	org.Name, org.Updated = name, time.Now().UTC()
	if err := t.store.Put(store.Organisation(), org); err != nil {
		return fmt.Errorf("rename organisation: %w", err)
	}
	t.org = org
	return nil
}
