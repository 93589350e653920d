/*
 * Alarms in words: what each one means, and what to do first. One table, for the authority (its
 * class decides what falls back: isolation.fallback_on), for the command, and for docs/alarms.md.
 */
#ifndef IPC_ALARM_WORDS_H
#define IPC_ALARM_WORDS_H

#include "base/view.h"

/* Their order is that of enum image_alarm_class (conf/image.h). */
enum alarm_class {
	ALARM_CANARY = 0,
	ALARM_SANDBOX,
	ALARM_AUDIT_GAP,
	ALARM_CRASH,
	ALARM_EGRESS,
	ALARM_SESSION_MOVE,
	ALARM_FAILURES,
	ALARM_OTHER,
	ALARM_CLASSES
};

struct alarm_words {
	struct view action; /* as in the audit log */
	uint8_t class;	    /* enum alarm_class */
	const char *means, *first;
};

/* alarm_words_of - what is known of this action; never NULL: of an unknown one what holds for all
 */
const struct alarm_words *alarm_words_of(struct view action);

/* alarm_words_class - "canary", "sandbox_violation", ... as isolation.fallback_on has them; "other"
 */
const char *alarm_words_class(enum alarm_class class);

#endif
