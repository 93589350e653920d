/*
 * The Merkle tree over the audit log (promise P9): RFC 9162 §2.1, SHA-256. Its state while it grows
 * is the frontier, one hash for each bit that is set in its size, so a tree of any size goes on
 * from two kilobytes. Proofs: merkle_plan.h makes them, this checks them.
 */
#ifndef IPC_MERKLE_H
#define IPC_MERKLE_H

#include "ipc/audit_hash.h"

enum {
	MERKLE_LEVELS = 63,
	MERKLE_PROOF_MAX = 63, /* hashes; more than 2^62 leaves are no tree of ours */
	MERKLE_FRONTIER_TEXT = MERKLE_LEVELS * 2 * AUDIT_LINE_HASH
};

#define MERKLE_SIZE_MAX (UINT64_C(1) << 62)

/* The roots of the complete subtrees that the leaves so far make; zero is the empty tree. */
struct merkle_frontier {
	uint64_t size;				    /* leaves */
	struct audit_line_hash node[MERKLE_LEVELS]; /* [k] is in use when bit k of size is set */
};

struct merkle_proof {
	unsigned n;
	struct audit_line_hash node[MERKLE_PROOF_MAX]; /* from the leaf up */
};

/* merkle_root - RFC 9162 §2.1.1, also of the empty tree. E_SYS the hash library failed */
enum err merkle_root(struct audit_hash *h, const struct merkle_frontier *f,
		     struct audit_line_hash *ret);

/* merkle_append - one leaf, already hashed. E_LIMIT the tree is full · E_SYS */
enum err merkle_append(struct audit_hash *h, struct merkle_frontier *f,
		       const struct audit_line_hash *leaf);

/* merkle_put, merkle_get - the hashes of a frontier in hexadecimal, the widest subtree's first.
 * E_PROTO: not as many as size has bits, or malformed · E_LIMIT size */
void merkle_put(struct wbuf *w, const struct merkle_frontier *f);
enum err merkle_get(uint64_t size, struct view hex, struct merkle_frontier *ret);

/* What an inclusion proof says: this leaf stands at this place of that tree. */
struct merkle_place {
	uint64_t index, size;
	struct audit_line_hash leaf, root;
};

/* merkle_check_inclusion - RFC 9162 §2.1.3.2. E_DENIED: it proves nothing of the kind · E_SYS */
enum err merkle_check_inclusion(struct audit_hash *h, const struct merkle_place *p,
				const struct merkle_proof *proof);

/* A tree as a checkpoint has it. */
struct merkle_head {
	uint64_t size;
	struct audit_line_hash root;
};

/* merkle_check_consistency - RFC 9162 §2.1.4.2: newer holds all that older held, at the same
 * places. E_DENIED: it is not proved · E_SYS */
enum err merkle_check_consistency(struct audit_hash *h, const struct merkle_head *older,
				  const struct merkle_head *newer,
				  const struct merkle_proof *proof);

bool merkle_eq(const struct audit_line_hash *a, const struct audit_line_hash *b);

#endif
