/* What works by design, and why: the acts that are no breach in a role. Anything else is one. */
#ifndef DRILL_ALLOWED_H
#define DRILL_ALLOWED_H

#include "drill/act.h"

struct allowed {
	uint32_t roles;	  /* ACT_ROLE(...) | ...; 0: every one */
	const char *act;  /* its name */
	const char *what; /* what is reached by it, in a few words: a place on the map */
	const char *reason;
	bool is_users;	/* only where an ordinary user started Sluis: roles are that user then */
	bool is_weaker; /* only where --allow-weaker says that the kernel can't keep it */
};

/* allowed_find - the row that excuses a role's act, or NULL */
const struct allowed *allowed_find(enum role role, const char *act, bool is_user, bool is_weaker);

/* allowed_count, allowed_at - all rows */
size_t allowed_count(void);
const struct allowed *allowed_at(size_t i);

#endif
