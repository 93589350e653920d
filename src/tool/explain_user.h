/* `sluis explain --user`: what the access rules of an application say about one person. */
#ifndef TOOL_EXPLAIN_USER_H
#define TOOL_EXPLAIN_USER_H

#include "base/view.h"

enum { EXPLAIN_FACTORS_MAX = 8 };

/* All borrowed from the command line; NULL: not given. */
struct explain_user_question {
	const char *user, *host, *path, *source, *state;
	const char *factors[EXPLAIN_FACTORS_MAX];
	size_t factor_n;
	bool is_json;
};

/* explain_user - asks the authority and prints; the exit status: 0 allowed, 3 not (so), 1 there is
 * nobody to ask, or no such user or application, 2 the question is not understood */
int explain_user(const struct explain_user_question *q);

#endif
