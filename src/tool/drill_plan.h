/* How the instance that is drilled was started, and what of it is there. */
#ifndef TOOL_DRILL_PLAN_H
#define TOOL_DRILL_PLAN_H

#include "tool/drill_twin.h"
#include "tool/snapshot.h"

struct drill_roles {
	enum role role[ROLE_N];
	uid_t uid[ROLE_N];
	unsigned n;
};

/*
 * drill_plan_make - from the instance with this state directory
 *   config  another configuration than the one that is in force; NULL: that
 *   seen   its status (snapshot_row)
 *   plan   gives; drill_plan_done
 *   roles  who runs there, config and cells included
 * False: told on standard error
 */
bool drill_plan_make(const char *state_option, const char *config, const struct snapshot *seen,
		     struct drill_plan *plan, struct drill_roles *roles);
void drill_plan_done(struct drill_plan *plan);

#endif
