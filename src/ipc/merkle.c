/* Growing and checking; every loop is bounded by the bits of a size. */
#include "ipc/merkle.h"

bool merkle_eq(const struct audit_line_hash *a, const struct audit_line_hash *b)
{
	return view_eq(view_of(a->b, sizeof a->b), view_of(b->b, sizeof b->b));
}

enum err merkle_root(struct audit_hash *h, const struct merkle_frontier *f,
		     struct audit_line_hash *ret)
{
	struct audit_line_hash root = { 0 };
	bool has_any = false;

	if (f->size == 0)
		return audit_hash_of(h, (struct view){ 0 }, ret);
	for (unsigned k = 0; k < MERKLE_LEVELS; k++) {
		if (!(f->size >> k & 1))
			continue;
		if (has_any)
			TRY(audit_hash_node(h, &f->node[k], &root, &root));
		else
			root = f->node[k];
		has_any = true;
	}
	*ret = root;
	return E_OK;
}

enum err merkle_append(struct audit_hash *h, struct merkle_frontier *f,
		       const struct audit_line_hash *leaf)
{
	struct audit_line_hash node = *leaf;
	unsigned k = 0;

	if (f->size >= MERKLE_SIZE_MAX)
		return E_LIMIT;
	for (; f->size >> k & 1; k++)
		TRY(audit_hash_node(h, &f->node[k], &node, &node));
	f->node[k] = node;
	f->size++;
	return E_OK;
}

void merkle_put(struct wbuf *w, const struct merkle_frontier *f)
{
	for (unsigned k = MERKLE_LEVELS; k-- > 0;)
		if (f->size >> k & 1)
			wbuf_hex(w, view_of(f->node[k].b, sizeof f->node[k].b));
}

enum err merkle_get(uint64_t size, struct view hex, struct merkle_frontier *ret)
{
	struct merkle_frontier f = { .size = size };

	if (size > MERKLE_SIZE_MAX)
		return E_LIMIT;
	for (unsigned k = MERKLE_LEVELS; k-- > 0;) {
		struct view part = { 0 };

		if (!(size >> k & 1))
			continue;
		if (view_take(&hex, 2 * sizeof f.node[k].b, &part) != E_OK)
			return E_PROTO;
		TRY(audit_line_get_hex(part, f.node[k].b, sizeof f.node[k].b));
	}
	TRY(view_end(&hex));
	*ret = f;
	return E_OK;
}

enum err merkle_check_inclusion(struct audit_hash *h, const struct merkle_place *p,
				const struct merkle_proof *proof)
{
	struct audit_line_hash r = p->leaf;
	uint64_t fn = p->index, sn = p->size - 1; /* the names of RFC 9162 §2.1.3.2 */

	if (p->index >= p->size || proof->n > MERKLE_PROOF_MAX)
		return E_DENIED;
	for (unsigned i = 0; i < proof->n; i++) {
		if (sn == 0)
			return E_DENIED;
		if ((fn & 1) || fn == sn) {
			TRY(audit_hash_node(h, &proof->node[i], &r, &r));
			while (!(fn & 1) && fn) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			TRY(audit_hash_node(h, &r, &proof->node[i], &r));
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && merkle_eq(&r, &p->root) ? E_OK : E_DENIED;
}

/* RFC 9162 §2.1.4.2, from step 2 on: a path whose first hash is a subtree of both trees. */
static enum err merkle_check_path(struct audit_hash *h, const struct merkle_head *older,
				  const struct merkle_head *newer, const struct merkle_proof *path)
{
	uint64_t fn = older->size - 1, sn = newer->size - 1;
	struct audit_line_hash fr = path->node[0], sr = path->node[0];

	while (fn & 1) {
		fn >>= 1;
		sn >>= 1;
	}
	for (unsigned i = 1; i < path->n; i++) {
		if (sn == 0)
			return E_DENIED;
		if ((fn & 1) || fn == sn) {
			TRY(audit_hash_node(h, &path->node[i], &fr, &fr));
			TRY(audit_hash_node(h, &path->node[i], &sr, &sr));
			while (!(fn & 1) && fn) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			TRY(audit_hash_node(h, &sr, &path->node[i], &sr));
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && merkle_eq(&fr, &older->root) && merkle_eq(&sr, &newer->root) ? E_OK
										       : E_DENIED;
}

enum err merkle_check_consistency(struct audit_hash *h, const struct merkle_head *older,
				  const struct merkle_head *newer, const struct merkle_proof *proof)
{
	struct merkle_proof path = { 0 };

	if (older->size > newer->size || newer->size > MERKLE_SIZE_MAX ||
	    proof->n > MERKLE_PROOF_MAX)
		return E_DENIED;
	if (older->size == newer->size)
		return proof->n == 0 && merkle_eq(&older->root, &newer->root) ? E_OK : E_DENIED;
	/* The empty tree is the beginning of every tree, and there is nothing to prove of it. */
	if (older->size == 0)
		return proof->n == 0 ? E_OK : E_DENIED;
	if (proof->n == 0)
		return E_DENIED;
	if (older->size & (older->size - 1))
		return merkle_check_path(h, older, newer, proof);
	/* A complete older tree is its own first subtree, and the proof leaves it out. */
	if (proof->n == MERKLE_PROOF_MAX)
		return E_DENIED;
	path.node[path.n++] = older->root;
	for (unsigned i = 0; i < proof->n; i++)
		path.node[path.n++] = proof->node[i];
	return merkle_check_path(h, older, newer, &path);
}
