package smtp

import (
	"fmt"
	"strings"

	"esasim/internal/fidelity"
)

// Fidelity lists the rules of the access tables and of numbering.
func Fidelity() []fidelity.Claim {
	const guide = "AsyncOS user guide"
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"HAT: ordered sender groups, the first with a matching member decides", fidelity.Documented, guide + ", Mail Flow Policies"},
		{"HAT: access rules " + strings.Join([]string{Accept, Relay, Reject, TCPRefuse, Continue}, ", "), fidelity.Documented, guide + ", Mail Flow Policies"},
		{"HAT: members ALL, IP address, CIDR range, ranges of addresses, host name, .domain, sbrs[from:to], sbrs[none]", fidelity.Documented, guide + ", Sender Group Syntax; DNS lists are not emulated"},
		{"HAT: members country[NAME]", fidelity.Ours, "the appliance chooses countries in a list of its own"},
		{"HAT: a host name counts only if it is verified", fidelity.Inferred, guide + ": the appliance looks up names both ways"},
		{"HAT: nothing matching is ALL with the policy " + lastPolicy + ", or that of a last group ALL; the logs call it SG None match ALL", fidelity.Documented, guide + ", the last row of a public listener; the words: published samples of mail logs"},
		{"listeners: public ones, and private ones without RAT; their connections, and those with TLS, are counted together as well", fidelity.Documented, guide + ", Listeners; notes on listenerconfig > setup"},
		{"listeners: SMTPS, where TLS begins before the banner; with one TLS session too many it ends without a word", fidelity.Ours, "what the appliance does on such a port is not public"},
		{"listeners: PROXY protocol, versions 1 and 2, which those at configured addresses must begin with in " + proxyTime.String() + "; one that does not is a connection with a line PROXY protocol: " + errNoProxy.Error() + ", " + errBadProxy.Error(), fidelity.Ours, "HAProxy, proxy-protocol.txt; the appliance has none"},
		{"suspended listeners refuse new connections with 421, without ICID; others go on", fidelity.Inferred, guide + ", suspendlistener; reply and silence are inferred"},
		{"a connection that takes longer than all_listeners.total_time is told 421 and logged as: disconnected address IP, exceeded allowable connection time", fidelity.Observed, "published samples of mail logs; the reply: published notes"},
		{"mail flow policies: AUTH off, preferred, required; only with TLS", fidelity.Documented, guide + ", SMTP Authentication"},
		{"AUTH: SMTP Auth (ICID n) succeeded or failed for user: u using AUTH mechanism: PLAIN with profile: p; SMTP Auth (ICID n) was required but remote host did not initiate it", fidelity.Observed, "published samples of mail logs"},
		{"AUTH: who has authenticated may relay, also from an address whose rejection is delayed; his mail is outgoing, with the rule RELAY", fidelity.Inferred, guide + ", SMTP Authentication; which rule logs and tracking name is ours"},
		{"mail flow policies: recipients in an hour of a remote address that the RAT rejects (directory harvest attack prevention); then others that it rejects get 550 Too many invalid recipients, or the connection ends", fidelity.Inferred, guide + ", dhap_limit of exported HATs; reply and log line are not confirmed"},
		{"SDR: verdicts and ages of domains come from a table; the worst of reverse DNS host, HELO, envelope sender, From and Reply-To decides, and the youngest", fidelity.Ours, "the service is not asked; the verdicts Awful to Good are documented"},
		{"SDR: domains that the table does not have are Neutral, 30 days (or greater)", fidelity.Inferred, "published samples of mail logs"},
		{"SDR: it is asked when the message has come, refused verdicts with 550; not for rule RELAY", fidelity.Inferred, "published samples have it before the recipients as well; that the listener refuses is ours"},
		{"more Received fields than max_hops: 554 Too many hops, Receiving Failed: Message loop", fidelity.Documented, "published notes and samples; the number, 100, is ours"},
		{"HAT: scores have one decimal", fidelity.Observed, "published samples of mail logs"},
		{"who a sender is (host name, verified, reputation score, country) comes from a table; of others nothing is known: host unknown, SBRS None", fidelity.Ours, "nothing is looked up outside"},
		{"mail flow policies: messages per connection, recipients per message, message size, connections per remote address, TLS off, preferred, required", fidelity.Documented, guide + ", Mail Flow Policies"},
		{"mail flow policies: recipients per hour of a remote address; the hour begins with its first recipient and is not kept over a restart", fidelity.Inferred, guide + ", rate limiting; the counters' reset period is a setting of 1h there"},
		{fmt.Sprintf("recipients per hour are counted for at most %d remote addresses", maxHours), fidelity.Ours, "a bound of memory"},
		{"delayed rejection: banner, each recipient is refused, the line Delayed HAT REJECT continuing session for recipient logging", fidelity.Observed, "published samples of mail logs"},
		{"delayed rejection: a refused recipient is logged as Rejected by HAT", fidelity.Inferred, "the style of Rejected by RAT"},
		{"TCPREFUSE is one line in the mail logs, with ICID 0", fidelity.Observed, "published samples of mail logs; that the next connection's number is one higher is ours"},
		{"RAT: domains, .domain for all below it, user@domain, user@, ALL; the most specific wins", fidelity.Documented, guide + ", Recipient Access Table; the order of user@ is inferred"},
		{"RAT: reject, with a reply of one's own; rows that bypass the recipients per hour", fidelity.Documented, guide + ", Recipient Access Table: custom SMTP response, bypass receiving control"},
		{"RAT: a sender with rule RELAY may send to every domain; its mail is outgoing", fidelity.Documented, guide + ", Mail Flow Policies"},
		{"envelope senders: 553 for domains that do not exist, which a list says instead of the DNS; an exception table lets senders through", fidelity.Documented, guide + ", Sender Verification; there it is a setting of each policy"},
		{"envelope senders of RELAY connections are not verified", fidelity.Inferred, "they are one's own"},
		{"troubles named in the logs: Address: <a> sender rejected, envelope sender domain does not exist; Address: <a> sender allowed, envelope sender matched domain exception; Receiving Failed: Too Many Messages; TLS was required but remote host did not initiate it", fidelity.Observed, "published samples of mail logs"},
		{"limits: recipients of a message, message size, header lines, connections to the listener", fidelity.Documented, guide + ", default mail flow policies"},
		{"a connection over the listener's limit gets its own ICID and is refused with 421", fidelity.Inferred, "the reply and the log line Connection limit exceeded"},
		{"ICID: one for each connection; MID: given when MAIL FROM is accepted, so refused and aborted messages have one", fidelity.Observed, "published samples of mail logs"},
		{"no MID is given out twice, also after a crash; a crash may leave a gap of up to 1,000", fidelity.Inferred, "counters survive a restart (AsyncOS user guide, Logging); the gap is ours"},
		{"troubles named in the logs: Receiving Failed: Message size exceeds limit, Receiving Failed: Connection limit exceeded, Receiving Failed: Message loop", fidelity.Observed, "published samples of mail logs"},
		{"troubles named in the logs: Receiving Failed: Message header size exceeds limit, Receiving Failed: Message body contains illegal bare CR/LF characters", fidelity.Inferred, "the replies, in the style of the others"},
		{"little room on the disk: MAIL is refused with 452, with less than half of it also what is sent and new connections (421); what was accepted goes on", fidelity.Inferred, "the reply queue full; the measure of it, tracking.min_free, is ours"},
		{"troubles named in the logs: Receiving Failed: Queue full, once a connection", fidelity.Inferred, "the reply, in the style of the others"},
		{"troubles named in the logs: TLS failed, Unknown command: x", fidelity.Observed, "published samples of mail logs"},
		{"addresses that are none, the first four of a connection: Invalid sender address: Unsupported domain literal: '[]'; MID m Invalid recipient address:  'RCPT TO:<>'", fidelity.Observed, "published samples of mail logs; the number is ours"},
		{"Invalid sender address:  'MAIL FROM:<joe>'", fidelity.Inferred, "the line of recipients"},
		{"an idle connection is logged as: disconnected address IP, no messages injected within timeout period", fidelity.Observed, "published samples of mail logs"},
		{"an aborted message is logged as: Receiving aborted, Receiving aborted by sender", fidelity.Observed, "published samples of mail logs"},
		{"250 ok:  Message N accepted is said when message N is on disk", fidelity.Ours, "our promise; the appliance's own is not public"},
	} {
		out = append(out, fidelity.Claim{Area: "Listener, HAT and RAT", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
