/*
 * Answers kept in the edge's memory (RFC 9111, RFC 5861, RFC 9211). Each edge has its own: one that
 * is taken over can poison nobody else's.
 *
 * A job goes along with an exchange of a rule that has a cache: it serves an entry, asks the server
 * whether an entry is still good, stores an answer while it passes, or waits for another exchange
 * that asks the same.
 */
#ifndef ROLE_EDGE_CACHE_H
#define ROLE_EDGE_CACHE_H

#include "role/edge/edge.h"

/* cache_begin - x's head is built and its rule has a cache. True: the server is not asked (now) */
bool cache_begin(struct edge *e, struct exchange *x);

/* cache_go_on - x, which has no server connection, has its turn. False: not the cache's affair */
bool cache_go_on(struct edge *e, struct exchange *x);

/* cache_expired - x's deadline has passed. False: not the cache's affair */
bool cache_expired(struct edge *e, struct exchange *x);

/* cache_failed - x can't be answered by a server. True: by an older answer instead (RFC 5861 §4) */
bool cache_failed(struct edge *e, struct exchange *x);

/* cache_head - the request head for the server */
struct view cache_head(const struct exchange *x);

/*
 * cache_answer - the head of a final answer of the server has come
 *   rest   in-out: what came behind it
 * E_AGAIN it goes to the client, as far as the cache is concerned · E_OK the cache answers instead,
 * x->u is gone · E_PROTO it is no answer to what was asked
 */
enum err cache_answer(struct edge *e, struct exchange *x, struct view head,
		      const struct http1_head *h, struct view *rest);

/* cache_put_fields - Age and Cache-Status */
void cache_put_fields(struct edge *e, const struct exchange *x, struct wbuf *w);

/* cache_take - content of the answer, on its way to the client; x->answer.is_done: all of it */
void cache_take(struct edge *e, struct exchange *x, struct view content);

/* cache_invalidate - an unsafe request has been answered without an error (RFC 9111 §4.4) */
void cache_invalidate(struct edge *e, struct exchange *x);

/* cache_purge - what the pattern means is not used any more, nor stored by who asks already */
struct cache_purged cache_purge(struct edge *e, const struct cache_pattern *pattern);

/* cache_drop - x ends */
void cache_drop(struct edge *e, struct exchange *x);

/* cache_tick - limits of a new configuration, gauges */
void cache_tick(struct edge *e);

#endif
