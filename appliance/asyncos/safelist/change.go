package safelist

import (
	"strings"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/slbl"
)

// mostBody is how long the body of a change can be, in octets: some ten thousand
// entries.
const mostBody = 1 << 20

// What is done with lists. Add and append put entries beside those that are there,
// edit in their place.
const (
	doAdd    = "add"
	doAppend = "append"
	doEdit   = "edit"
	doDelete = "delete"
)

// body is what a change carries. Which of the lists there have to be depends on the
// call and on viewBy.
type body struct {
	Action             *string  `json:"action"`
	QuarantineType     *string  `json:"quarantineType"`
	ViewBy             *string  `json:"viewBy"`
	RecipientAddresses []string `json:"recipientAddresses"`
	SenderAddresses    []string `json:"senderAddresses"`
	RecipientList      []string `json:"recipientList"`
	SenderList         []string `json:"senderList"`
}

// changed is what is answered: what was asked for, as it came.
type changed struct {
	Action             string   `json:"action"`
	TotalCount         *int     `json:"totalCount,omitempty"` // of a deletion: how many there were
	RecipientAddresses []string `json:"recipientAddresses,omitempty"`
	SenderAddresses    []string `json:"senderAddresses,omitempty"`
	RecipientList      []string `json:"recipientList,omitempty"`
	SenderList         []string `json:"senderList,omitempty"`
}

// key is one of the lists in a body, and whose addresses it has.
type key struct {
	name   string
	list   []string
	sender bool
}

func (b *body) keys() []key {
	return []key{{"recipientAddresses", b.RecipientAddresses, false}, {"senderAddresses", b.SenderAddresses, true},
		{"recipientList", b.RecipientList, false}, {"senderList", b.SenderList, true}}
}

func (a *area) change(c *rest.Call) (any, error) {
	b, err := readBody(c)
	if err != nil {
		return nil, err
	}
	action, err := word("action", b.Action, doAdd, doAppend, doEdit)
	if err != nil {
		return nil, err
	}
	wants := map[string][]string{byRecipient: {"recipientAddresses", "senderList"}, bySender: {"senderAddresses", "recipientList"}}
	if err := b.check(wants[*b.ViewBy]); err != nil {
		return nil, err
	}
	recipients, senders := b.RecipientAddresses, b.SenderList
	if *b.ViewBy == bySender {
		recipients, senders = b.RecipientList, b.SenderAddresses
	}
	switch {
	case action != doEdit:
		err = a.lists.Append(a.list, recipients, senders)
	case *b.ViewBy == byRecipient:
		err = a.lists.SetSenders(a.list, recipients, senders)
	default:
		err = a.lists.SetRecipients(a.list, senders, recipients)
	}
	if err != nil {
		return nil, told(err)
	}
	return rest.Data{Data: changed{action, nil, b.RecipientAddresses, b.SenderAddresses, b.RecipientList, b.SenderList}}, nil
}

func (a *area) remove(c *rest.Call) (any, error) {
	b, err := readBody(c)
	if err != nil {
		return nil, err
	}
	if b.Action != nil && *b.Action != doDelete {
		return nil, rest.Wrong("action", "want delete, or none")
	}
	wants := map[string][]string{byRecipient: {"recipientList"}, bySender: {"senderList"}}
	if err := b.check(wants[*b.ViewBy]); err != nil {
		return nil, err
	}
	n := 0
	if *b.ViewBy == byRecipient {
		n, err = a.lists.RemoveRecipients(a.list, b.RecipientList)
	} else {
		n, err = a.lists.RemoveSenders(a.list, b.SenderList)
	}
	if err != nil {
		return nil, told(err)
	}
	return rest.Data{Data: changed{Action: doDelete, TotalCount: &n, RecipientList: b.RecipientList, SenderList: b.SenderList}}, nil
}

// readBody reads what both kinds of change have.
func readBody(c *rest.Call) (b *body, err error) {
	b = &body{}
	if err := c.Body(b, mostBody); err != nil {
		return nil, err
	}
	if _, err := word("quarantineType", b.QuarantineType, "spam"); err != nil {
		return nil, err
	}
	_, err = word("viewBy", b.ViewBy, byRecipient, bySender)
	return b, err
}

// word reads a key that has to be one of some words.
func word(name string, value *string, words ...string) (string, error) {
	if value == nil {
		return "", rest.Missing(name)
	}
	return rest.Parameters{name: {*value}}.One(name, words...)
}

// check says which lists are missing or too many, and what is no address in them.
func (b *body) check(wanted []string) error {
	for _, k := range b.keys() {
		want := false
		for _, name := range wanted {
			want = want || name == k.name
		}
		switch {
		case want && k.list == nil:
			return rest.Missing(k.name)
		case want && len(k.list) == 0:
			return rest.Wrong(k.name, "want one entry at least")
		case !want && k.list != nil:
			return rest.Wrong(k.name, "not with viewBy="+*b.ViewBy+" here; want "+strings.Join(wanted, " and "))
		}
		if err := k.check(); err != nil {
			return err
		}
	}
	return nil
}

func (k *key) check() error {
	read := slbl.Recipient
	if k.sender {
		read = slbl.Sender
	}
	for _, s := range k.list {
		if _, err := read(s); err != nil {
			return rest.Wrong(k.name, err.Error())
		}
	}
	return nil
}
