package delivery

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"regexp"
	"strings"
)

// FateDomain is the domain whose recipients choose their fate by their local
// part. Everyone else's mail is simply taken.
const FateDomain = "esasim.test"

// Simulated is the remote host of every domain: nothing leaves the process. It
// is deterministic. It takes every message and answers as another appliance
// would, "ok:  Message 8 accepted", repeating the MID; recipients at
// FateDomain choose otherwise:
//
//	bounce@...       550 5.1.1 user unknown
//	defer@...        451 4.7.1 at the first attempt, taken at the second
//	451-4.2.1@...    that reply, every time (any 4xx or 5xx, the dotted code optional)
//
// What follows a "+" in the local part is ignored, so that one fate can have
// many recipients.
type Simulated struct{}

// reply of a local part such as "550-5.1.1" or "451".
var fateReply = regexp.MustCompile(`^([45]\d\d)(?:-(\d\.\d{1,3}\.\d{1,3}))?$`)

// Deliver answers for one recipient.
func (Simulated) Deliver(a Attempt) string {
	accepted := fmt.Sprintf("250 ok:  Message %d accepted", a.MID)
	if Domain(a.Recipient) != FateDomain {
		return accepted
	}
	local, _, _ := strings.Cut(a.Recipient, "@")
	local, _, _ = strings.Cut(strings.ToLower(local), "+")
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

// Addr gives every domain an address of its own out of 203.0.113.0/24, the
// range reserved for documentation: the same one every time.
func (Simulated) Addr(domain string) netip.Addr {
	h := fnv.New32a()
	_, _ = h.Write([]byte(domain))
	return netip.AddrFrom4([4]byte{203, 0, 113, byte(1 + h.Sum32()%254)})
}
