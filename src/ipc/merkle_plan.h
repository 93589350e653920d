/*
 * Making proofs from one pass over the leaves, in fixed memory: a plan says which subtrees'
 * hashes the proof wants, and picks them up while the tree grows from a frontier to its size. The
 * pass may begin anywhere at or before the leaf, or the older size, that the proof is about.
 */
#ifndef IPC_MERKLE_PLAN_H
#define IPC_MERKLE_PLAN_H

#include "ipc/merkle.h"

/* The hash of leaves [from, to). */
struct merkle_part {
	uint64_t from, to;
	struct audit_line_hash hash; /* valid with is_known */
	bool is_known;
};

struct merkle_plan {
	uint64_t size; /* of the tree that the proof is of */
	unsigned n;
	struct merkle_part part[MERKLE_PROOF_MAX]; /* in the proof's order */
};

/* merkle_plan_inclusion - RFC 9162 §2.1.3.1. E_LIMIT: no such leaf, or too large a tree */
enum err merkle_plan_inclusion(struct merkle_plan *p, uint64_t index, uint64_t size);

/* merkle_plan_consistency - RFC 9162 §2.1.4.1; nothing is wanted when older is 0 or size. E_LIMIT
 * older is more, or too large a tree */
enum err merkle_plan_consistency(struct merkle_plan *p, uint64_t older, uint64_t size);

/* merkle_plan_begin - takes what the frontier has, from which the pass begins */
void merkle_plan_begin(struct merkle_plan *p, const struct merkle_frontier *f);

/* merkle_plan_append - merkle_append, and takes what it makes. E_LIMIT, E_SYS */
enum err merkle_plan_append(struct merkle_plan *p, struct audit_hash *h, struct merkle_frontier *f,
			    const struct audit_line_hash *leaf);

/* merkle_plan_end - the frontier has come to the plan's size: gives the proof. E_PROTO: it has not,
 * or the pass began too late · E_SYS */
enum err merkle_plan_end(struct merkle_plan *p, struct audit_hash *h,
			 const struct merkle_frontier *f, struct merkle_proof *ret);

#endif
