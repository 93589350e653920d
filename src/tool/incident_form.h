/*
 * What the notifications of an incident ask for, as a table: the fields of an early warning and of
 * an incident notification (NIS2 directive, article 23(4)(a) and (b)) and of a data-protection
 * notice (GDPR, article 33), in Dutch and English. Fields only: which of them an organisation owes
 * whom, and when, people decide. What Sluis knows is filled in; the rest stays blank, and says so.
 */
#ifndef TOOL_INCIDENT_FORM_H
#define TOOL_INCIDENT_FORM_H

#include "base/view.h"

enum form_kind { FORM_TIMELINE, FORM_EARLY_WARNING, FORM_72_HOURS, FORM_DATA_PROTECTION, FORMS };
enum form_language { FORM_NL, FORM_EN, FORM_LANGUAGES };

/* What the log knows; FORM_BY_PEOPLE: only people do. */
enum form_known {
	FORM_BY_PEOPLE = 0,
	FORM_REFERENCE,
	FORM_TITLE,
	FORM_DETECTED,
	FORM_DUE_24,
	FORM_DUE_72,
	FORM_STATE,
	FORM_CLOSURE,
	FORM_CONCERNED,
	FORM_MEASURES,
	FORM_SIGNS,
	FORM_SUMMARY,
	FORM_KNOWN
};

struct form_field {
	const char *key;
	uint8_t forms;			   /* 1 << enum form_kind */
	uint8_t known;			   /* enum form_known */
	const char *label[FORM_LANGUAGES]; /* what is asked */
	const char *hint[FORM_LANGUAGES];  /* what belongs there */
};

/* Words of a report around its fields. */
enum form_word {
	WORD_REPORT,
	WORD_BLANK,
	WORD_LEVELS,
	WORD_TIMELINE,
	WORD_REACHED,
	WORD_PROOF,
	WORD_MORE,
	WORD_STILL,
	WORD_TIME,
	WORD_RECORD,
	WORD_WHAT,
	WORD_OBJECT,
	WORD_RESULT,
	WORD_WHO,
	WORD_DETAIL,
	WORD_LEVEL,
	WORD_FROM,
	WORD_UNTIL,
	WORD_SECONDS,
	WORD_ROUTE,
	WORD_REQUESTS,
	WORD_USERS,
	WORD_WRITES,
	WORD_BYTES_OUT,
	WORD_NONE,
	WORDS
};

/* incident_form_kind - by its name on the command line; FORMS: there is none */
enum form_kind incident_form_kind(struct view name);
const char *incident_form_name(enum form_kind kind);
const char *incident_form_title(enum form_kind kind, enum form_language language);

/* incident_form_field - the i-th of all, in order; NULL: there are no more */
const struct form_field *incident_form_field(size_t i);

const char *incident_form_word(enum form_word word, enum form_language language);

#endif
