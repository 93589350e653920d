/*
 * Audit and signer: checkpoints over the log (promise P9). The signer composes what it signs
 * itself, from the fields, so that it can't be made to sign anything else.
 */
#ifndef IPC_AUDIT_SIGNER_H
#define IPC_AUDIT_SIGNER_H

#include "ipc/frame.h"

enum audit_signer_message {
	AUDIT_CHECKPOINT = 1, /* u8 is_stop, u64 sequence of the last record, 32 bytes its hash, u64
				 wall clock, microseconds */
};

enum signer_audit_message {
	SIGNER_CHECKPOINT = 1, /* 64 bytes Ed25519 signature (RFC 8032) over the text that
				  audit_checkpoint_put makes; seq as asked */
};

struct audit_checkpoint {
	uint64_t seq;
	uint8_t hash[32];
	uint64_t wall_us;
	bool is_stop; /* the log was closed in order: nothing may follow but a new start */
};

enum { AUDIT_CHECKPOINT_TEXT_MAX = 256 };

/* audit_checkpoint_put - the text that is signed: "sluis audit checkpoint v1\n<seq>\n<hex
 * hash>\n<UTC time>\n<open|stop>\n" */
void audit_checkpoint_put(struct wbuf *w, const struct audit_checkpoint *c);

#endif
