/* Answers into the cache: stored while they pass, and made fresh by a 304. */
#ifndef ROLE_EDGE_CACHE_FILL_H
#define ROLE_EDGE_CACHE_FILL_H

#include "role/edge/cache_look.h"

/*
 * cache_fill_begin - if this answer may be stored: x->job->fill begins with its head
 * E_DENIED: it may not be
 */
enum err cache_fill_begin(struct edge *e, struct exchange *x, const struct cache_look *l,
			  struct view head, const struct http1_head *h);

/*
 * cache_fill_freshen - the server says that x->job->entry is as it was (304): its head takes over
 * what the 304 says (RFC 9111 §3.2, §4.3.4)
 * E_PROTO: it speaks of another one
 */
enum err cache_fill_freshen(struct edge *e, struct exchange *x, const struct cache_look *l,
			    struct view head, const struct http1_head *h);

/* cache_fill_is_current - nothing with this hash of a key was invalidated or purged since the job
 * asked its server: what the server said may be stored (RFC 9111 §4.4) */
bool cache_fill_is_current(const struct edge *e, const struct cache_job *j, uint64_t hash);

/* cache_fill_head - the stored head of an entry, appended to w: without its final empty line, and
 * without a length */
void cache_fill_head(struct edge *e, const struct cache_entry *entry, struct wbuf *w);

#endif
