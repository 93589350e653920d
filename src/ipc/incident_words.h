/*
 * What people write in an incident: how much of it, and which characters. It is kept, put in the
 * audit log and, of notices, shown to anybody; nobody ever interprets it.
 */
#ifndef IPC_INCIDENT_WORDS_H
#define IPC_INCIDENT_WORDS_H

#include "base/view.h"

enum {
	INCIDENT_TITLE_MAX = 200,
	INCIDENT_NOTE_MAX = 700, /* with all its fields it has to fit in one record of the log */
	INCIDENT_NOTES = 1000,	 /* of one incident */
	INCIDENTS_MAX = 10000,
	NOTICE_MAX = 500 /* bytes, in one language */
};

enum notice_language { NOTICE_NL, NOTICE_EN, NOTICE_LANGUAGES };

/*
 * incident_words_fit - may somebody have written this?
 *   is_long  newlines are fine
 * NULL: yes; else what is wrong, a fixed text: empty, too long, not UTF-8, or a character that
 * moves a cursor or turns the direction of text
 */
const char *incident_words_fit(struct view text, size_t max, bool is_long);

#endif
