/*
 * The walk from the root down to the leaf, or to the edge of the older tree, meets one subtree
 * beside it per level: those are the parts. Each is complete (and then met while the tree grows,
 * as the node of a level), or ends with the tree.
 */
#include "ipc/merkle_plan.h"

/* The largest power of two below n, which is more than 1. */
static uint64_t plan_split(uint64_t n)
{
	return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

static void plan_want(struct merkle_plan *p, uint64_t from, uint64_t to)
{
	INVARIANT(p->n < MERKLE_PROOF_MAX);
	p->part[p->n++] = (struct merkle_part){ .from = from, .to = to };
}

/* The walk goes down, the proof goes up. */
static void plan_turn_round(struct merkle_plan *p)
{
	for (unsigned i = 0; i < p->n / 2; i++) {
		struct merkle_part t = p->part[i];

		p->part[i] = p->part[p->n - 1 - i];
		p->part[p->n - 1 - i] = t;
	}
}

enum err merkle_plan_inclusion(struct merkle_plan *p, uint64_t index, uint64_t size)
{
	uint64_t from = 0, to = size;

	if (index >= size || size > MERKLE_SIZE_MAX)
		return E_LIMIT;
	*p = (struct merkle_plan){ .size = size };
	while (to - from > 1) {
		uint64_t middle = from + plan_split(to - from);

		if (index < middle) {
			plan_want(p, middle, to);
			to = middle;
		} else {
			plan_want(p, from, middle);
			from = middle;
		}
	}
	plan_turn_round(p);
	return E_OK;
}

enum err merkle_plan_consistency(struct merkle_plan *p, uint64_t older, uint64_t size)
{
	uint64_t from = 0, to = size;

	if (older > size || size > MERKLE_SIZE_MAX)
		return E_LIMIT;
	*p = (struct merkle_plan){ .size = size };
	if (older == 0)
		return E_OK;
	while (to != older) {
		uint64_t middle = from + plan_split(to - from);

		if (older <= middle) {
			plan_want(p, middle, to);
			to = middle;
		} else {
			plan_want(p, from, middle);
			from = middle;
		}
	}
	if (from > 0) /* else it is all of the older tree, whose root is known */
		plan_want(p, from, to);
	plan_turn_round(p);
	return E_OK;
}

/* The complete subtree of that level that ends at leaf to. */
static void plan_meet(struct merkle_plan *p, unsigned level, uint64_t to,
		      const struct audit_line_hash *node)
{
	uint64_t from = to - (UINT64_C(1) << level);

	for (unsigned i = 0; i < p->n; i++) {
		if (p->part[i].to != to || p->part[i].from != from)
			continue;
		p->part[i].hash = *node;
		p->part[i].is_known = true;
	}
}

void merkle_plan_begin(struct merkle_plan *p, const struct merkle_frontier *f)
{
	uint64_t to = 0;

	for (unsigned k = MERKLE_LEVELS; k-- > 0;) {
		if (!(f->size >> k & 1))
			continue;
		to += UINT64_C(1) << k;
		plan_meet(p, k, to, &f->node[k]);
	}
}

enum err merkle_plan_append(struct merkle_plan *p, struct audit_hash *h, struct merkle_frontier *f,
			    const struct audit_line_hash *leaf)
{
	struct audit_line_hash node = *leaf;
	unsigned k = 0;

	if (f->size >= MERKLE_SIZE_MAX)
		return E_LIMIT;
	plan_meet(p, 0, f->size + 1, &node);
	for (; f->size >> k & 1; k++) {
		TRY(audit_hash_node(h, &f->node[k], &node, &node));
		plan_meet(p, k + 1, f->size + 1, &node);
	}
	f->node[k] = node;
	f->size++;
	return E_OK;
}

/* A part that ends with the tree: what the frontier has from there on, folded as a root is. */
static enum err plan_fold(struct merkle_part *part, struct audit_hash *h,
			  const struct merkle_frontier *f)
{
	struct merkle_frontier rest = *f;

	rest.size = part->to - part->from;
	/* part.from has no bit below the highest of the rest: the low bits of both sizes agree */
	if (((f->size ^ rest.size) & ((UINT64_C(1) << (64 - __builtin_clzll(rest.size))) - 1)) != 0)
		return E_PROTO;
	part->is_known = true;
	return merkle_root(h, &rest, &part->hash);
}

enum err merkle_plan_end(struct merkle_plan *p, struct audit_hash *h,
			 const struct merkle_frontier *f, struct merkle_proof *ret)
{
	struct merkle_proof proof = { .n = p->n };

	if (f->size != p->size)
		return E_PROTO;
	for (unsigned i = 0; i < p->n; i++) {
		struct merkle_part *part = &p->part[i];

		if (!part->is_known && part->to == p->size)
			TRY(plan_fold(part, h, f));
		if (!part->is_known)
			return E_PROTO;
		proof.node[i] = part->hash;
	}
	*ret = proof;
	return E_OK;
}
