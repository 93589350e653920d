/* The tree of a configuration; pure. */
#include "conf/node.h"

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
