/* What lies in the state directory: configurations, the audit log, public keys. */
#ifndef TOOL_EVIDENCE_STATE_H
#define TOOL_EVIDENCE_STATE_H

#include "tool/evidence_bundle.h"

struct evidence_state_options {
	const char *dir;  /* the state directory */
	int64_t since_us; /* audit segments that hold anything from here on; 0: all */
	bool is_clear;	  /* the bundle is not encrypted: texts of configurations stay out */
};

/* evidence_state_put - config/, audit/, keys/audit.pub. E_NOMEM, E_SYS: the bundle can't be written
 * on */
enum err evidence_state_put(struct evidence_bundle *b, const struct evidence_state_options *o);

/* evidence_state_bytes - how much that is at most, for a look at the disk before */
uint64_t evidence_state_bytes(const char *dir);

#endif
