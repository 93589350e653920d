/* `sluis evidence`, and what other commands ask of it. */
#ifndef TOOL_EVIDENCE_H
#define TOOL_EVIDENCE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

int evidence_main(int argc, char **argv);

/* The newest complete bundle, or waiver, of an instance. */
struct evidence_last {
	int64_t at_s;	/* wall clock: when it was complete */
	bool is_waived; /* none was taken, and somebody said why */
	char id[64];	/* as `sluis evidence list` shows it */
};

/*
 * evidence_newest - when a complete bundle was last taken, or one was waived
 *   state_dir  the state directory itself (tool/state_dir.h)
 *   since_s    only what was complete at or after that: the beginning of an incident; 0: ever
 * false: none
 */
bool evidence_newest(const char *state_dir, int64_t since_s, struct evidence_last *ret);

/*
 * evidence_waive - somebody goes on without evidence and says why: event evidence.waived, and a
 * record that evidence_newest finds
 *   state_option  --state, or NULL
 *   reason        1 to 200 bytes
 * 0, or 1 or 2: told on standard error
 */
int evidence_waive(const char *state_option, const char *reason);

#endif
