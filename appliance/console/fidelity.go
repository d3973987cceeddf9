package console

import (
	"strings"

	"esasim/appliance/export"
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
		{"CSV columns: " + strings.Join(export.Columns(), ", "), fidelity.Inferred, "what a result row shows; the vendor's columns were not found"},
		{"CSV cells that a spreadsheet would run are made inert with '; what changes the direction of writing is replaced", fidelity.Ours, "senders choose subjects"},
		{"fields and operators: Envelope Sender, Envelope Recipient, Subject: Begins With, Is, Contains", fidelity.Documented, guide},
		{"Subject: Is Empty", fidelity.Documented, "AsyncOS user guide, Tracking Messages; the operator's name in the form, " + matchEmpty + ", is inferred from the others"},
		{"Message Received: Last Day, Last Week, Custom Range", fidelity.Documented, guide},
		{"advanced criteria: Sender IP Address, Message ID Header, Cisco IronPort MID, Attachment Name, File SHA256", fidelity.Documented, "AsyncOS user guide, Tracking Messages"},
		{"advanced criteria: ICID, Message Direction", fidelity.Ours, "the classic page has not got them"},
		{"names of the form's fields", fidelity.Observed, scraper + "; icid, direction, before and first are ours, and so are those of the message events' check boxes"},
		{"Message Event: " + strings.Join(eventLabels(), ", ") + "; one of those chosen is enough", fidelity.Documented, "AsyncOS user guide, Tracking Messages; Graymail, Dropped and Aborted are the tracking API's, where the classic form has no box for them"},
		{"Message Event: the name of a quarantine, a filter or a DLP policy chooses its event without its box being ticked; quarantines are one text field", fidelity.Ours, "the classic form has scripts and lists"},
		{"Message Event: Dropped also finds what was deleted from its last quarantine", fidelity.Inferred, "nothing else is left of it"},
		{"Query Timeout: 1, 2, 5 and 10 Minutes", fidelity.Documented, "AsyncOS user guide, Tracking Messages; the field's values are inferred; 10 Seconds, the default, is ours, and No time limit is left out"},
		{"a search that reached its time limit says so, and can be gone on with", fidelity.Ours, "a link instead of a longer timeout"},
		{"not in the form: canned, CSRFKey, host, search_type, max_results, pg, and the message events of what is not emulated: URLs, macros, DMARC, forged mail, web interaction, S/MIME, threat feeds, domain reputation, geolocation, DANE; the severity of DLP violations and the direction of content filters", fidelity.Ours, "not built yet; the classic form has them, here they are unknown parameters and refused with 400"},
		{"pageSize takes 20, 50 and 100 alone", fidelity.Ours, "the classic form takes others; the public client asks for 250, which is refused with 400"},
		{"the search is a GET without CSRF key and without sign-in", fidelity.Ours, "the classic form is posted with a CSRF key; a GET can be linked to; sign-in is not built yet"},
		{"Available Time Range, Data in time range: 100.0% complete", fidelity.Documented, guide + "; how the share is counted is ours"},
		{"a result row: number, time, MID, Show Details, SENDER, RECIPIENT, SUBJECT, LAST STATE", fidelity.Documented, guide},
		{"Items per page, and 20 of them unless another number is chosen", fidelity.Documented, guide + " shows Items per page 20; the other choices, 50 and 100, are ours"},
		{"matches are counted up to 1,000; of more it says 1000+", fidelity.Ours, "AsyncOS user guide, Tracking Messages: 1,000 is the largest Max. Results Returned; here it bounds the count alone, every page can be reached"},
		{"Message Details: labels and order of Envelope and Header Summary, Sending Host Summary, Processing Details", fidelity.Observed, scraper},
		{"Message Details: links to the message it came from and to those it led to, above the summary", fidelity.Ours, "the real page shows all of them at once"},
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

// eventLabels are the message events that can be chosen.
func eventLabels() []string {
	var out []string
	for _, e := range events {
		out = append(out, e.label)
	}
	return append(out, labels[ampField])
}
