package reporting

import "slices"

// Table is one kind of key that is counted by. The numbers are written to disk: add
// at the end, never renumber.
type Table uint8

// The tables. Beside each: what its keys are; one without keys has the key "".
const (
	Incoming         Table = iota + 1 // no keys: mail that comes in
	Outgoing                          // no keys: mail that goes out
	InDomain                          // domain of the sending host
	InIP                              // its address
	InNetwork                         // its network
	InDomainIP                        // domain and address, with a blank between
	InNetworkDomain                   // network and domain, likewise
	InCountry                         // country of the sending host
	OutDomain                         // domain of the envelope sender of mail that goes out
	OutIP                             // address of the host that it came from
	Destination                       // domain of the recipients of mail that goes out
	Users                             // own addresses: recipients of what comes in, senders of what goes out
	InFilter                          // content filter
	OutFilter                         // likewise
	InFilterUser                      // own address
	OutFilterUser                     // likewise
	MessageFilter                     // message filter
	Virus                             // name of a virus
	DLPPolicy                         // name of a DLP policy
	InPolicy                          // mail policy
	OutPolicy                         // likewise
	InFileType                        // media type of attachments
	OutFileType                       // likewise
	EnvelopeSender                    // address
	Subject                           // text
	SenderGroup                       // sender group
	Connections                       // no keys: what became of connections
	Security                          // no keys: TLS
	SMTPAuth                          // no keys: AUTH
	AuthDomain                        // domain of the host that authenticates
	DMARC                             // no keys
	InAMP                             // no keys: files
	OutAMP                            // likewise
	InMalware                         // SHA-256 of a malicious file
	OutMalware                        // likewise
	InMalwareName                     // its name
	OutMalwareName                    // likewise
	DomainReputation                  // no keys: SDR
	ThreatCategory                    // category of SDR
	Outbreak                          // outbreak rule
	OutbreakLevel                     // threat level, from 1 to 5
	URLDomain                         // host of a URL that a filter or rule matched
	URLReputation                     // Malicious, Neutral or Clean
	Capacity                          // no keys: what the system did
	DLPUser                           // own address that violates a DLP policy
	DLP                               // no keys: violations
)

// Tables is one more than the last table.
const Tables = DLP + 1

// None is the key of what has none: mail without a subject, the null sender.
const None = "(none)"

// Keyed tells whether a table counts by key.
func (t Table) Keyed() bool {
	switch t {
	case Incoming, Outgoing, Connections, Security, SMTPAuth, DMARC, InAMP, OutAMP, DomainReputation, Capacity, DLP:
		return false
	}
	return true
}

// detections are counted once a recipient, by what is worst about the message.
func detections() []Counter {
	return []Counter{DetectedSpam, DetectedVirus, DetectedAMP, ThreatContentFilter}
}

// incoming are the counters of mail by its sending host.
func incoming(more ...Counter) []Counter {
	return slices.Concat(detections(), []Counter{BlockedDMARC, BlockedInvalidRecipient, BlockedReputation, BlockedSDR,
		MarketingMail, SocialMail, BulkMail, TotalClean, TotalGraymail, TotalRecipients, TotalThreat}, more)
}

// hosts are incoming's with those of connections.
func hosts(more ...Counter) []Counter {
	return incoming(append([]Counter{TotalAccepted, TotalRejected, TotalThrottled}, more...)...)
}

// Counters are what is counted in a table: nothing else ever is.
func (t Table) Counters() []Counter {
	switch t {
	case Incoming:
		return incoming(MaliciousURL)
	case Outgoing:
		return append(detections(), MaliciousURL, TotalClean, TotalThreat, TotalDLP, TotalHardBounces, TotalRecipients, TotalDelivered, TotalProcessed)
	case InDomain:
		return hosts(ConnTLSFail, ConnTLSSuccess, ConnTLSTotal, EncryptedTLS)
	case InNetwork, InNetworkDomain:
		return hosts()
	case InIP, InDomainIP, InCountry:
		return incoming()
	case OutDomain, OutIP:
		return append(detections(), TotalClean, TotalDLP, TotalProcessed, TotalThreat)
	case Destination:
		return append(detections(), ConnTotal, ConnTLSFail, ConnTLSSuccess, ConnTLSTotal, DeliveredRecipients, HardBounces, TotalClean, TotalRecipients, TotalProcessed, TotalThreat)
	case Users:
		return []Counter{InBulk, InAMPDetected, InContentFilter, InSpam, InVirus, InGraymail, InMarketing, InSocial, InThreatFilter, InClean, InTotal,
			OutAMPDetected, OutContentFilter, OutSpam, OutVirus, OutThreatFilter, OutClean, OutTotal}
	case InFilter, OutFilter, InFilterUser, OutFilterUser, InPolicy, OutPolicy:
		return []Counter{RecipientsMatched}
	case MessageFilter:
		return []Counter{NumMatches}
	case Virus:
		return []Counter{InTotal, OutTotal, TotalRecipients}
	case InFileType, OutFileType:
		return []Counter{TotalRecipients}
	case EnvelopeSender, Subject:
		return []Counter{NumMessages}
	}
	return t.others()
}

func (t Table) others() []Counter {
	severities := []Counter{DLPLow, DLPMedium, DLPHigh, DLPCritical, TotalDLP}
	switch t {
	case DLP:
		return severities
	case DLPPolicy, DLPUser:
		return append(severities, DLPDelivered, DLPDropped, DLPQuarantined)
	case SenderGroup:
		return []Counter{TotalConnections, HATMessages}
	case Connections:
		return []Counter{ConnAccept, ConnReject, ConnRelay, ConnRefuse}
	case Security:
		return []Counter{ReceivedConnections, ReceivedTLSFail, ReceivedTLSSuccess, ReceivedEncrypted, Received, SentConnections, SentTLSFail, SentTLSSuccess, Sent}
	case SMTPAuth:
		return []Counter{ReceivedAuth, ReceivedConnections, ReceivedAuthFail, ReceivedAuthSuccess, ReceivedAuthConnections, Received}
	case AuthDomain:
		return []Counter{AuthFail, AuthSuccess, AuthTotal}
	case DMARC:
		return []Counter{DMARCFailedNone, DMARCFailedQuarantined, DMARCFailedRejected, DMARCFailedTotal, DMARCPassed, DMARCTotal}
	case InAMP, OutAMP:
		return []Counter{AMPClean, AMPLowRisk, AMPMalware, AMPUnknown, AMPUnscannable}
	case InMalware, OutMalware, InMalwareName, OutMalwareName:
		return []Counter{DetectedAMP}
	case DomainReputation:
		return []Counter{SDRAwful, SDRPoor, SDRTainted, SDRWeak, SDRUnknown, SDRNeutral, SDRGood}
	case ThreatCategory:
		return []Counter{ThreatMessages}
	case Outbreak, OutbreakLevel:
		return []Counter{ThreatDetected}
	case URLDomain, URLReputation:
		return []Counter{IncomingCount, OutgoingCount}
	case Capacity:
		return []Counter{BytesIn, BytesOut, IncomingConnections, IncomingMessages, OutgoingConnections, OutgoingMessages, QueueTime, QueueMessages}
	}
	return nil
}
