/*
 * The staged return (docs/recover.md): its steps, the levels that each of them is, and the gates
 * before a step. They only grow; they are stored and sent under these numbers.
 */
#ifndef IPC_RECOVER_WORDS_H
#define IPC_RECOVER_WORDS_H

#include "ipc/level_words.h"

/* From the first to the last; each lets more through than the one before it. */
enum recover_step {
	RECOVER_NONE = 0, /* it takes no part in a return */
	RECOVER_CLOSED,
	RECOVER_READ_ONLY, /* from the office, and nothing that changes anything */
	RECOVER_OFFICE_ONLY,
	RECOVER_PILOT, /* from the office, and a group from anywhere */
	RECOVER_OPEN,
	RECOVER_STEPS
};

/* What holds a step back until it is open. */
enum recover_gate {
	RECOVER_NEEDS = 1, /* what the application needs is at that step already */
	RECOVER_SOAK,	   /* the step before it has held long enough */
	RECOVER_SERVERS,   /* the application's servers are healthy */
	RECOVER_SESSIONS,  /* no session is from before the incident */
	RECOVER_KEYS,	   /* nor a certificate or a key */
	RECOVER_ALARMS,	   /* no alarm is open */
	RECOVER_AUDIT,	   /* the audit log's chain is unbroken */
	RECOVER_PROGRAMS,  /* the program files match their manifest */
	RECOVER_GATES
};

enum recover_state { RECOVER_GATE_OPEN = 1, RECOVER_GATE_CLOSED };

/* Gates that the command looks at, because the authority can't: bits of what it found. */
enum recover_told {
	RECOVER_TOLD_AUDIT = 1,	   /* it was looked at */
	RECOVER_TOLD_AUDIT_OK = 2, /* ... and is good */
	RECOVER_TOLD_PROGRAMS = 4,
	RECOVER_TOLD_PROGRAMS_OK = 8,
	RECOVER_TOLD_ALL = 15
};

/* What people are asked to approve. */
enum recover_kind { RECOVER_WISH_STEP = 1, RECOVER_WISH_LEVEL, RECOVER_WISHES };

enum { RECOVER_APPS = 200 /* in one return: levels have room for them */ };

/* recover_step_name - "read_only"; a number that is none: "?" */
struct view recover_step_name(enum recover_step step);

/* recover_step_mask - the levels on the application's scope; RECOVER_OPEN: none */
uint16_t recover_step_mask(enum recover_step step);

/* recover_gate_name - "servers"; recover_gate_text - "its servers are healthy" */
struct view recover_gate_name(enum recover_gate gate);
struct view recover_gate_text(enum recover_gate gate);

#endif
