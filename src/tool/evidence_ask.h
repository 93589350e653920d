/* What `sluis evidence` asks of the instance: a signature, and a line in the audit log. */
#ifndef TOOL_EVIDENCE_ASK_H
#define TOOL_EVIDENCE_ASK_H

#include "ipc/evidence_signer.h"
#include "ipc/tool_keeper.h"

struct evidence_note {
	enum tool_evidence what;
	const uint8_t *manifest, *file; /* SHA-256, or NULL */
	const char *id, *detail;	/* detail: may be empty; cut at TOOL_REASON_MAX */
};

/* evidence_ask_note - 0, or 1: told on standard error */
int evidence_ask_note(const char *state_option, const struct evidence_note *n);

/* evidence_ask_sign - s->hash is signed by the signer; the rest of s is set, and checked. 0, or 1:
 * told */
int evidence_ask_sign(const char *state_option, struct evidence_signature *s);

#endif
