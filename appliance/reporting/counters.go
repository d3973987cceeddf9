package reporting

// Counter is one number of a row. The numbers are written to disk: add at the end,
// never renumber.
type Counter uint8

// The counters. Most have the names that the vendor's reports give them; where tables
// differ in that, the report says which counter it means.
const (
	TotalRecipients Counter = iota + 1
	TotalClean
	TotalThreat
	TotalGraymail
	TotalProcessed
	TotalDelivered
	DeliveredRecipients
	HardBounces
	TotalHardBounces
	DetectedSpam
	DetectedVirus
	DetectedAMP
	ThreatContentFilter
	BlockedReputation
	BlockedInvalidRecipient
	BlockedDMARC
	BlockedSDR
	MarketingMail
	SocialMail
	BulkMail
	MaliciousURL
	TotalDLP
	TotalAccepted
	TotalRejected
	TotalThrottled
	ConnTotal
	ConnTLSFail
	ConnTLSSuccess
	ConnTLSTotal
	EncryptedTLS
	InBulk
	InAMPDetected
	InContentFilter
	InSpam
	InVirus
	InGraymail
	InMarketing
	InSocial
	InThreatFilter
	InClean
	InTotal
	OutAMPDetected
	OutContentFilter
	OutSpam
	OutVirus
	OutThreatFilter
	OutClean
	OutTotal
	RecipientsMatched
	NumMatches
	NumMessages
	DLPLow
	DLPMedium
	DLPHigh
	DLPCritical
	DLPDelivered
	DLPDropped
	DLPEncrypted
	DLPQuarantined
	TotalConnections
	HATMessages
	ConnAccept
	ConnReject
	ConnRelay
	ConnRefuse
	ReceivedConnections
	ReceivedTLSFail
	ReceivedTLSSuccess
	ReceivedEncrypted
	Received
	SentConnections
	SentTLSFail
	SentTLSSuccess
	Sent
	ReceivedAuth
	ReceivedAuthFail
	ReceivedAuthSuccess
	ReceivedAuthConnections
	AuthFail
	AuthSuccess
	AuthTotal
	DMARCFailedNone
	DMARCFailedQuarantined
	DMARCFailedRejected
	DMARCFailedTotal
	DMARCPassed
	DMARCTotal
	AMPClean
	AMPLowRisk
	AMPMalware
	AMPUnknown
	AMPUnscannable
	SDRAwful
	SDRPoor
	SDRTainted
	SDRWeak
	SDRUnknown
	SDRNeutral
	SDRGood
	ThreatMessages
	ThreatDetected
	IncomingCount
	OutgoingCount
	BytesIn
	BytesOut
	IncomingConnections
	IncomingMessages
	OutgoingConnections
	OutgoingMessages
	QueueTime
	QueueMessages
)

// Counters is one more than the last counter.
const Counters = QueueMessages + 1

// String is the counter's name in reports: "total_recipients".
func (c Counter) String() string {
	if int(c) >= len(counterNames) {
		return ""
	}
	return counterNames[c]
}

// counterNames are read only.
var counterNames = [...]string{
	TotalRecipients:         "total_recipients",
	TotalClean:              "total_clean_recipients",
	TotalThreat:             "total_threat_recipients",
	TotalGraymail:           "total_graymail_recipients",
	TotalProcessed:          "total_recipients_processed",
	TotalDelivered:          "total_recipients_delivered",
	DeliveredRecipients:     "delivered",
	HardBounces:             "hard_bounces",
	TotalHardBounces:        "total_hard_bounces",
	DetectedSpam:            "detected_spam",
	DetectedVirus:           "detected_virus",
	DetectedAMP:             "detected_amp",
	ThreatContentFilter:     "threat_content_filter",
	BlockedReputation:       "blocked_reputation",
	BlockedInvalidRecipient: "blocked_invalid_recipient",
	BlockedDMARC:            "blocked_dmarc",
	BlockedSDR:              "blocked_sdr",
	MarketingMail:           "marketing_mail",
	SocialMail:              "social_mail",
	BulkMail:                "bulk_mail",
	MaliciousURL:            "malicious_url",
	TotalDLP:                "total_dlp_incidents",
	TotalAccepted:           "total_accepted_connections",
	TotalRejected:           "total_rejected_connections",
	TotalThrottled:          "total_throttled_recipients",
	ConnTotal:               "conn_total",
	ConnTLSFail:             "conn_tls_opt_fail",
	ConnTLSSuccess:          "conn_tls_opt_success",
	ConnTLSTotal:            "conn_tls_total",
	EncryptedTLS:            "encrypted_tls",
	InBulk:                  "incoming_bulk_mail",
	InAMPDetected:           "incoming_detected_amp",
	InContentFilter:         "incoming_detected_content_filter",
	InSpam:                  "incoming_detected_spam",
	InVirus:                 "incoming_detected_virus",
	InGraymail:              "incoming_graymail",
	InMarketing:             "incoming_marketing_mail",
	InSocial:                "incoming_social_mail",
	InThreatFilter:          "incoming_threat_content_filter",
	InClean:                 "incoming_total_clean_recipients",
	InTotal:                 "incoming_total_recipients",
	OutAMPDetected:          "outgoing_detected_amp",
	OutContentFilter:        "outgoing_detected_content_filter",
	OutSpam:                 "outgoing_detected_spam",
	OutVirus:                "outgoing_detected_virus",
	OutThreatFilter:         "outgoing_threat_content_filter",
	OutClean:                "outgoing_total_clean_recipients",
	OutTotal:                "outgoing_total_recipients",
	RecipientsMatched:       "recipients_matched",
	NumMatches:              "num_matches",
	NumMessages:             "num_msgs",
	DLPLow:                  "dlp_incidents_low",
	DLPMedium:               "dlp_incidents_medium",
	DLPHigh:                 "dlp_incidents_high",
	DLPCritical:             "dlp_incidents_critical",
	DLPDelivered:            "dlp_action_delivered",
	DLPDropped:              "dlp_action_dropped",
	DLPEncrypted:            "dlp_action_encrypted",
	DLPQuarantined:          "dlp_action_quarantined",
	TotalConnections:        "total_connections",
	HATMessages:             "total_hat_messages",
	ConnAccept:              "connections_accept",
	ConnReject:              "connections_reject",
	ConnRelay:               "connections_relay",
	ConnRefuse:              "connections_tcp_refuse",
	ReceivedConnections:     "received_conn_total",
	ReceivedTLSFail:         "received_conn_tls_opt_fail",
	ReceivedTLSSuccess:      "received_conn_tls_opt_success",
	ReceivedEncrypted:       "received_encrypted_tls",
	Received:                "received_total",
	SentConnections:         "sent_conn_total",
	SentTLSFail:             "sent_conn_tls_opt_fail",
	SentTLSSuccess:          "sent_conn_tls_opt_success",
	Sent:                    "sent_total",
	ReceivedAuth:            "received_auth",
	ReceivedAuthFail:        "received_conn_auth_fail",
	ReceivedAuthSuccess:     "received_conn_auth_success",
	ReceivedAuthConnections: "received_auth_connections",
	AuthFail:                "auth_fail",
	AuthSuccess:             "auth_success",
	AuthTotal:               "total",
	DMARCFailedNone:         "dmarc_failed_none",
	DMARCFailedQuarantined:  "dmarc_failed_quarantined",
	DMARCFailedRejected:     "dmarc_failed_rejected",
	DMARCFailedTotal:        "dmarc_failed_total",
	DMARCPassed:             "dmarc_passed",
	DMARCTotal:              "dmarc_total_attempted",
	AMPClean:                "clean",
	AMPLowRisk:              "lowrisk",
	AMPMalware:              "malware",
	AMPUnknown:              "unknown",
	AMPUnscannable:          "unscannable",
	SDRAwful:                "awful",
	SDRPoor:                 "poor",
	SDRTainted:              "tainted",
	SDRWeak:                 "weak",
	SDRUnknown:              "unknown",
	SDRNeutral:              "neutral",
	SDRGood:                 "good",
	ThreatMessages:          "total_threat_messages",
	ThreatDetected:          "threat_detected",
	IncomingCount:           "incoming_count",
	OutgoingCount:           "outgoing_count",
	BytesIn:                 "bytes_in",
	BytesOut:                "bytes_out",
	IncomingConnections:     "incoming_connections",
	IncomingMessages:        "incoming_messages",
	OutgoingConnections:     "outgoing_connections",
	OutgoingMessages:        "outgoing_messages",
	QueueTime:               "workqueue_milliseconds",
	QueueMessages:           "workqueue_messages",
}
