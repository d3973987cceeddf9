package slbl

import (
	"mime"
	"net/mail"
	"slices"
	"strings"

	"esasim/appliance/stage"
	"esasim/esa"
)

// What becomes of mail from a sender on a recipient's blocklist. Source: AsyncOS
// user guide, "Enabling and Configuring End User Safelists and Blocklists".
const (
	Quarantine = "quarantine" // it goes to the spam quarantine when all stages have seen it
	Delete     = "delete"     // it is dropped at once
)

// Guard puts the lists before antispam. Recipients whose lists say different things
// of a message's sender get messages of their own. One whose sender is on the safelist
// is not looked at by antispam; one on the blocklist is treated as action says. Source:
// AsyncOS user guide, "Message Processing of Safelists and Blocklists".
func (l *Lists) Guard(antispam stage.Stage, action string) stage.Stage {
	scan := antispam.Scan
	antispam.Apart = func(j *stage.Job) [][]esa.RID { return l.now.Load().apart(j.Message) }
	antispam.Scan = func(j *stage.Job) (stage.Finding, error) {
		switch l.now.Load().of(j.Message) {
		case safe:
			return stage.Finding{Verdict: esa.Negative, Text: esa.SLBL, Want: stage.Want{Skip: []esa.Engine{esa.AntiSpam}}}, nil
		case blocked:
			return block(action), nil
		}
		return scan(j)
	}
	return antispam
}

// block is what is said of a message from a sender on the blocklist.
func block(action string) stage.Finding {
	f := stage.Finding{Verdict: esa.Positive, Text: esa.SLBL}
	if action == Delete {
		f.Want.Drop = "Dropped by " + esa.SLBL
	} else {
		f.Want.Hold = []stage.Hold{{Quarantine: stage.SpamQuarantine}}
	}
	return f
}

// word is what lists say of a message's sender.
type word int

const (
	nothing word = iota
	safe
	blocked
)

// of is what the lists of all recipients of a message say of its sender; nothing if
// they differ, as they can when they were changed just now.
func (b *book) of(m *esa.Message) word {
	all, first := nothing, true
	b.each(m, func(_ esa.RID, w word) {
		if first {
			all, first = w, false
		}
		if w != all {
			all = nothing
		}
	})
	return all
}

// apart are the recipients for whom other messages are to be made: those whose lists
// do not say what the first one's do, each word's together.
func (b *book) apart(m *esa.Message) (groups [][]esa.RID) {
	var words []word
	var by [blocked + 1][]esa.RID
	b.each(m, func(rid esa.RID, w word) {
		if !slices.Contains(words, w) {
			words = append(words, w)
		}
		by[w] = append(by[w], rid)
	})
	for _, w := range words[min(1, len(words)):] {
		groups = append(groups, by[w])
	}
	return groups
}

// each hands out what each recipient's lists say. If nobody has lists it is not
// called at all: that is what nearly all messages meet.
func (b *book) each(m *esa.Message, f func(esa.RID, word)) {
	if len(b[Safelist]) == 0 && len(b[Blocklist]) == 0 {
		return
	}
	var from *senders
	for i := range m.Recipients {
		r := &m.Recipients[i]
		if r.State == esa.Replaced { // another message's
			continue
		}
		w, key := nothing, key(r.Address)
		if safelist, blocklist := b[Safelist][key], b[Blocklist][key]; safelist != nil || blocklist != nil {
			if from == nil {
				from = sendersOf(m)
			}
			w = from.word(safelist, blocklist)
		}
		f(r.RID, w)
	}
}

// key is an address as lists have it.
func key(address string) string {
	if a, err := Recipient(address); err == nil {
		return a
	}
	return ""
}

// senders are whom a message says that it is from, in the envelope and in its
// header. Source: AsyncOS user guide, the same: both are compared.
type senders struct{ addresses, domains []string }

// mostSenders is how many addresses of a From field count; ours.
const mostSenders = 16

func sendersOf(m *esa.Message) *senders {
	s := &senders{}
	s.add(m.Sender)
	for _, a := range mailboxes(m.HeaderFrom) {
		s.add(a)
	}
	return s
}

func (s *senders) add(a string) {
	_, at := split(strings.ToLower(a))
	d, ok := domain(at)
	if !ok {
		return
	}
	s.domains = append(s.domains, d)
	if a, err := Recipient(a); err == nil {
		s.addresses = append(s.addresses, a)
	}
}

// word is what the lists of a recipient say. An entry of an address counts more than
// one of its domain, as the user guide has it; that otherwise the blocklist counts
// more is ours.
func (s *senders) word(safelist, blocklist []string) word {
	for _, names := range [][]string{s.addresses, s.domains} {
		if has(blocklist, names) {
			return blocked
		}
		if has(safelist, names) {
			return safe
		}
	}
	return nothing
}

func has(row, names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		_, ok := slices.BinarySearch(row, n)
		return ok
	})
}

// mailboxes are the addresses of a From field. In one that breaks the rules it is
// what stands in the last angle brackets.
func mailboxes(from string) []string {
	p := mail.AddressParser{WordDecoder: &mime.WordDecoder{}}
	list, err := p.ParseList(from)
	if err != nil {
		before, _, _ := strings.Cut(from[strings.LastIndexByte(from, '<')+1:], ">")
		return []string{strings.TrimSpace(before)}
	}
	var out []string
	for _, a := range list[:min(len(list), mostSenders)] {
		out = append(out, a.Address)
	}
	return out
}
