package mix

import "esasim/esa"

func (t *teller) verdict(engine esa.Engine, v esa.Verdict) *esa.Event {
	e := t.add(esa.EngineVerdict)
	e.Engine, e.Verdict = engine, v
	return e
}

// scan is the way through the engines, in the appliance's order; spam says
// whether antispam still has to look. It is false when the message stops
// here: dropped, or held in a quarantine.
func (t *teller) scan(spam bool) bool {
	f := t.fate
	t.pass(80_000)
	if spam {
		switch f {
		case spamDropped:
			t.verdict(esa.AntiSpam, esa.Positive)
			return t.drop(esa.AntiSpam, "Dropped by CASE")
		case spamTagged: // there is no MID for a new message: it was only noted
			t.verdict(esa.AntiSpam, esa.Suspect)
		default:
			t.verdict(esa.AntiSpam, esa.Negative)
		}
	}
	if f == virusDropped || f == virusHeld {
		t.verdict(esa.AntiVirus, esa.Positive).Name = pick(&t.gen.dice, viruses)
		if f == virusHeld {
			return t.hold("Virus", esa.AntiVirus, "Antivirus positive")
		}
		return t.drop(esa.AntiVirus, "Dropped by antivirus")
	}
	t.verdict(esa.AntiVirus, esa.Negative)
	if !t.reputation() {
		return false
	}
	t.graymail()
	return t.filters()
}

var viruses = []string{"Mal/DrodZp-A", "Troj/DocDl-ZYX", "W32/Mydoom-O", "Mal/Phish-A", "EICAR-AV-Test", "Troj/PDFUri-HOP", "CXmail/MalPE-AC"}

var severities = []string{"Severity: LOW (Risk Factor: 15)", "Severity: MEDIUM (Risk Factor: 40)", "Severity: HIGH (Risk Factor: 70)", "Severity: CRITICAL (Risk Factor: 92)"}

// reputation is what file reputation says. Most files are known and clean.
func (t *teller) reputation() bool {
	d := &t.gen.dice
	if len(t.gen.mail.Attachments) == 0 {
		t.verdict(esa.AMP, esa.Skipped)
		return true
	}
	t.pass(150_000)
	if t.fate == malwareDropped {
		t.verdict(esa.AMP, esa.Positive).Name = pick(d, []string{"W32.Auto:8d2e1f.in03.Talos", "PUA.Win.Dropper::1201", "W97M.Downloader.Emotet"})
		return t.drop(esa.AMP, "Dropped by amp")
	}
	v := esa.Negative
	switch n := d.below(100); {
	case n < 30:
		v = esa.Unknown
	case n < 40:
		v = esa.LowRisk
	case n < 42:
		v = esa.Unscannable
	}
	t.verdict(esa.AMP, v)
	return true
}

func (t *teller) graymail() {
	n := t.gen.dice.below(100)
	switch k := t.gen.mail.Kind; {
	case k == Newsletter && n < 45:
		t.verdict(esa.Graymail, esa.Marketing)
	case k == Newsletter && n < 60:
		t.verdict(esa.Graymail, esa.Bulk)
	case k == Notification && n < 6:
		t.verdict(esa.Graymail, esa.Social)
	}
}

func (t *teller) filters() bool {
	switch d := &t.gen.dice; t.fate {
	case filterDropped:
		t.verdict(esa.ContentFilters, esa.Positive).Name = pick(d, []string{"block_executables", "block_senders", "drop_macros"})
		return t.drop(esa.ContentFilters, "Dropped by content filter")
	case policyHeld:
		if t.gen.mail.Outgoing() {
			e := t.verdict(esa.DLP, esa.Positive)
			e.Name, e.Text = pick(d, []string{"Payment Card Numbers", "HIPAA", "Confidential"}), pick(d, severities)
			return t.hold("Policy", esa.DLP, "DLP violation")
		}
		name := pick(d, []string{"macro_documents", "free_mail_from_boss", "encrypted_archives"})
		t.verdict(esa.ContentFilters, esa.Positive).Name = name
		return t.hold("Policy", esa.ContentFilters, "content filter:"+name)
	case outbreakHeld:
		t.verdict(esa.OutbreakFilters, esa.Positive).Name = pick(d, []string{"Phish: Credential", "Virus: Downloader", "Scam: Invoice"})
		return t.hold("Outbreak", esa.OutbreakFilters, "Outbreak Filters threat level 4")
	}
	return true
}

func (t *teller) drop(engine esa.Engine, text string) bool {
	e := t.add(esa.MessageDropped)
	e.Engine, e.Text = engine, text
	t.add(esa.MessageFinished).Text = "aborted"
	return false
}

// hold puts the message into a quarantine, where somebody looks at it after
// hours or days; if nobody does, its time there runs out, and the quarantine's
// own action is taken. It is true when the message was released. The times are
// those from the factory (AsyncOS user guide, "Policy, Virus and Outbreak
// Quarantines").
func (t *teller) hold(quarantine string, engine esa.Engine, reason string) bool {
	e := t.add(esa.MessageQuarantined)
	e.Engine, e.Name, e.Text = engine, quarantine, reason
	d := &t.gen.dice
	kept := map[string]int64{"Policy": 10 * 24, "Virus": 30 * 24, "Outbreak": 12}[quarantine] * hourLong
	wait := int64(d.size(8*256, 420)) * 60_000_000 // median 256 minutes
	how, release := "manual", d.of10000(6_000) && quarantine != "Virus"
	if wait > kept || d.of10000(4_000) {
		wait, how, release = kept, "expired", quarantine == "Outbreak"
	}
	t.now += wait
	if release {
		e := t.add(esa.MessageReleased)
		e.Name, e.Text, e.Size = quarantine, how, wait/1_000_000
		return true
	}
	e = t.add(esa.QuarantineDeleted)
	e.Name, e.Text, e.Size = quarantine, how, wait/1_000_000
	t.add(esa.MessageFinished).Text = "aborted"
	return false
}
