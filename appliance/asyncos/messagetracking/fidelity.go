package messagetracking

import (
	"fmt"
	"strings"

	"esasim/internal/fidelity"
)

// Where it was learnt.
const (
	guide    = "AsyncOS API guide"
	recorded = "recorded answers"
	clients  = "public clients"
)

// Fidelity lists the calls and what they do.
func Fidelity() []fidelity.Claim {
	var out []fidelity.Claim
	add := func(area string, rows []claim) {
		for _, r := range rows {
			out = append(out, fidelity.Claim{Area: area, What: r.what, Level: r.level, Source: r.source})
		}
	}
	add("REST API: message tracking", append(append(searchClaims(), eventClaims()...), detailsClaims()...))
	return out
}

type claim struct{ what, level, source string }

func searchClaims() []claim {
	return []claim{
		{"GET message-tracking/messages: startDate and endDate to the minute, by when a message was received; an end ahead of now is good", fidelity.Documented, guide},
		{"dates may be without seconds, and have any time zone", fidelity.Observed, clients},
		{"endDate is not in the range", fidelity.Inferred, "pollers ask from the end of the last range on, and must meet nothing twice"},
		{"ciscoHost: All_Hosts or the appliance's name", fidelity.Documented, guide},
		{fmt.Sprintf("limit from 1 to %d, offset from 0; without a limit %d", mostRows, usualRows), fidelity.Observed, clients + "; 20 is the guide's example"},
		{"orderBy=timestamp and orderDir=desc are the order there is; others are refused", fidelity.Inferred, "no client asks for another"},
		{"pairs of operator and value: envelopeSender, envelopeRecipient, subject (with the small filter), attachmentName, domainName, replyTo: begins_with, is, contains; one without the other is an error", fidelity.Documented, guide},
		{"subjectfilterOperator=is_empty, without a value", fidelity.Inferred, "the search form has Is Empty"},
		{"fileSha256, messageIdHeader, ciscoMid, senderIp with an address or a range; basic criteria must all hold", fidelity.Documented, guide + "; ranges are those of the search form"},
		{"messageDirection: incoming, outgoing", fidelity.Documented, guide},
		{"message events: one that holds is enough, besides all basic criteria; lists with commas; True is the only value of a flag", fidelity.Documented, guide + ", " + clients},
		{"a row is a received message with all MIDs that it turned into; messageStatus, finalSubject, verdictChart and morInfo by the final MIDs, messageID by the first, recipientMap by all", fidelity.Observed, "rows of 14.x, from which the rule is concluded"},
		{"bounce messages, notifications and copies that filters made are rows of their own", fidelity.Inferred, "they have other recipients"},
		{"a row is found by what is true of any of its MIDs that was made within the range, and by what happened to any of them at any time; basic criteria on what a message became after the range do not find it, ciscoMid does", fidelity.Ours, "the range is of when a message was received"},
		{"rows keyed by MID are the default, flat rows of 13.0 a setting", fidelity.Documented, "today's clients read the first, the vendor's document shows the second"},
		{"flat rows show what became of the last MID", fidelity.Inferred, "the samples have one MID each"},
		{"times as 29 Aug 2023 10:00:48 (GMT +00:00), and in flat rows (GMT) without offset", fidelity.Observed, recorded},
		{"meta.totalCount is the number of rows on the page, 0 beyond the end; num_bad_records is 0", fidelity.Observed, clients},
		{"a client that asks for page after page goes on where the page before ended, so what arrives meanwhile shifts nothing; it is known by address, user and User-Agent, and its search for ten minutes", fidelity.Ours, "what the appliance does is not known"},
		{"hostName as NAME (IP), replyTo N/A, sbrs as text, isCompleteData N/A", fidelity.Observed, recorded},
		{"replyTo and friendly_from are addresses alone", fidelity.Observed, recorded},
		{"morDetails is empty", fidelity.Inferred, "what is in it after a remediation was not seen; see remediation-details"},
		{"verdictChart: a digit for each engine in the order of the work queue; 0 not evaluated, 1 negative, 2 passed on, 3 unscannable or skipped and 4 unknown or low risk (AMP), 5 dropped, 6 quarantined", fidelity.Inferred, "a few published rows"},
		{"a search that takes longer than ten minutes is answered with 503", fidelity.Inferred, "AsyncOS user guide: the longest Query Timeout; the status is ours"},
		{"searchOption=rejected_connections: hostName, icid, messageStatus, rejected, sbrs, senderGroup, senderIp, serialNumber, timestamp", fidelity.Observed, "the product's own schema"},
		{"rejected connections: messageStatus REJECTED, rejected in the words of the mail log; those of REJECT and TCPREFUSE; only dates, pages and senderIp may be given", fidelity.Inferred, "the texts were not seen"},
		{"rejected connections are found unless tracking.rejected_connections is off", fidelity.Documented, "AsyncOS user guide, Message Tracking: save information for rejected connections; there it is off from the factory"},
		{"rejected connections that came while it was off are found once it is on", fidelity.Ours, "one log is behind mail logs and tracking"},
		{"export of results does not exist", fidelity.Ours, "the real call is not known; the console exports CSV"},
	}
}

func eventClaims() []claim {
	out := []claim{
		{"deliveryStatus is how the message stands now", fidelity.Inferred, "its values are states"},
		{"hardBounced, softBounced, message_delivered: any recipient, at any time", fidelity.Inferred, "the search form's message events"},
		{"quarantinedAsSpam, quarantineStatus, quarantinedTo: it was there at any time; quarantineStatus by the engine that had it held, or the factory's quarantine of that kind", fidelity.Inferred, "the names"},
		{"inOutbreakQuarantine: it is there now", fidelity.Inferred, "the name"},
		{"contentFiltersAction=stopped: a content filter dropped, bounced or held the message", fidelity.Inferred, "the only value that is known"},
		{"advancedMalwareProtection also finds what a later verdict says", fidelity.Inferred, "a retrospective verdict is one of them"},
		{"dlpViolationsNames, dlpViolationsSeverities, dlpAction must all hold; so must dmarcFrom and dmarcAction", fidelity.Inferred, "each narrows the same event"},
		{"containedMaliciousUrls from -10 to -6, containedNeutralUrls between -6 and 6, urlReputation the whole part of the score, of URLs that a filter matched", fidelity.Inferred, "ranges of the user guide; the value of urlReputation was not seen"},
		{"ipReputation is the whole part of the score, geoLocation the country of the sender's address", fidelity.Inferred, "the names"},
		{"sdrThreatLevels: 1 Awful and Poor, 2 Tainted and Weak, 3 Neutral and Unknown, 4 Good", fidelity.Inferred, "Neutral was seen as 3"},
		{"outbreakFiltersVofThreatCategory and threatName are the name of what Outbreak Filters found", fidelity.Inferred, "the log has one name"},
	}
	for _, g := range absentGroups() {
		out = append(out, claim{strings.Join(g.names(), " with ") + " finds nothing: " + g.absent, fidelity.Ours, "not emulated; the parameters are checked"})
	}
	return out
}

func detailsClaims() []claim {
	return []claim{
		{"GET message-tracking/export: the parameters of messages; a CSV file with the console's columns, a line for each row, with all of its MIDs", fidelity.Inferred, "the new web interface has such a call and exports to CSV; its path and columns were not found"},
		{fmt.Sprintf("export without a limit: all rows, %d at most", mostExported), fidelity.Inferred, "the web interface's larger exports"},
		{"GET message-tracking/details, amp-details, dlp-details, url-details: mid, repeatable; icid, dcid, serialNumber and dates are checked, and one that did not come by that icid, or is of another serialNumber, is not found", fidelity.Observed, clients + "; that dates do not narrow what is found is ours"},
		{"details of no message: 200, and mid is empty", fidelity.Observed, clients},
		{"details of several MIDs are one answer: what was received is said of the first, messageStatus of the last", fidelity.Inferred, "clients give all MIDs of a row"},
		{"keys of details, and the sentences of summary; lastEvent on the last line alone", fidelity.Observed, recorded},
		{"keys of dlpDetails; dlpMatchedContent has a part, its classifiers, and of the matches of each one sample, masked", fidelity.Observed, recorded + "; how much of a match is shown is ours"},
		{"headerFrom is the address alone", fidelity.Observed, recorded},
		{"GET message-tracking/connection-details: icid, without the envelope data", fidelity.Observed, recorded},
		{"connection-details of no connection: 200, senderGroup and sbrs N/A, no lines", fidelity.Inferred, "as details"},
		{"GET message-tracking/remediation-details: by mid, without the envelope data; batches have no name, user or source", fidelity.Observed, recorded + "; nothing here makes batches"},
		{"GET message-tracking/availability: dateRange with startTime and endTime", fidelity.Inferred, "the call exists, its answer was not found"},
	}
}
