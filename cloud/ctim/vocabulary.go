package ctim

// Known is true for the observable types of the schema's closed list as it was
// in May 2020 (35 of them; later versions only added). Source: public schema.
func (t ObservableType) Known() bool {
	switch t {
	case IP, IPv6, Domain, Email, EmailMessageID, EmailSubject, CiscoMID, SHA256, SHA1, MD5, FileName, URL,
		"device", "user", "pki_serial", "imei", "imsi", "amp_computer_guid", "orbital_node_id", "hostname",
		"mac_address", "file_path", "odns_identity", "odns_identity_label", "ngfw_id", "ngfw_name", "mutex",
		"registry_key", "registry_path", "registry_name", "process_name", "certificate_issuer",
		"certificate_common_name", "certificate_serial", "user_agent":
		return true
	}
	return false
}

// KnownLevel is true for the words of confidence and of severity. Source:
// public schema.
func KnownLevel(s string) bool {
	switch s {
	case "Info", "Low", "Medium", "High", "None", "Unknown":
		return true
	}
	return false
}

// KnownTLP is true for the colours of the traffic light protocol. Source:
// public schema.
func KnownTLP(s string) bool {
	switch s {
	case "white", "green", "amber", "red":
		return true
	}
	return false
}
