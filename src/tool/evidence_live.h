/* What the instance itself says: its status, shared pages and sessions. */
#ifndef TOOL_EVIDENCE_LIVE_H
#define TOOL_EVIDENCE_LIVE_H

#include "tool/evidence_bundle.h"
#include "tool/snapshot.h"

/*
 * evidence_live_put - status.json, sessions.json, metrics.txt; pages/ unless the bundle is in the
 * clear s  what the keeper has shown; E_OK of it is the caller's E_NOMEM, E_SYS: the bundle can't
 * be written on
 */
enum err evidence_live_put(struct evidence_bundle *b, const char *state_option,
			   const struct snapshot *s, bool is_clear);

#endif
