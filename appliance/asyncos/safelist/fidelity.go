package safelist

import (
	"fmt"

	"esasim/internal/fidelity"
)

// Fidelity lists the calls and how sure their forms are.
func Fidelity() []fidelity.Claim {
	const guide, clients = "AsyncOS API guide", "public clients"
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"GET quarantine/safelist and quarantine/blocklist: action=view, viewBy, quarantineType=spam, orderBy, orderDir, offset, limit, search", fidelity.Observed, clients},
		{"rows senderList, recipientAddress; by sender senderAddress, recipientList; meta.totalCount is that of all rows", fidelity.Documented, guide},
		{"search only with orderBy=recipient", fidelity.Documented, guide},
		{"search finds a part of the recipient's address", fidelity.Inferred, guide + " has a search of recipients"},
		{fmt.Sprintf("viewBy=recipient, orderBy as viewBy, orderDir=asc, %d rows unless asked for, %d at most", usualRows, mostRows), fidelity.Ours, "defaults are not known; clients give all of them"},
		{"POST: action add, append or edit; recipientAddresses and senderList, or senderAddresses and recipientList", fidelity.Observed, clients},
		{"DELETE: recipientList or senderList; action delete and totalCount in the answer", fidelity.Observed, clients},
		{"add does what append does, also for a recipient who has a list; edit makes the entries all that there are", fidelity.Inferred, guide + " has the three actions; what tells add and append apart was not seen"},
		{"an answer repeats the entries as they came; a view shows them in small letters, sorted", fidelity.Inferred, guide + ": answers of changes repeat what was sent"},
		{"totalCount of a deletion: how many of the recipients, or senders, had entries", fidelity.Inferred, guide + ": the number of its samples"},
		{"missing keys, wrong words, addresses and combinations: 404, as for parameters; a list that is full, or an entry that is on the other list: 400", fidelity.Inferred, "the other calls; texts are ours"},
		{"403 while the feature is switched off", fidelity.Ours, "not known"},
		{"administrators and operators change lists, read-only operators look at them, the help desk does neither", fidelity.Inferred, "AsyncOS user guide, User Roles"},
		{"no names in login/privileges", fidelity.Ours, "not known"},
	} {
		out = append(out, fidelity.Claim{Area: "REST API", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
