package reports

import "esasim/appliance/reporting"

// sources are the reports that events of ours feed. Where a report counts connections
// that are in the clear, those are the ones without TLS. TLS counts as preferred: the
// log does not say whether it was required.
func sources() map[string]source {
	of := func(t ...reporting.Table) source { return source{tables: t} }
	out := map[string]source{
		"mail_incoming_traffic_summary":                        of(reporting.Incoming),
		"mail_outgoing_traffic_summary":                        of(reporting.Outgoing),
		"mail_sender_domain_detail":                            of(reporting.OutDomain),
		"mail_sender_ip_hostname_detail":                       {tables: []reporting.Table{reporting.OutIP}, ip: true},
		"mail_users_detail":                                    of(reporting.Users),
		"mail_content_filter_incoming":                         of(reporting.InFilter),
		"mail_content_filter_outgoing":                         of(reporting.OutFilter),
		"mail_content_filter_users":                            of(reporting.InFilterUser, reporting.OutFilterUser),
		"mail_users_content_filter_incoming":                   of(reporting.InFilterUser),
		"mail_users_content_filter_outgoing":                   of(reporting.OutFilterUser),
		"mail_msg_filter_stats":                                of(reporting.MessageFilter),
		"mail_virus_type_detail":                               of(reporting.Virus),
		"mail_dlp_outgoing_policy_detail":                      of(reporting.DLPPolicy),
		"mail_dlp_outgoing_traffic_summary":                    of(reporting.DLP),
		"mail_policy_incoming":                                 of(reporting.InPolicy),
		"mail_policy_outgoing":                                 of(reporting.OutPolicy),
		"mail_md_attachment_incoming_file_type":                of(reporting.InFileType),
		"mail_md_attachment_outgoing_file_type":                of(reporting.OutFileType),
		"mail_env_sender_stats":                                of(reporting.EnvelopeSender),
		"mail_subject_stats":                                   of(reporting.Subject),
		"mail_sender_group_detail":                             of(reporting.SenderGroup),
		"mail_sender_group_summary":                            of(reporting.Connections),
		"mail_dmarc_incoming_traffic_summary":                  of(reporting.DMARC),
		"mail_incoming_amp_summary":                            of(reporting.InAMP),
		"mail_outgoing_amp_summary":                            of(reporting.OutAMP),
		"mail_sender_domain_reputation":                        of(reporting.DomainReputation),
		"mail_sender_domain_threat_categories":                 of(reporting.ThreatCategory),
		"mail_vof_threat_summary":                              of(reporting.Outbreak),
		"mail_vof_threat_details":                              of(reporting.Outbreak),
		"mail_vof_threats_by_level":                            of(reporting.OutbreakLevel),
		"mail_url_domain_summary":                              of(reporting.URLDomain),
		"mail_url_reputation_summary":                          of(reporting.URLReputation),
		"mail_authentication_incoming_domain":                  of(reporting.AuthDomain),
		"mail_incoming_malware_threat_file_detail":             of(reporting.InMalware),
		"mail_incoming_malware_threat_file_detail_by_filename": of(reporting.InMalwareName),
		"mail_outgoing_malware_threat_file_detail_by_filename": of(reporting.OutMalwareName),
	}
	for name, s := range renamed() {
		out[name] = s
	}
	return out
}

// renamed are those with counters that are read in another way than by their name.
func renamed() map[string]source {
	one := func(t reporting.Table, other map[string]number) source {
		return source{tables: []reporting.Table{t}, other: other}
	}
	address := one(reporting.InIP, host())
	address.ip = true
	both := one(reporting.InDomainIP, host())
	both.ip = true
	malware := map[string]number{"detected_amp": count(reporting.AMPMalware)}
	domain := group()
	domain["conn_plain"] = without(reporting.TotalAccepted, reporting.ConnTLSSuccess)
	return map[string]source{
		"mail_incoming_domain_detail":         one(reporting.InDomain, domain),
		"mail_incoming_domain_ip_detail":      both,
		"mail_incoming_ip_hostname_detail":    address,
		"mail_incoming_network_detail":        one(reporting.InNetwork, group()),
		"mail_incoming_network_domain_detail": one(reporting.InNetworkDomain, nil),
		"mail_destination_domain_detail": one(reporting.Destination, map[string]number{
			"conn_plain": without(reporting.ConnTotal, reporting.ConnTLSSuccess)}),
		"mail_dlp_users_policy_detail": one(reporting.DLPUser, map[string]number{
			"outgoing_dlp_action_delivered": count(reporting.DLPDelivered), "outgoing_dlp_action_dropped": count(reporting.DLPDropped),
			"outgoing_dlp_action_quarantined": count(reporting.DLPQuarantined), "outgoing_dlp_incidents_critical": count(reporting.DLPCritical),
			"outgoing_dlp_incidents_high": count(reporting.DLPHigh), "outgoing_dlp_incidents_low": count(reporting.DLPLow),
			"outgoing_dlp_incidents_medium": count(reporting.DLPMedium)}),
		"mail_incoming_hat_connections":                    one(reporting.SenderGroup, map[string]number{"total_hat_connections": count(reporting.TotalConnections)}),
		"mail_incoming_malware_threat_file_detail_summary": one(reporting.InAMP, malware),
		"mail_outgoing_malware_threat_file_detail_summary": one(reporting.OutAMP, malware),
		"mail_security_summary": one(reporting.Security, map[string]number{
			"received_conn_plain":  without(reporting.ReceivedConnections, reporting.ReceivedTLSSuccess),
			"received_unencrypted": without(reporting.Received, reporting.ReceivedEncrypted),
			"sent_conn_plain":      without(reporting.SentConnections, reporting.SentTLSSuccess)}),
		"mail_authentication_summary": one(reporting.SMTPAuth, map[string]number{
			"received_noauth":      without(reporting.Received, reporting.ReceivedAuth),
			"received_conn_noauth": without(reporting.ReceivedConnections, reporting.ReceivedAuthConnections)}),
		"mail_system_capacity": one(reporting.Capacity, map[string]number{
			"average_incoming_message_size_in_bytes": per(reporting.BytesIn, reporting.IncomingMessages, 1),
			"average_outgoing_message_size_in_bytes": per(reporting.BytesOut, reporting.OutgoingMessages, 1),
			"workqueue_average_time_spent":           per(reporting.QueueTime, reporting.QueueMessages, 1000)}),
	}
}
