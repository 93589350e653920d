/*
 * The Merkle tree of the audit log (promise P9; RFC 9162 §2.1): proofs made in one pass from any
 * frontier are good for the roots that the definition gives, a proof that was changed anywhere
 * proves nothing, and no sizes or hashes of strangers break who checks them.
 *
 * Input: the older and the newer size, where the pass begins, an index, a change to the proofs;
 * then two sizes, an index and a path as a stranger would send them.
 */
#include "ipc/merkle_plan.h"
#include "tests/fuzz/fuzz.h"

enum { LEAVES = 40 };

static struct audit_hash digest;
static struct audit_line_hash leaves[LEAVES];

static void make_leaves(void)
{
	INVARIANT(audit_hash_init(&digest) == E_OK);
	for (uint8_t i = 0; i < LEAVES; i++)
		INVARIANT(audit_hash_leaf(&digest, view_of(&i, 1), &leaves[i]) == E_OK);
}

/* RFC 9162 §2.1.1, word for word. */
static struct audit_line_hash mth(unsigned from, unsigned to)
{
	struct audit_line_hash left = { 0 }, right = { 0 };
	unsigned k = 1;

	if (to - from == 1)
		return leaves[from];
	while (2 * k < to - from)
		k *= 2;
	left = mth(from, from + k);
	right = mth(from + k, to);
	INVARIANT(audit_hash_node(&digest, &left, &right, &left) == E_OK);
	return left;
}

static struct merkle_frontier frontier_at(unsigned size)
{
	struct merkle_frontier f = { 0 }, again = { 0 };
	uint8_t room[MERKLE_FRONTIER_TEXT];
	struct wbuf w = wbuf_of(room, sizeof room);

	for (unsigned i = 0; i < size; i++)
		INVARIANT(merkle_append(&digest, &f, &leaves[i]) == E_OK);
	merkle_put(&w, &f);
	INVARIANT(!w.bad && merkle_get(size, wbuf_view(&w), &again) == E_OK);
	return again;
}

/* The pass from a frontier to the plan's size. E_PROTO: it began too late */
static enum err run_plan(struct merkle_plan *p, unsigned from, struct merkle_proof *ret)
{
	struct merkle_frontier f = frontier_at(from);

	merkle_plan_begin(p, &f);
	INVARIANT(f.size == p->size || merkle_plan_end(p, &digest, &f, ret) == E_PROTO);
	while (f.size < p->size)
		INVARIANT(merkle_plan_append(p, &digest, &f, &leaves[f.size]) == E_OK);
	return merkle_plan_end(p, &digest, &f, ret);
}

/* One bit of it, one hash less, or one more. */
static struct merkle_proof changed(const struct merkle_proof *p, uint8_t how)
{
	struct merkle_proof q = *p;

	if (how % 3 == 0 && q.n)
		q.node[how % q.n].b[how % 32] ^= (uint8_t)(1 << how % 8);
	else if (how % 3 == 1 && q.n)
		q.n--;
	else
		q.n++;
	return q;
}

static void check_inclusion(unsigned size, unsigned from, unsigned index, uint8_t how)
{
	struct merkle_place place = { .index = index, .size = size };
	struct merkle_plan plan = { 0 };
	struct merkle_proof proof = { 0 }, other = { 0 };

	INVARIANT(merkle_plan_inclusion(&plan, index, size) == (index < size ? E_OK : E_LIMIT));
	if (index >= size)
		return;
	from = from > size ? size : from;
	if (run_plan(&plan, from, &proof) != E_OK) {
		INVARIANT(from > index); /* the leaf itself lies before it */
		return;
	}
	place.leaf = leaves[index];
	place.root = mth(0, size);
	INVARIANT(merkle_check_inclusion(&digest, &place, &proof) == E_OK);
	other = changed(&proof, how);
	INVARIANT(merkle_check_inclusion(&digest, &place, &other) == E_DENIED);
	place.size = 2 * (uint64_t)size; /* the same path in another tree's size */
	INVARIANT(merkle_check_inclusion(&digest, &place, &proof) == E_DENIED);
	place.size = size;
	place.leaf = leaves[(index + 1) % LEAVES];
	INVARIANT(merkle_check_inclusion(&digest, &place, &proof) == E_DENIED);
}

static void check_consistency(unsigned older, unsigned newer, unsigned from, uint8_t how)
{
	struct merkle_plan plan = { 0 };
	struct merkle_proof proof = { 0 }, other = { 0 };
	struct merkle_head a = { .size = older }, b = { .size = newer };

	INVARIANT(merkle_plan_consistency(&plan, older, newer) ==
		  (older <= newer ? E_OK : E_LIMIT));
	if (older > newer)
		return;
	from = from > older ? older : from; /* a pass may begin anywhere at or before that */
	INVARIANT(run_plan(&plan, from, &proof) == E_OK);
	if (older)
		a.root = mth(0, older);
	if (newer)
		b.root = mth(0, newer);
	INVARIANT(merkle_check_consistency(&digest, &a, &b, &proof) == E_OK);
	other = changed(&proof, how);
	INVARIANT(merkle_check_consistency(&digest, &a, &b, &other) == E_DENIED);
	a.root.b[how % 32] ^= 1;
	INVARIANT(older == 0 || merkle_check_consistency(&digest, &a, &b, &proof) == E_DENIED);
}

/* Anything may be sent; of a root that nobody computed it proves nothing. */
static void check_strangers(struct view *in)
{
	struct merkle_head a = { .size = fuzz_u64(in) }, b = { .size = fuzz_u64(in) };
	struct merkle_place place = { .index = fuzz_u64(in), .size = b.size };
	struct merkle_plan plan = { 0 };
	struct merkle_proof proof = { .n = fuzz_u8(in) };
	struct merkle_frontier f = { .size = fuzz_u64(in) };
	enum err e = E_OK;

	for (unsigned i = 0; i < MERKLE_PROOF_MAX; i++)
		proof.node[i].b[0] = fuzz_u8(in);
	b.root.b[31] = place.root.b[31] = 0xa5;
	INVARIANT(merkle_check_inclusion(&digest, &place, &proof) == E_DENIED);
	e = merkle_check_consistency(&digest, &a, &b, &proof);
	INVARIANT(e == E_DENIED || (e == E_OK && a.size == 0 && proof.n == 0));
	e = merkle_plan_inclusion(&plan, place.index, place.size);
	INVARIANT(e == E_OK ? plan.n <= MERKLE_PROOF_MAX : e == E_LIMIT);
	e = merkle_plan_consistency(&plan, a.size, b.size);
	INVARIANT(e == E_OK ? plan.n <= MERKLE_PROOF_MAX : e == E_LIMIT);
	merkle_plan_begin(&plan, &f);
	e = merkle_append(&digest, &f, &leaves[0]);
	INVARIANT(e == E_OK || (e == E_LIMIT && f.size >= MERKLE_SIZE_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = view_of(data, size);
	unsigned older = fuzz_u8(&in) % (LEAVES + 1), newer = fuzz_u8(&in) % (LEAVES + 1);
	unsigned from = fuzz_u8(&in) % (LEAVES + 1), index = fuzz_u8(&in) % LEAVES;
	uint8_t how = fuzz_u8(&in);
	struct merkle_frontier f = { 0 };
	struct audit_line_hash root = { 0 }, want = { 0 };

	if (!digest.is_ready)
		make_leaves();
	f = frontier_at(newer);
	INVARIANT(merkle_root(&digest, &f, &root) == E_OK);
	if (newer) {
		want = mth(0, newer);
		INVARIANT(merkle_eq(&root, &want));
	}
	check_inclusion(newer, from, index, how);
	check_consistency(older, newer, from, how);
	check_strangers(&in);
	return 0;
}
