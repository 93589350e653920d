/* What came of a drill: each act's verdict, and sums. */
#ifndef TOOL_DRILL_RESULT_H
#define TOOL_DRILL_RESULT_H

#include "drill/act.h"
#include "drill/allowed.h"
#include "tool/drill_twin.h"

enum drill_verdict {
	DRILL_NOT_TRIED = 0, /* not this role's, or not asked for */
	DRILL_REFUSED,	     /* with an error, or by its peer */
	DRILL_DIED,	     /* the process was ended for it */
	DRILL_ALLOWED,	     /* worked, and is meant to */
	DRILL_BREACH,	     /* worked */
	DRILL_UNABLE,	     /* could not be tried here */
	DRILL_UNFINISHED,    /* did not come back, or the twin broke before */
	DRILL_VERDICTS
};

struct drill_result {
	struct drill_twin *twin;
	unsigned twin_n;
	uint64_t ms;
	uint8_t is_so; /* set of enum allowed_when */
};

struct drill_sums {
	unsigned n[DRILL_VERDICTS], tried;
};

/* drill_result_of - of act i in a twin; ret_allowed: the row that excuses it, or NULL */
enum drill_verdict drill_result_of(const struct drill_result *r, const struct drill_twin *t,
				   uint32_t i, const struct allowed **ret_allowed);

/* drill_result_sum - of a twin's acts of a group; ACT_GROUPS: all groups */
struct drill_sums drill_result_sum(const struct drill_result *r, const struct drill_twin *t,
				   enum act_group group);

/* drill_result_total - of all twins */
struct drill_sums drill_result_total(const struct drill_result *r);

const char *drill_verdict_name(enum drill_verdict v);

/* drill_result_how - "EPERM", "signal 31 (a forbidden system call)", "the channel was closed" */
void drill_result_how(const struct drill_twin *t, uint32_t i, char *ret, size_t cap);

#endif
