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

#endif
