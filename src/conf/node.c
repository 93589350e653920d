/* The tree of a configuration; pure. */
#include "conf/node.h"

#include "conf/region.h"

enum { NODE_PAIRS = 512, NODE_DEPTH = 32 };

const struct node *node_get(const struct node *map, const char *key)
{
	struct view name = view_str(key);

	if (!map || map->kind != NODE_MAP)
		return NULL;
	for (const struct node *n = map->first; n; n = n->next)
		if (view_eq(n->key, name))
			return n;
	return NULL;
}

struct place node_place(const struct node *map, const char *key)
{
	const struct node *n = node_get(map, key);

	if (n)
		return n->at;
	return map ? map->at : (struct place){ 0 };
}

void node_append(struct node *parent, struct node *child)
{
	child->next = NULL;
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->n++;
}

struct node *node_find(struct node *map, struct view key)
{
	struct node *n = map && map->kind == NODE_MAP ? map->first : NULL;

	while (n && !view_eq(n->key, key))
		n = n->next;
	return n;
}

static struct node *node_before(const struct node *parent, const struct node *child)
{
	struct node *n = parent->first;

	while (n && n->next != child)
		n = n->next;
	return n;
}

void node_insert(struct node *parent, struct node *child, const struct node *before)
{
	struct node *left = NULL;

	if (!before || !parent->first) {
		node_append(parent, child);
		return;
	}
	left = before == parent->first ? NULL : node_before(parent, before);
	child->next = left ? left->next : parent->first;
	if (left)
		left->next = child;
	else
		parent->first = child;
	parent->n++;
}

void node_remove(struct node *parent, const struct node *child)
{
	struct node *left = child == parent->first ? NULL : node_before(parent, child);

	if (left)
		left->next = child->next;
	else
		parent->first = child->next;
	if (parent->last == child)
		parent->last = left;
	parent->n--;
}

struct view node_name(const struct node *item)
{
	const struct node *n = NULL;

	if (item->kind == NODE_SCALAR)
		return item->text;
	n = node_get(item, "name");
	if (!n || n->kind != NODE_SCALAR || n->text.n == 0)
		n = node_get(item, "address");
	return n && n->kind == NODE_SCALAR ? n->text : (struct view){ 0 };
}

/* Two values that are compared next; deeper ones wait on a stack. */
struct node_pair {
	const struct node *a, *b;
};

/* What of b is to be compared with a child of a. */
static const struct node *node_partner(const struct node *b, const struct node *child, uint32_t i)
{
	const struct node *n = b->first;

	if (b->kind == NODE_MAP) {
		while (n && !view_eq(n->key, child->key))
			n = n->next;
		return n;
	}
	while (n && i--)
		n = n->next;
	return n;
}

bool node_is_same(const struct node *a, const struct node *b)
{
	struct node_pair stack[NODE_PAIRS];
	uint32_t depth = 0;

	stack[depth++] = (struct node_pair){ a, b };
	while (depth) {
		struct node_pair p = stack[--depth];
		uint32_t i = 0;

		if (!p.a || !p.b || p.a->kind != p.b->kind || p.a->n != p.b->n)
			return false;
		if (p.a->kind == NODE_SCALAR && !view_eq(p.a->text, p.b->text))
			return false;
		for (const struct node *n = p.a->first; n; n = n->next, i++) {
			if (depth == NODE_PAIRS)
				return false; /* too large to tell: not the same */
			stack[depth++] = (struct node_pair){ n, node_partner(p.b, n, i) };
		}
	}
	return true;
}

static struct node *node_copy_one(struct arena *region, const struct node *n)
{
	struct node *copy = REGION_NEW(region, struct node, 1);

	*copy = *n;
	copy->first = copy->last = copy->next = NULL;
	copy->n = 0;
	return copy;
}

struct node *node_copy(struct arena *region, const struct node *n)
{
	struct {
		const struct node *next; /* child to copy next */
		struct node *to;
	} stack[NODE_DEPTH];
	struct node *copy = node_copy_one(region, n);
	uint32_t depth = 0;

	stack[depth].next = n->first;
	stack[depth++].to = copy;
	while (depth) {
		const struct node *child = stack[depth - 1].next;
		struct node *made = NULL;

		if (!child) {
			depth--;
			continue;
		}
		stack[depth - 1].next = child->next;
		made = node_copy_one(region, child);
		node_append(stack[depth - 1].to, made);
		if (!child->first)
			continue;
		INVARIANT(depth < NODE_DEPTH); /* trees come from the reader, which has a limit */
		stack[depth].next = child->first;
		stack[depth++].to = made;
	}
	return copy;
}
