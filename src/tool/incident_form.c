/* The tables; tests hold the two languages together. */
#include "tool/incident_form.h"

enum {
	EARLY = 1 << FORM_EARLY_WARNING,
	LATER = 1 << FORM_72_HOURS,
	DATA = 1 << FORM_DATA_PROTECTION,
	LINE = 1 << FORM_TIMELINE,
	BOTH = EARLY | LATER,
	ALL = EARLY | LATER | DATA
};

static const struct form_field fields[] = {
	{ "reference", ALL | LINE, FORM_REFERENCE, { "Kenmerk", "Reference" }, { "", "" } },
	{ "title", ALL | LINE, FORM_TITLE, { "Onderwerp", "Subject" }, { "", "" } },
	{ "state", ALL | LINE, FORM_STATE, { "Stand van zaken", "State" }, { "", "" } },
	{ "follow_up",
	  ALL,
	  FORM_BY_PEOPLE,
	  { "Eerste melding of aanvulling", "First notification, or addition" },
	  { "Eerste melding, aanvulling of intrekking; kenmerk van de eerdere melding",
	    "First one, addition or withdrawal; reference of the earlier one" } },
	{ "organisation",
	  ALL,
	  FORM_BY_PEOPLE,
	  { "Organisatie", "Organisation" },
	  { "Naam, adres, registratienummer, sector", "Name, address, registration, sector" } },
	{ "contact",
	  BOTH,
	  FORM_BY_PEOPLE,
	  { "Contactpersoon", "Contact" },
	  { "Naam, functie, telefoon en e-mail, ook buiten kantooruren",
	    "Name, function, telephone and e-mail, also outside office hours" } },
	{ "data_protection_officer",
	  DATA,
	  FORM_BY_PEOPLE,
	  { "Functionaris gegevensbescherming of ander contactpunt",
	    "Data protection officer or other contact point" },
	  { "Naam en contactgegevens", "Name and contact details" } },
	{ "detected",
	  ALL | LINE,
	  FORM_DETECTED,
	  { "Moment van ontdekking", "Moment of detection" },
	  { "", "" } },
	{ "aware",
	  DATA,
	  FORM_BY_PEOPLE,
	  { "Moment waarop de inbreuk bekend werd bij de verwerkingsverantwoordelijke",
	    "When the controller became aware of the breach" },
	  { "Kan later zijn dan de ontdekking", "May be later than detection" } },
	{ "due_24",
	  EARLY,
	  FORM_DUE_24,
	  { "24 uur na ontdekking", "24 hours after detection" },
	  { "", "" } },
	{ "due_72",
	  LATER | DATA,
	  FORM_DUE_72,
	  { "72 uur na ontdekking", "72 hours after detection" },
	  { "", "" } },
	{ "delay",
	  LATER | DATA,
	  FORM_BY_PEOPLE,
	  { "Reden van vertraging", "Reasons for delay" },
	  { "Alleen als later dan 72 uur wordt gemeld", "Only when notified after 72 hours" } },
	{ "description",
	  BOTH,
	  FORM_BY_PEOPLE,
	  { "Wat er is gebeurd", "What happened" },
	  { "Korte beschrijving; wat bekend is en wat nog niet",
	    "In short; what is known, and what is not yet" } },
	{ "malicious",
	  BOTH,
	  FORM_BY_PEOPLE,
	  { "Vermoeden van onrechtmatig of kwaadwillig handelen",
	    "Suspected of being caused by unlawful or malicious acts" },
	  { "Ja, nee of onbekend; waarom", "Yes, no or unknown; why" } },
	{ "cross_border",
	  ALL,
	  FORM_BY_PEOPLE,
	  { "Gevolgen in andere lidstaten", "Cross-border impact" },
	  { "Ja, nee of onbekend; welke landen en diensten",
	    "Yes, no or unknown; which countries and services" } },
	{ "nature",
	  DATA,
	  FORM_BY_PEOPLE,
	  { "Aard van de inbreuk", "Nature of the breach" },
	  { "Vertrouwelijkheid, integriteit, beschikbaarheid; hoe het gebeurde",
	    "Confidentiality, integrity, availability; how it happened" } },
	{ "subjects",
	  DATA,
	  FORM_BY_PEOPLE,
	  { "Categorieën en (bij benadering) aantal betrokkenen",
	    "Categories and approximate number of data subjects" },
	  { "De aantallen hieronder tellen gebruikers van de toegang, niet de mensen van wie "
	    "gegevens zijn ingezien",
	    "The figures below count users of the access, not the people whose data was seen" } },
	{ "records",
	  DATA,
	  FORM_BY_PEOPLE,
	  { "Categorieën en (bij benadering) aantal gegevensrecords",
	    "Categories and approximate number of personal data records" },
	  { "Soorten gegevens, ook bijzondere; aantallen", "Kinds of data, also special ones; "
							   "numbers" } },
	{ "consequences",
	  DATA,
	  FORM_BY_PEOPLE,
	  { "Waarschijnlijke gevolgen", "Likely consequences" },
	  { "Voor de betrokkenen", "For the data subjects" } },
	{ "impact",
	  LATER,
	  FORM_BY_PEOPLE,
	  { "Eerste beoordeling: ernst en gevolgen", "Initial assessment: severity and impact" },
	  { "Getroffen diensten, duur, schade, aantal getroffenen",
	    "Services affected, duration, damage, number of people affected" } },
	{ "closure", ALL | LINE, FORM_CLOSURE, { "Gesloten geweest", "Was closed" }, { "", "" } },
	{ "concerned",
	  ALL | LINE,
	  FORM_CONCERNED,
	  { "Gebruik sinds de ontdekking, geteld in het auditlog",
	    "Use since detection, counted in the audit log" },
	  { "", "" } },
	{ "signs", LATER | LINE, FORM_SIGNS, { "Alarmen", "Alarms" }, { "", "" } },
	{ "indicators",
	  LATER,
	  FORM_BY_PEOPLE,
	  { "Indicatoren van compromittering", "Indicators of compromise" },
	  { "Voor zover beschikbaar: adressen, namen, hashes; `sluis hunt` zoekt ze in het log",
	    "Where available: addresses, names, hashes; `sluis hunt` looks for them in the log" } },
	{ "measures",
	  ALL | LINE,
	  FORM_MEASURES,
	  { "Maatregelen die zijn genomen, geteld in het auditlog",
	    "Measures taken, counted in the audit log" },
	  { "", "" } },
	{ "further_measures",
	  ALL,
	  FORM_BY_PEOPLE,
	  { "Andere en voorgenomen maatregelen", "Other and proposed measures" },
	  { "Ook om nadelige gevolgen te beperken", "Also to mitigate adverse effects" } },
	{ "told_subjects",
	  DATA,
	  FORM_BY_PEOPLE,
	  { "Mededeling aan betrokkenen", "Communication to data subjects" },
	  { "Wanneer en hoe; of waarom niet", "When and how; or why not" } },
	{ "told_others",
	  ALL,
	  FORM_BY_PEOPLE,
	  { "Andere instanties aan wie is gemeld", "Other authorities notified" },
	  { "CSIRT, toezichthouder, politie, ketenpartners",
	    "CSIRT, supervisor, police, partners" } },
	{ "help",
	  BOTH,
	  FORM_BY_PEOPLE,
	  { "Gewenste ondersteuning", "Support that is wanted" },
	  { "", "" } },
	{ "summary", ALL | LINE, FORM_SUMMARY, { "Afsluiting", "Closing note" }, { "", "" } },
};

const struct form_field *incident_form_field(size_t i)
{
	return i < sizeof fields / sizeof fields[0] ? &fields[i] : NULL;
}

static const struct {
	const char *name, *title[FORM_LANGUAGES];
} kinds[FORMS] = {
	[FORM_TIMELINE] = { "timeline",
			    { "Tijdlijn van het incident", "Timeline of the incident" } },
	[FORM_EARLY_WARNING] = { "early-warning",
				 { "Vroegtijdige waarschuwing (24 uur)",
				   "Early warning (24 hours)" } },
	[FORM_72_HOURS] = { "72-hours",
			    { "Incidentmelding (72 uur)", "Incident notification (72 hours)" } },
	[FORM_DATA_PROTECTION] = { "data-protection",
				   { "Melding van een inbreuk in verband met persoonsgegevens",
				     "Notification of a personal data breach" } },
};

enum form_kind incident_form_kind(struct view name)
{
	unsigned i = 0;

	while (i < FORMS && !view_eq(name, view_str(kinds[i].name)))
		i++;
	return (enum form_kind)i;
}

const char *incident_form_name(enum form_kind kind)
{
	return kinds[kind].name;
}

const char *incident_form_title(enum form_kind kind, enum form_language language)
{
	return kinds[kind].title[language];
}

static const char *const words[WORDS][FORM_LANGUAGES] = {
	[WORD_REPORT] = { "Opgesteld met Sluis", "Made with Sluis" },
	[WORD_BLANK] = { "INVULLEN", "TO BE FILLED IN" },
	[WORD_LEVELS] = { "Niveaus van afsluiting", "Levels of isolation" },
	[WORD_TIMELINE] = { "Tijdlijn", "Timeline" },
	[WORD_REACHED] = { "Bereikt sinds de ontdekking", "Reached since detection" },
	[WORD_PROOF] = { "Hoe dit te controleren is", "How to check this" },
	[WORD_MORE] = { "meer, die hier niet staan", "more, not shown here" },
	[WORD_STILL] = { "nu nog", "still" },
	[WORD_TIME] = { "tijd (UTC)", "time (UTC)" },
	[WORD_RECORD] = { "record", "record" },
	[WORD_WHAT] = { "gebeurtenis", "event" },
	[WORD_OBJECT] = { "waarop", "object" },
	[WORD_RESULT] = { "uitkomst", "result" },
	[WORD_WHO] = { "door", "by" },
	[WORD_DETAIL] = { "toelichting", "detail" },
	[WORD_LEVEL] = { "niveau", "level" },
	[WORD_FROM] = { "vanaf", "from" },
	[WORD_UNTIL] = { "tot", "until" },
	[WORD_SECONDS] = { "seconden", "seconds" },
	[WORD_ROUTE] = { "route", "route" },
	[WORD_REQUESTS] = { "verzoeken", "requests" },
	[WORD_USERS] = { "gebruikers", "users" },
	[WORD_WRITES] = { "mogelijk wijzigend", "may have changed something" },
	[WORD_BYTES_OUT] = { "bytes verstuurd", "bytes sent" },
	[WORD_NONE] = { "geen", "none" },
};

const char *incident_form_word(enum form_word word, enum form_language language)
{
	return words[word][language];
}
