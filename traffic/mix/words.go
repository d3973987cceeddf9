package mix

import "strings"

// language is one that mail is written in.
type language uint8

const (
	english language = iota
	german
	french
	spanish
	italian
	chinese
	japanese
	russian
	languages
)

// speech is what is needed of a language. A name is written "Müller/mueller"
// where its form in addresses is not just its small letters.
type speech struct {
	given, family []string
	nouns         []string // what mail is about: {p} in a subject
	months        []string
	replies       []string // what stands before the subject of an answer
	personal      []string // subjects, see [template]
	newsletter    []string
	notice        []string
	spam          []string
	files         []string
	body          []string
}

func speeches() *[languages]speech {
	return &[languages]speech{
		english: englishSpeech(), german: germanSpeech(), french: frenchSpeech(), spanish: spanishSpeech(),
		italian: italianSpeech(), chinese: chineseSpeech(), japanese: japaneseSpeech(), russian: russianSpeech(),
	}
}

// words splits at blanks; an underscore stands for a blank within a word.
func words(s string) []string {
	out := strings.Fields(s)
	for i := range out {
		out[i] = strings.ReplaceAll(out[i], "_", " ")
	}
	return out
}

// lines splits at line ends.
func lines(s string) []string {
	out := strings.Split(strings.TrimSpace(s), "\n")
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return out
}

func englishSpeech() speech {
	return speech{
		given:   words("James Mary John Linda Robert Susan Michael Karen David Emily Daniel Laura Mark Sarah Paul Nancy Steven Grace Andrew Olivia Kevin Hannah Brian Amy"),
		family:  words("Smith Johnson Williams Brown Jones Miller Davis Wilson Anderson Taylor Thomas Moore Martin Jackson Thompson White Harris Clark Lewis Walker Hall Young King Wright Green Baker Adams Nelson Carter O'Brien/obrien Murphy Campbell"),
		nouns:   words("budget contract roadmap migration audit onboarding shipment proposal warranty maintenance forecast inventory datacenter release training payroll rollout workshop pricing renewal"),
		months:  words("January February March April May June July August September October November December"),
		replies: []string{"Re: ", "RE: ", "Re: ", "Re: Re: ", "Fwd: ", "FW: "},
		personal: lines(`Meeting about the {p} on {d}
			Quick question on the {p}
			{p} {m} - draft for review
			Order {o}
			Purchase order PO-{o}
			Minutes of the {p} meeting
			Your visit to {c}
			Offer {o} for {f}
			Lunch?
			Updated {p} plan v{n}
			Invoice {o}
			Action required: {p} {m}
			Don't forget: {p} call at {n}:00
			{g} / {f}: intro
			Delivery note {o}`),
		newsletter: lines(`{f} Newsletter {m}
			This week at {f}: {p} and more
			{n} things to know about {p}
			Save {n}% until Sunday
			The {m} edition is here
			Webinar: {p} made simple
			[{f}] Weekly digest #{n}
			New in {m}: {p}
			Last chance - your {n}% voucher expires`),
		notice: lines(`[ALERT] {h}: disk usage above {n}%
			[{h}] backup finished successfully
			[JIRA] (OPS-{n}) {p}
			Build #{o} failed: {p}
			Build #{o} passed: {p}
			PROBLEM: {h} is DOWN
			RECOVERY: {h} is UP
			Your order {o} has been shipped
			Cron <root@{h}> /usr/local/sbin/{h}-rotate
			Ticket #{o} has been updated
			Your verification code
			[{f}/{h}] Pull request #{n}: {p}
			Security advisory for {h}
			Calendar: {p} {d}`),
		spam: lines(`Your parcel {o} could not be delivered
			Final notice: your mailbox is almost full
			Congratulations {g}, you have won
			Invoice overdue {o}
			Cheap meds online -{n}%
			Re: your account {o} is suspended
			Increase your {p} today!!!
			Urgent business proposal from {c}`),
		files: lines(`Invoice-{o}.pdf
			{p}_{m}.xlsx
			Quote {o}.docx
			scan_{o}.pdf
			Minutes {d}.docx
			PO-{o}.pdf
			IMG_{n}.JPG
			Presentation {p} v{n}.pptx
			report-{d}.csv`),
		body: lines(`Hello,
			please find the details below. Let me know if anything is missing.
			The figures for this month are slightly above what we expected in spring.
			We would like to discuss the open points in our next call.
			Could you confirm the date and the place until the end of the week?
			Thank you very much for your quick answer.
			Best regards`),
	}
}

func germanSpeech() speech {
	return speech{
		given:   words("Hans Anna Peter Sabine Jürgen/juergen Monika Stefan Petra Thomas Claudia Andreas Julia Michael Katharina Wolfgang Jörg/joerg Uwe Birgit Klaus Ursula Markus Käthe/kaethe Florian Heike"),
		family:  words("Müller/mueller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer/schaefer Koch Bauer Richter Klein Wolf Schröder/schroeder Neumann Schwarz Zimmermann Braun Krüger/krueger Hofmann Hartmann Lange Schmitt Werner Krause Meier Lehmann Köhler/koehler Groß/gross"),
		nouns:   words("Angebot Wartungsvertrag Projektplan Rechnung Lieferung Abnahme Schulung Budget Umzug Bestellung Prüfung Inventur Messe Rollout Übergabe Kalkulation Datenschutz Reisekosten Urlaub Besprechung"),
		months:  words("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
		replies: []string{"AW: ", "AW: ", "Re: ", "WG: ", "AW: AW: ", "Antwort: "},
		personal: lines(`Besprechung {p} am {d}
			Rückfrage zu {p}
			Ihre Bestellung {o}
			Angebot Nr. {o} für {f}
			Rechnung {o}
			Protokoll {p} {m}
			Termin in {c}
			Mittagessen?
			{p}: Entwurf zur Durchsicht
			Lieferschein {o}
			Bitte um Freigabe: {p} {m}
			Urlaub {m}
			Auftragsbestätigung {o}`),
		newsletter: lines(`{f}-Newsletter {m}
			Nur noch heute: {n} % Rabatt
			Neues im {m}: {p}
			Einladung zum Webinar "{p}"
			{f} aktuell, Ausgabe {n}
			Ihre Vorteile im {m}`),
		notice: lines(`[WARNUNG] {h}: Speicherplatz unter {n} %
			Sicherung von {h} erfolgreich
			Ticket #{o} wurde aktualisiert
			Ihre Bestellung {o} wurde versandt
			Störung: {h} nicht erreichbar
			Entwarnung: {h} wieder erreichbar
			Ihr Bestätigungscode
			Zeiterfassung {m}`),
		spam: lines(`Ihr Paket {o} konnte nicht zugestellt werden
			Letzte Mahnung {o}
			Ihr Konto wurde eingeschränkt
			{g}, Sie haben gewonnen
			Kredit ohne Schufa ab {n} %`),
		files: lines(`Rechnung_{o}.pdf
			Angebot {o}.docx
			Lieferschein-{o}.pdf
			Protokoll {d}.docx
			{p} {m}.xlsx
			Scan_{o}.pdf
			Übersicht {m}.pptx
			Bild{n}.jpg`),
		body: lines(`Guten Tag,
			anbei erhalten Sie die gewünschten Unterlagen.
			Die Zahlen für diesen Monat liegen etwas über dem, was wir im Frühjahr erwartet hatten.
			Über die offenen Punkte würden wir gerne beim nächsten Termin sprechen.
			Bitte bestätigen Sie uns Datum und Ort bis Ende der Woche.
			Mit freundlichen Grüßen`),
	}
}
