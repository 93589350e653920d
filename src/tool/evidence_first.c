/* An incident that is open asks for a bundle that is newer than it, or a waiver. */
#include "tool/evidence_first.h"

#include "tool/evidence.h"
#include "tool/incident_now.h"
#include "tool/state_dir.h"

#include <stdio.h>

/* Whether an incident is open of which nothing was kept. Nobody knows is yes. */
static bool evidence_first_is_missing(const char *state)
{
	char dir[STATE_DIR_MAX + 1];
	struct incident_now now = { 0 };
	struct evidence_last last = { 0 };

	if (incident_now_ask(state, &now) != E_OK || state_dir_path(state, dir) != E_OK)
		return true;
	return now.number && !evidence_newest(dir, (int64_t)now.opened_s, &last);
}

int evidence_first_ask(const char *state, const char *waiver)
{
	if (waiver)
		return evidence_waive(state, waiver);
	if (!evidence_first_is_missing(state))
		return 0;
	(void)fputs("sluis: an incident is open, and what is there now is evidence: `sluis "
		    "evidence collect` keeps it; or say why not: --without-evidence REASON\n",
		    stderr);
	return 1;
}
