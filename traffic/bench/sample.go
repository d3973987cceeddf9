package main

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"esasim/esa"
	"esasim/traffic/mix"
)

// sample is a message of the past that a search is about. Each message is as
// likely to be drawn as any other, so a sender is as likely as his mail is.
type sample struct {
	mid       esa.MID
	received  time.Time
	sender    string // "": the null sender
	recipient string // one of them
	subject   string
	messageID string
	sha256    string // of its first file
	source    netip.Addr
}

// drawn is how many messages are drawn; they come from a quarter as many chunks
// of the past, because a chunk can only be told from its beginning.
const drawn, ofOneChunk = 1200, 4

// draw draws about n messages of a past, in no order.
func draw(h *mix.History, n int) ([]sample, error) {
	dice := rand.New(rand.NewPCG(seed, 77))
	var out []sample
	for range n / ofOneChunk {
		chosen := map[int]bool{}
		for range ofOneChunk {
			chosen[dice.IntN(mix.ChunkSize)] = true
		}
		i := -1
		h.Chunk(dice.IntN(h.Chunks()), func(t mix.Told) bool {
			if t.MID == 0 {
				return true
			}
			if i++; chosen[i] && len(t.Events) > 0 {
				delete(chosen, i)
				out = append(out, newSample(t, dice))
			}
			return len(chosen) > 0
		})
	}
	if len(out) == 0 {
		return nil, errors.New("no message was drawn")
	}
	dice.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out, nil
}

func newSample(t mix.Told, dice *rand.Rand) sample {
	m := esa.Fold(t.Events)
	s := sample{mid: t.MID, received: m.Received, sender: m.Sender, subject: m.Subject, messageID: m.MessageID, source: m.Source.Remote}
	if len(m.Recipients) > 0 {
		s.recipient = m.Recipients[dice.IntN(len(m.Recipients))].Address
	}
	if len(m.Attachments) > 0 {
		s.sha256 = m.Attachments[0].SHA256
	}
	return s
}

// with are the samples that have something.
func with(samples []sample, has func(sample) bool) []sample {
	return slices.DeleteFunc(slices.Clone(samples), func(s sample) bool { return !has(s) })
}

// day begins at the sample's midnight.
func (s sample) day() (from, to time.Time) {
	from = s.received.Truncate(24 * time.Hour)
	return from, from.AddDate(0, 0, 1)
}

// beginning is that of the sender's address.
func (s sample) beginning() string { return s.sender[:min(len(s.sender), 5)] }
