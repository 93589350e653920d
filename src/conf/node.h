/* What a YAML file says, before anyone knows what it means: scalars, lists and maps with places. */
#ifndef CONF_NODE_H
#define CONF_NODE_H

#include "conf/diag.h"

#include <stdbool.h>

enum node_kind { NODE_SCALAR = 1, NODE_LIST, NODE_MAP };

struct node {
	uint8_t kind; /* enum node_kind */
	struct place at;
	struct view text; /* NODE_SCALAR: without control bytes but LF and HTAB; NUL behind */
	struct view key;  /* when it is a value of a map */
	struct place key_at;
	struct node *first, *last; /* NODE_LIST, NODE_MAP: children */
	struct node *next;	   /* of the same parent */
	uint32_t n;		   /* children */
};

/* node_get - the value of a key, or NULL; linear in the map's size */
const struct node *node_get(const struct node *map, const char *key);

/* node_place - where key's value stands, or, without it, where map does */
struct place node_place(const struct node *map, const char *key);

void node_append(struct node *parent, struct node *child);

/* node_find - the child of a map that can be changed; NULL: none */
struct node *node_find(struct node *map, struct view key);

/* node_insert - child goes before another child, or to the end (NULL) */
void node_insert(struct node *parent, struct node *child, const struct node *before);

/* node_remove - child leaves its parent */
void node_remove(struct node *parent, const struct node *child);

/* node_copy - the same tree, of nodes of its own; without key's neighbours */
struct node *node_copy(struct arena *region, const struct node *n);

/* node_name - what an item of a list is called: a scalar is its text, a map its "name", else its
 * "address"; empty: it has no name */
struct view node_name(const struct node *item);

/* node_is_same - both trees say the same; the order of a map's keys does not matter */
bool node_is_same(const struct node *a, const struct node *b);

#endif
