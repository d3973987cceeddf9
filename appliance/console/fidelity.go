package console

import (
	"strings"

	"esasim/internal/fidelity"
)

// Fidelity lists the pages and what is on them.
func Fidelity() []fidelity.Claim {
	const guide, scraper = "vendor's integration guide", "public client that reads the classic pages"
	out := []fidelity.Claim{}
	for _, r := range []struct{ what, level, source string }{
		{trackingPath + ": search form and results", fidelity.Documented, guide},
		{trackingPath + "/details?mid=N: Message Details", fidelity.Observed, scraper + "; our path"},
		{trackingPath + "/export: results as CSV, this page or all", fidelity.Documented, guide + " shows the links Export... and Export All...; our path"},
		{"Export All... has no limit", fidelity.Ours, "Max. Results Returned bounds the classic one, by 1,000"},
		{"/monitor_email_tracking/message_tracking leads to " + trackingPath, fidelity.Inferred, "classic interfaces of later releases have the first path, those of earlier ones the second; which of them 13.0 has was not seen, and the redirection is ours"},
		{"CSV columns: " + strings.Join(columns[:], ", "), fidelity.Inferred, "what a result row shows; the vendor's columns were not found"},
		{"CSV cells that a spreadsheet would run are made inert with '; what changes the direction of writing is replaced", fidelity.Ours, "senders choose subjects"},
		{"fields and operators: Envelope Sender, Envelope Recipient, Subject: Begins With, Is, Contains", fidelity.Documented, guide},
		{"Message Received: Last Day, Last Week, Custom Range", fidelity.Documented, guide},
		{"advanced criteria: Sender IP Address, Message ID Header, Cisco IronPort MID, Attachment Name, File SHA256", fidelity.Documented, "AsyncOS user guide, Tracking Messages"},
		{"advanced criteria: ICID, Message Direction", fidelity.Ours, "the classic page has not got them"},
		{"names of the form's fields", fidelity.Observed, scraper + "; icid, direction, before and first are ours"},
		{"not in the form: canned, CSRFKey, host, search_type, query_timeout, max_results, pg, the message events; Is Empty for the subject", fidelity.Ours, "not built yet; the classic form has them, here they are unknown parameters or operators and refused with 400"},
		{"pageSize takes 20, 50 and 100 alone", fidelity.Ours, "the classic form takes others; the public client asks for 250, which is refused with 400"},
		{"the search is a GET without CSRF key and without sign-in", fidelity.Ours, "the classic form is posted with a CSRF key; a GET can be linked to; sign-in is not built yet"},
		{"Available Time Range, Data in time range: 100.0% complete", fidelity.Documented, guide + "; how the share is counted is ours"},
		{"a result row: number, time, MID, Show Details, SENDER, RECIPIENT, SUBJECT, LAST STATE", fidelity.Documented, guide},
		{"Items per page, and 20 of them unless another number is chosen", fidelity.Documented, guide + " shows Items per page 20; the other choices, 50 and 100, are ours"},
		{"matches are counted up to 1,000; of more it says 1000+", fidelity.Ours, "AsyncOS user guide, Tracking Messages: 1,000 is the largest Max. Results Returned; here it bounds the count alone, every page can be reached"},
		{"Message Details: labels and order of Envelope and Header Summary, Sending Host Summary, Processing Details", fidelity.Observed, scraper},
		{"the last line of Processing Details is bold", fidelity.Observed, scraper},
		{"what happens on the connection after the message is finished is not part of its details", fidelity.Observed, "recorded answers end with the remote host's response"},
		{"sizes as 70.3 (KB), times as 14 May 2020 13:23:57 (GMT +00:00)", fidelity.Observed, "recorded answers"},
		{"an unknown query parameter is refused with 400", fidelity.Ours, "rather than ignoring what was asked"},
	} {
		out = append(out, fidelity.Claim{Area: "Appliance pages", What: r.what, Level: r.level, Source: r.source})
	}
	for _, m := range menu {
		if m.Path != trackingPath {
			out = append(out, fidelity.Claim{Area: "Appliance pages", What: m.Path + ": menu entry " + m.Name + ", an empty page that says so", Level: fidelity.Documented, Source: guide + " shows the entry; our path"})
		}
	}
	return out
}
