package quarantines

import (
	"fmt"
	"slices"

	"esasim/internal/fidelity"
)

// Where it was learnt.
const (
	guide    = "AsyncOS API guide"
	recorded = "recorded answers"
	clients  = "public clients"
)

type claim struct{ what, level, source string }

// Fidelity lists the calls and what they do.
func Fidelity() []fidelity.Claim {
	var out []fidelity.Claim
	for _, r := range slices.Concat(searchClaims(), changeClaims(), settingClaims()) {
		out = append(out, fidelity.Claim{Area: "REST API: quarantines", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}

func searchClaims() []claim {
	return []claim{
		{"GET quarantine/messages: quarantineType=spam or pvo, which is mandatory; quarantines with pvo", fidelity.Documented, guide},
		{"startDate and endDate may be left out; they are of when a message came into a quarantine, the end not included", fidelity.Inferred, "the dates of message tracking; what the real one does without is not known"},
		{fmt.Sprintf("limit from 1 to %d, without it %d; offset from 0", mostRows, usualRows), fidelity.Inferred, "as in message tracking"},
		{"meta.totalCount is the true total", fidelity.Observed, recorded},
		{"spam: filterBy from_address, to_address, subject with filterOperator and filterValue, envelopeRecipientFilterOperator and -Value: contains, is, begins_with, ends_with, does_not_contain", fidelity.Documented, guide},
		{"pvo: subject, envelopeRecipient, envelopeSender with FilterBy and FilterValue: contains, starts_with, ends_with, matches_exactly, and the same with not", fidelity.Documented, guide},
		{"pvo: originatingEsaIp, attachmentName (contained), attachmentSizeFilterBy range, less_than, more_than in KB", fidelity.Documented, guide + "; that the ends of a range belong to it is inferred"},
		{"one of an operator and a value without the other is an error; so are parameters of the other quarantineType", fidelity.Inferred, "as in message tracking"},
		{"orderBy from_address, to_address, subject, date, size (spam), sender, subject, received, scheduledExit, size (pvo); without it by when a message came, the latest first", fidelity.Documented, guide + "; the default is inferred"},
		{"keys of rows and details; dates as 11 Sep 2022 06:07 (GMT), sizes as 17.60K (spam) and 312.98 K (pvo)", fidelity.Observed, recorded},
		{"mid and esaMid are the same, the appliance's own MID", fidelity.Inferred, "mid is the SMA's number of a message, and there is no SMA that holds it"},
		{"toAddress is the envelope recipients", fidelity.Ours, "the header To is not in the log"},
		{fmt.Sprintf("rows have at most %d addresses, details have all", mostListed), fidelity.Ours, "a bound on what is answered"},
		{"originatingEsaIp is the address by which the message came in", fidelity.Inferred, "the name"},
		{"inQuarantines with commas between; scheduledExit of the quarantine that it leaves first", fidelity.Inferred, "the samples are in one"},
		{"quarantineForReason: Content Filter: 'NAME'", fidelity.Observed, recorded},
		{"quarantineForReason: Message Filter: 'NAME', Outbreak Rule: 'NAME', Anti-Virus: 'VERDICT'; others in the words of the logs, or the engine's name", fidelity.Inferred, "the style of the one that was seen"},
		{"GET quarantine/messages/details: messageBody is HTML-escaped, in spam with the header before it", fidelity.Observed, recorded},
		{"details show the first 20 KB of a text", fidelity.Documented, "AsyncOS user guide, of the spam quarantine; of others inferred"},
		{"messagePartDetails: all parts from 1 on, texts as [message body]", fidelity.Inferred, "the parts of the quarantine's page"},
		{"matchedContents is empty", fidelity.Ours, "what matched is not in the log"},
		{"GET quarantine/messages/attachment: base64 text, not application/json, file name in Content-Disposition", fidelity.Observed, clients},
		{"file names: what is not printable ASCII, and what could end the quotes, is _; all of it in filename*", fidelity.Ours, "senders choose the names"},
		{"a message that is in no such quarantine is a 404", fidelity.Inferred, "the statuses of others"},
	}
}

func changeClaims() []claim {
	return []claim{
		{"POST quarantine/messages: release, move, copy, delay; DELETE quarantine/messages; result, totalCount, destinationQuarantineName, delayedTime in data", fidelity.Observed, recorded + ", " + guide},
		{"of several mids those that are held are done, and totalCount counts them; of none it is 0, with status 200", fidelity.Inferred, "clients tell by totalCount whether it was done"},
		{fmt.Sprintf("at most %d mids, %d recipients of a copy", mostMIDs, mostRecipients), fidelity.Ours, "a bound on what is asked"},
		{"copy sends a copy to recipients; the message stays", fidelity.Documented, guide},
		{"delay: 8h gives 8 hours; any time in weeks, days, hours or minutes", fidelity.Observed, recorded + "; others than hours are inferred"},
		{"spam can be released and deleted alone", fidelity.Documented, guide},
		{"GET quarantine/messages/rules: messages by the reason for which they are held, and their sizes", fidelity.Observed, recorded},
		{"rules are those of all policy, virus and outbreak quarantines", fidelity.Inferred, "the appliance's page has them of the outbreak quarantine"},
		{"rules: capacity is their part of the room; ruleDescription is N/A", fidelity.Inferred, recorded},
		{"GET quarantine/rules_search: rows of pvo, where mid is a text", fidelity.Documented, guide},
		{"POST (release) and DELETE quarantine/messages/rules: with ruleId, all messages that are held for it", fidelity.Documented, guide},
		{"login/privileges: e_quarantine_messages, _details, _attachment, _rules, _rules_search, _actions, _delete, _rules_actions, _rules_delete", fidelity.Inferred, "the style of those of message tracking"},
		{"administrators may use every quarantine; others those that are everybody's by their role, or that name them; Help Desk may change what is held where named", fidelity.Documented, "AsyncOS user guide, roles"},
		{"a quarantine of the factory is everybody's (appliance.quarantines access)", fidelity.Ours, "on the appliance nobody is named at first"},
		{"403 for a quarantine that is not for the caller; a message that is in none but such is not found", fidelity.Ours, "the appliance's answer is not known"},
		{"each change is told to the program's log with user, address, action and MIDs", fidelity.Ours, "the appliance's audit logs are not built yet"},
	}
}

func settingClaims() []claim {
	return []claim{
		{"POST config/local_quarantines with device_type, its keys, totalCount and quarantine_names; GET, PUT and DELETE config/local_quarantines/{name} with quarantine_size_used, _created_by, _created_on", fidelity.Documented, guide},
		{"quarantine_type pvo; quarantine_retention_units days, hours, minutes, seconds; quarantine_subject_action none, prepend; booleans; answers of PUT and DELETE as of POST", fidelity.Inferred, "the guide has the keys; their words are not certain"},
		{"quarantine_overflow_actions are what appliance.quarantines release changes of messages that are released by themselves, for want of room or because their time is over", fidelity.Inferred, "AsyncOS user guide, which has it of early releases"},
		{"PUT leaves what it does not name; what is read alone may be in the body", fidelity.Inferred, "answers can be sent back"},
		{"quarantine_groups and quarantine_custom_roles: none but empty lists", fidelity.Ours, "there is no external authentication and there are no custom roles"},
		{"quarantine_created_by and _created_on come from the history of commits, empty without", fidelity.Ours, "quarantines of the factory and of the configuration file were made by nobody"},
		{"what comes with the appliance cannot be deleted; one that holds messages, or that filters or policies name, is refused with 400", fidelity.Inferred, "AsyncOS user guide for the first; the answers are not known"},
		{"administrators alone make, change and delete quarantines; each call is committed at once", fidelity.Documented, "AsyncOS user guide, roles; that it is committed is inferred"},
		{"GET config/quarantine_filters/{name}: type, name, esa of filters and policies", fidelity.Documented, guide + "; the words of type are inferred"},
		{"GET config/quarantine_users: local users but administrators; external_authentication_service disabled, no ext_users, no custom_user_roles", fidelity.Documented, guide + "; the word disabled is inferred"},
	}
}
