/*
 * Two frontiers: one with all lines, for what segments say of themselves, and one that follows as
 * checkpoints come, which speak of a line some way back; the leaves in between wait in a window.
 */
#include "tool/audit_tree.h"

#include <sys/mman.h>

enum { TREE_MASK = AUDIT_TREE_WINDOW - 1 };

enum err audit_tree_open(struct audit_tree *t, struct audit_hash *digest)
{
	void *p = mmap(NULL, sizeof *t->leaf * AUDIT_TREE_WINDOW, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return E_NOMEM;
	*t = (struct audit_tree){ .digest = digest, .leaf = p };
	return E_OK;
}

void audit_tree_close(struct audit_tree *t)
{
	if (t->leaf)
		(void)munmap(t->leaf, sizeof *t->leaf * AUDIT_TREE_WINDOW);
	*t = (struct audit_tree){ 0 };
}

static bool tree_is_same(const struct merkle_frontier *a, const struct merkle_frontier *b)
{
	for (unsigned k = 0; k < MERKLE_LEVELS; k++)
		if ((a->size >> k & 1) && !merkle_eq(&a->node[k], &b->node[k]))
			return false;
	return a->size == b->size;
}

const char *audit_tree_segment(struct audit_tree *t, const struct audit_line *l, bool is_first)
{
	struct audit_line_field size = { 0 }, tree = { 0 };
	struct merkle_frontier f = { 0 };

	if (!audit_line_find(l, VIEW("tree_size"), AUDIT_LINE_NUMBER, &size) ||
	    !audit_line_find(l, VIEW("tree"), AUDIT_LINE_TEXT, &tree))
		return t->is_on ? "the segment's first line lacks the log's tree" : NULL;
	if (merkle_get(size.number, tree.text, &f) != E_OK || size.number >= l->seq)
		return "the segment's tree is malformed";
	if (t->is_on)
		return tree_is_same(&f, &t->front)
			       ? NULL
			       : "the segment's tree is not that of the lines before it";
	if (f.size && !is_first)
		return "the segment's tree has lines that the log before it has not";
	t->front = t->behind = f;
	t->base = l->seq - f.size;
	t->is_on = true;
	return NULL;
}

static enum err tree_follow(struct audit_tree *t)
{
	return merkle_append(t->digest, &t->behind, &t->leaf[t->behind.size & TREE_MASK]);
}

enum err audit_tree_add(struct audit_tree *t, struct view line)
{
	struct audit_line_hash leaf = { 0 };

	if (!t->is_on)
		return E_OK;
	TRY(audit_hash_leaf(t->digest, line, &leaf));
	if (t->front.size - t->behind.size == AUDIT_TREE_WINDOW)
		TRY(tree_follow(t));
	t->leaf[t->front.size & TREE_MASK] = leaf;
	return merkle_append(t->digest, &t->front, &leaf);
}

enum err audit_tree_root(struct audit_tree *t, uint64_t size, struct audit_line_hash *ret)
{
	if (size > t->front.size || size < t->behind.size)
		return E_LIMIT;
	while (t->behind.size < size)
		TRY(tree_follow(t));
	return merkle_root(t->digest, &t->behind, ret);
}

const char *audit_tree_note(struct audit_hash *digest, const struct audit_key *keys, size_t key_n,
			    struct view text, struct merkle_head *ret)
{
	struct note n = { 0 };
	struct note_checkpoint c = { 0 };
	struct note_signature s = { 0 };
	uint64_t at = 0;

	if (note_get(text, &n) != E_OK || note_get_checkpoint(n.text, &c) != E_OK)
		return "is no signed checkpoint";
	for (size_t i = 0; i < key_n; i++) {
		uint8_t name[NOTE_NAME_MAX];
		struct wbuf w = wbuf_of(name, sizeof name);
		struct note_key key = { 0 };

		note_put_origin(&w, &keys[i]);
		if (!view_eq(wbuf_view(&w), c.origin))
			continue;
		if (note_key_make(digest, c.origin, NOTE_ED25519, &keys[i], &key) != E_OK ||
		    note_find(&key, &n, &s, &at) != E_OK)
			return "has a false signature";
		*ret = c.head;
		return NULL;
	}
	return "is signed under a key that was not given";
}

enum err audit_tree_signature(const struct audit_key *key, const struct merkle_head *head,
			      const struct audit_key_signature *signature)
{
	uint8_t name[NOTE_NAME_MAX], text[NOTE_BODY_MAX];
	struct wbuf o = wbuf_of(name, sizeof name), w = wbuf_of(text, sizeof text);
	struct note_checkpoint c = { .head = *head };

	note_put_origin(&o, key);
	c.origin = wbuf_view(&o);
	note_put_checkpoint(&w, &c);
	return audit_key_verify(key, wbuf_view(&w), view_of(signature->b, sizeof signature->b));
}
