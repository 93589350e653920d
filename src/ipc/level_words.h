/*
 * Levels of isolation (promise P8): their names, what they are set on, and sets of them. They
 * only grow; they are stored and published under these numbers.
 */
#ifndef IPC_LEVEL_WORDS_H
#define IPC_LEVEL_WORDS_H

#include "base/view.h"

/* From open to strict; LEVEL_PILOT_RETURN is the staged return's alone, and called "pilot". */
enum level {
	LEVEL_OPEN = 0,
	LEVEL_STEP_UP,	       /* a factor shown since then */
	LEVEL_NO_NEW_SESSIONS, /* who is in stays in */
	LEVEL_OFFICE_ONLY,     /* clients in a zone of isolation.office */
	LEVEL_PARTNERS_ONLY,   /* clients in a zone of isolation.partners */
	LEVEL_READ_ONLY,       /* requests that change nothing */
	LEVEL_PILOT_RETURN,    /* the office, and the group isolation.pilot from anywhere */
	LEVEL_PILOT,	       /* the group isolation.pilot alone */
	LEVEL_CLOSED,	       /* nobody */
	LEVELS
};

enum level_scope { LEVEL_OF_ALL = 1, LEVEL_OF_ZONE, LEVEL_OF_LISTENER, LEVEL_OF_APP, LEVEL_SCOPES };

enum { LEVEL_NAME_MAX = 64, LEVEL_ENTRIES = 256 };

/* LEVEL_BIT - of a set of levels: all of them hold */
#define LEVEL_BIT(level) ((uint16_t)(1u << (level)))
#define LEVEL_MASK_ALL	 ((uint16_t)((1u << LEVELS) - 1u))
/* Those that depend on who somebody is, which the authority alone knows */
#define LEVEL_ASKS ((uint16_t)(1u << LEVEL_STEP_UP | 1u << LEVEL_PILOT | 1u << LEVEL_PILOT_RETURN))

/* One thing that a level is set on. */
struct level_entry {
	uint64_t since_s, until_s; /* wall clock; until 0: until it is lifted */
	uint16_t mask;		   /* LEVEL_BIT of each; never 0 */
	uint8_t scope;		   /* enum level_scope */
	uint8_t name_n;		   /* 0: LEVEL_OF_ALL */
	bool is_exercise;	   /* looked at and recorded, never acted upon */
	uint8_t name[LEVEL_NAME_MAX];
};

/* level_name - "read_only"; a number that is none: "?" */
struct view level_name(enum level level);

/* level_by_name - LEVELS: there is none. Never LEVEL_PILOT_RETURN */
enum level level_by_name(struct view name);

/* level_strictest - of a set; LEVEL_OPEN: it is empty */
enum level level_strictest(uint16_t mask);

/* level_scope_name - "all", "zone", "listener", "app" */
struct view level_scope_name(enum level_scope scope);

/* level_is_sound - an entry as it may be stored and published: bits and lengths within bounds, and
 * its name fit for its scope */
bool level_is_sound(const struct level_entry *e);

#endif
