package config

import (
	"slices"

	"esasim/appliance/delivery"
	"esasim/appliance/filter"
	"esasim/appliance/quarantine"
	"esasim/appliance/slbl"
	"esasim/appliance/users"
	"esasim/esa"
)

// Choices are the words that a key may have, by the name of its struct and the
// key; of a list, its entries. nil: anything that fits. They are for those who
// write a configuration; what is wrong with one is found by those who read it.
func Choices(structName, key string) []string {
	switch structName + "." + key {
	case "Appliance.wording":
		return []string{"13", "14", "15"}
	case "CloudServices.server":
		return servers()
	case "User.role":
		return users.Roles()
	case "API.tracking_rows":
		return []string{Keyed, Flat}
	case "MailFlowPolicy.rule":
		return []string{"ACCEPT", "RELAY", "REJECT", "TCPREFUSE", "CONTINUE"}
	case "MailFlowPolicy.tls":
		return []string{"", "off", "preferred", "required"}
	case "MailFlowPolicy.auth":
		return []string{"", "off", "preferred", "required"}
	case "MailFlowPolicy.spam_check", "MailFlowPolicy.virus_check":
		return []string{"", "on", "off"}
	case "Listener.tls":
		return []string{TLSStart, TLSImplicit, TLSOff}
	case "MoreListener.type":
		return []string{Public, Private}
	case "Recipient.access":
		return []string{"", "accept", "reject"}
	case "Domain.verdict", "DomainReputation.reject":
		return esa.SDRVerdicts()
	case "Treatment.action":
		return []string{"", "deliver", "drop", "bounce", "quarantine"}
	case "SafelistBlocklist.blocklist_action":
		return []string{slbl.Quarantine, slbl.Delete}
	case "Quarantine.action":
		return []string{"", "release", "delete"}
	case "Quarantine.access":
		return []string{"", quarantine.Everybody, quarantine.Named}
	case "DestinationControl.tls":
		return []string{"", delivery.TLSNone, delivery.TLSPreferred, delivery.TLSRequired, delivery.TLSVerified}
	case "ContentFilter.match":
		return []string{"", "any", "all"}
	case "FilterCondition.if":
		return filter.ConditionNames()
	case "FilterAction.do":
		return filter.ActionNames()
	case "FilterAction.at":
		return []string{"", "start", "end"}
	case "FilterAction.by":
		return []string{"", "name", "type", "kind", "size", "sha256", "macro", "encrypted", "text"}
	case "LogSubscription.type":
		return LogTypes()
	case "LogSubscription.level":
		return append([]string{""}, LogLevels()...)
	case "Syslog.protocol":
		return []string{"", "udp", "tcp", "tls"}
	case "Syslog.facility":
		return slices.Compact(slices.Sorted(slices.Values(facilities[:])))
	case "Authentication.spf_reject", "Authentication.spf_reject_helo":
		return []string{"None", "Neutral", "SoftFail", "Fail", "TempError", "PermError"}
	case "Authentication.dmarc_reject":
		return []string{"none", "quarantine", "reject"}
	case "Authentication.dmarc_quarantine":
		return []string{"none", "quarantine"}
	}
	return nil
}
