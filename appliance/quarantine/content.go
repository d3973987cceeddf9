package quarantine

import (
	"context"
	"errors"
	"fmt"
	"io"

	"esasim/appliance/letter"
	"esasim/appliance/successor"
	"esasim/esa"
)

// Content opens a held message as it was received; the caller closes it. The error is
// ErrNotHeld if no quarantine holds it.
func (k *Keeper) Content(ctx context.Context, mid esa.MID) (io.ReadCloser, error) {
	if _, err := k.Get(ctx, mid); err != nil {
		return nil, err
	}
	r, err := k.Log.Content(mid)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", successor.ErrUnreadable, err)
	}
	return r, nil
}

// Letter is a held message taken apart. The errors are those of Content.
func (k *Keeper) Letter(ctx context.Context, mid esa.MID) (*letter.Letter, error) {
	r, err := k.Content(ctx, mid)
	if err != nil {
		return nil, err
	}
	l, err := letter.Read(r)
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("read MID %d: %w", mid, err)
	}
	return l, nil
}

// Part copies the decoded octets of a part, by its index in the letter, to dst. The
// errors are those of Content, or letter.ErrNoPart.
func (k *Keeper) Part(ctx context.Context, mid esa.MID, index int, dst io.Writer) error {
	r, err := k.Content(ctx, mid)
	if err != nil {
		return err
	}
	err = letter.Extract(dst, r, index)
	return errors.Join(err, r.Close())
}
