/* The look of the cache at a request: what it says, its key, and which entry would answer it. */
#ifndef ROLE_EDGE_CACHE_LOOK_H
#define ROLE_EDGE_CACHE_LOOK_H

#include "role/edge/edge.h"

struct cache_look {
	struct view head; /* x->head, as servers are sent it */
	struct http1_head h;
	struct cache_request q;
	uint8_t key_bytes[CACHE_KEY_MAX];
	struct wbuf key;
};

/* cache_look_read - E_DENIED: the cache has nothing to do with it: too long, or not parsed. Fields
 * lie in e->cache.fields until the next call */
enum err cache_look_read(struct edge *e, const struct exchange *x, struct cache_look *ret);

/* cache_look_find - the newest entry that was chosen by the same values; ret_others: there were
 * others of this URL */
struct cache_entry *cache_look_find(struct edge *e, const struct exchange *x,
				    const struct cache_look *l, bool *ret_others);

#endif
