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
	AUDIT_PUBLIC_KEY = 2, /* - */
	AUDIT_TREE = 3	      /* u64 leaves, at least one, 32 bytes root of the tree */
};

enum signer_audit_message {
	SIGNER_CHECKPOINT = 1, /* 64 bytes Ed25519 signature (RFC 8032) over the text that
				  audit_checkpoint_put makes; seq as asked */
	SIGNER_PUBLIC_KEY = 2, /* 32 bytes Ed25519 public key; seq as asked */
	SIGNER_TREE = 3	       /* 64 bytes Ed25519 signature over the checkpoint that
				  note_put_checkpoint makes of the key's origin and the fields; seq as
				  asked */
};

enum {
	AUDIT_CHECKPOINT_TEXT_MAX = 256,
	AUDIT_CHECKPOINT_ASK = 49, /* bytes of AUDIT_CHECKPOINT */
	AUDIT_TREE_ASK = 40,	   /* bytes of AUDIT_TREE */
	AUDIT_SIGNATURE = 64,
	AUDIT_KEY = 32
};

/* The last microsecond of year 9999: what RFC 3339 can write. */
#define AUDIT_WALL_US_MAX UINT64_C(253402300799999999)

struct audit_checkpoint {
	uint64_t seq;
	uint8_t hash[32];
	uint64_t wall_us;
	bool is_stop; /* the log was closed in order: nothing may follow but a new start */
};

/* audit_checkpoint_put - the text that is signed: "sluis audit checkpoint v1\n<seq>\n<hex
 * hash>\n<UTC time>\n<open|stop>\n" */
void audit_checkpoint_put(struct wbuf *w, const struct audit_checkpoint *c);

/* audit_checkpoint_put_ask, audit_checkpoint_get_ask - the body of AUDIT_CHECKPOINT. E_SHORT,
 * E_PROTO: malformed, or a time that has no text */
void audit_checkpoint_put_ask(struct wbuf *w, const struct audit_checkpoint *c);
enum err audit_checkpoint_get_ask(struct view body, struct audit_checkpoint *ret);

#endif
