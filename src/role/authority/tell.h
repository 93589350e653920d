/* What the authority tells the audit log: docs/gateway.md, "Audit". Never a token, a password, a
 * code or a key. */
#ifndef ROLE_AUTHORITY_TELL_H
#define ROLE_AUTHORITY_TELL_H

#include "ipc/record.h"
#include "role/authority/authority.h"

/* What happened; texts are borrowed. Empty: "-". */
struct tell {
	const char *action, *result;
	struct view object, actor, detail;
	const struct authority_cell *cell; /* where from; NULL: the authority itself */
	uint32_t uid;			   /* with is_tool: who typed the command */
	bool is_alarm, is_tool;
};

/* tell_event - one record; lost (and said on standard error) when the ring is full, which tell_room
 * was asked about before */
void tell_event(struct authority *a, const struct tell *t);

/* tell_room - the ring has room for what a change may have to tell: without it nothing is changed
 * (promise P9) */
bool tell_room(const struct authority *a);

#endif
