/* What works by design, and why: the acts that are no breach in a role. Anything else is one. */
#ifndef DRILL_ALLOWED_H
#define DRILL_ALLOWED_H

#include "drill/act.h"

/* What must be so for a row to hold; `sluis status` says which of it is. */
enum allowed_when {
	ALLOWED_USER = 1,  /* an ordinary user started Sluis: its roles are that user */
	ALLOWED_PORTS = 2, /* no cgroup rules can be made: who connects is held to ports alone */
	ALLOWED_WEAKER = 4 /* it was started with --allow-weaker */
};

struct allowed {
	uint32_t roles;	  /* ACT_ROLE(...) | ...; 0: every one */
	const char *act;  /* its name */
	const char *what; /* what is reached by it, in a few words: a place on the map */
	const char *reason;
	uint8_t when; /* set of enum allowed_when, all of which must be so; 0: always */
};

/* allowed_find - the row that excuses a role's act where this is so (set of enum allowed_when), or
 * NULL */
const struct allowed *allowed_find(enum role role, const char *act, uint8_t is_so);

#endif
