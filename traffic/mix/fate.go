package mix

// fate is what becomes of a message.
type fate uint8

const (
	passed         fate = iota // delivered at the first attempt
	spamDropped                // definitely spam
	spamTagged                 // perhaps spam: rewritten with a tagged subject, delivered
	virusDropped               // by antivirus
	virusHeld                  // in the quarantine Virus
	malwareDropped             // by file reputation
	filterDropped              // by a content filter
	policyHeld                 // by a content filter or, outgoing, by DLP, in the quarantine Policy
	outbreakHeld               // by Outbreak Filters, in the quarantine Outbreak
	clientGone                 // the client went away in the middle of it
	nobodyTaken                // all its recipients were rejected
	someRejected               // one was; the others were taken
	deferred                   // delivered after some attempts
	refused                    // bounced
	fatesEnd
)

// fates draws what becomes of a kind.
type fates [Kinds]alias

// newFates has the odds, of ten thousand; the rest passes.
func newFates() (f fates) {
	everyday := [fatesEnd]uint64{spamTagged: 30, filterDropped: 30, policyHeld: 45, outbreakHeld: 30, clientGone: 50, someRejected: 60, deferred: 60, refused: 90}
	odds := [Kinds][fatesEnd]uint64{
		Business: everyday, Private: everyday, Notification: everyday, Newsletter: everyday,
		Spam:    {spamDropped: 7_300, spamTagged: 1_500, filterDropped: 200, policyHeld: 100, clientGone: 200, nobodyTaken: 250, someRejected: 150},
		Viral:   {virusDropped: 5_500, virusHeld: 2_000, malwareDropped: 1_500, outbreakHeld: 1_000},
		Bounce:  {spamTagged: 50, refused: 400},
		Written: {filterDropped: 10, policyHeld: 60, clientGone: 10, deferred: 400, refused: 180},
		Issued:  {policyHeld: 10, deferred: 500, refused: 250},
	}
	odds[Newsletter][spamTagged], odds[Newsletter][refused] = 150, 150
	for k := range odds {
		rest := uint64(10_000)
		for _, w := range odds[k] {
			rest -= w
		}
		odds[k][passed] = rest
		f[k] = newAlias(odds[k][:])
	}
	return f
}

// made is true when a new message may be made from one with this fate.
func (f fate) made() bool { return f == spamTagged || f == refused }
