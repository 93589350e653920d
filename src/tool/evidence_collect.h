/* `sluis evidence collect`: see docs/evidence.md. */
#ifndef TOOL_EVIDENCE_COLLECT_H
#define TOOL_EVIDENCE_COLLECT_H

#include "tool/evidence_choice.h"
#include "tool/evidence_recipient.h"

#include <stdint.h>

struct evidence_collect {
	const char *state_option, *output, *reason;
	struct evidence_recipients to; /* empty: in the clear */
	struct evidence_choice choice; /* of memory; n 0: none */
	uint64_t bytes_max;
	int64_t since_us;
	bool is_json, is_quiet;
};

/* evidence_collect_run - the exit status; told */
int evidence_collect_run(struct evidence_collect *o);

#endif
