package delivery

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
)

// FateDomain is the domain whose recipients choose their fate by their local
// part. Everyone else's mail is simply taken.
const FateDomain = "esasim.test"

// Simulated is the remote host of every domain: nothing leaves the process. It
// is deterministic. It takes every message and answers as another appliance
// would, "ok:  Message 8 accepted", repeating the MID; recipients at
// FateDomain choose otherwise:
//
//	slow@...         taken, but it takes five seconds
//	bounce@...       550 5.1.1 user unknown
//	defer@...        451 4.7.1 at the first attempt, taken at the second
//	451-4.2.1@...    that reply, every time (any 4xx or 5xx, the dotted code optional)
//
// What follows a "+" in the local part is ignored, so that one fate can have
// many recipients. Rules come before all that.
type Simulated struct{ Fates []Fate }

// slowness is how long slow@ takes.
const slowness = 5 * time.Second

// reply of a local part such as "550-5.1.1" or "451".
var fateReply = regexp.MustCompile(`^([45]\d\d)(?:-(\d\.\d{1,3}\.\d{1,3}))?$`)

// Deliver answers for one recipient.
func (s Simulated) Deliver(a Attempt) string {
	for _, f := range s.Fates {
		if f.matches(a) {
			return f.Reply
		}
	}
	accepted := fmt.Sprintf("250 ok:  Message %d accepted", a.MID)
	if Domain(a.Recipient) != FateDomain {
		return accepted
	}
	local := chosen(a)
	switch {
	case local == "bounce":
		return "550 5.1.1 user unknown"
	case local == "defer" && a.Tries == 0:
		return "451 4.7.1 greylisted, try again later"
	}
	if m := fateReply.FindStringSubmatch(local); m != nil {
		return strings.TrimSpace(m[1] + " " + strings.TrimSpace(m[2]+" simulated reply"))
	}
	return accepted
}

// chosen is the local part that chooses, without what follows a "+".
func chosen(a Attempt) string {
	local, _, _ := strings.Cut(a.Recipient, "@")
	local, _, _ = strings.Cut(strings.ToLower(local), "+")
	return local
}

// Chooses tells of recipients with a fate by rule.
func (s Simulated) Chooses(a Attempt) bool {
	return slices.ContainsFunc(s.Fates, func(f Fate) bool { return f.matches(a) })
}

// Takes is how long the answer takes.
func (s Simulated) Takes(a Attempt) time.Duration {
	if !s.Chooses(a) && Domain(a.Recipient) == FateDomain && chosen(a) == "slow" {
		return slowness
	}
	return 0
}

// Addr gives every domain an address of its own out of 203.0.113.0/24, the
// range reserved for documentation: the same one every time.
func (Simulated) Addr(domain string) netip.Addr {
	h := fnv.New32a()
	_, _ = h.Write([]byte(domain))
	return netip.AddrFrom4([4]byte{203, 0, 113, byte(1 + h.Sum32()%254)})
}
