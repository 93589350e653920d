/*
 * Which server a session gets: the same functions, health page and configuration as for requests. A
 * session counts as one request for as long as it lasts; what edges have on the same servers is not
 * added up.
 */
#ifndef ROLE_RELAY_POOL_H
#define ROLE_RELAY_POOL_H

#include "role/relay/relay.h"

/* pool_init - the pools that listeners of datagrams lead to; the generation has its arrays */
void pool_init(struct relay *r, struct relay_generation *g);

/*
 * pool_pick - a server for s, which counts there from now on
 *   pool_index  of the present generation
 * E_LIMIT all that could be chosen are at their limit · E_NOMEM there is none
 */
enum err pool_pick(struct relay *r, struct relay_session *s, uint32_t pool_index);

/* pool_release - s no longer counts at its server */
void pool_release(struct relay *r, struct relay_session *s);

/* pool_recount - s, which another generation has counted, counts in the present one */
void pool_recount(struct relay *r, const struct relay_session *s);

/* pool_may_stay - s's server is still one for the sessions that it has: enabled or draining, not
 * down. One that the configuration has no more keeps them */
bool pool_may_stay(struct relay *r, const struct relay_session *s);

/* pool_index_of - s's pool in the present generation; RELAY_NONE: there is none any more */
uint32_t pool_index_of(const struct relay *r, const struct relay_session *s);

/* pool_load - the counters of a server; NULL: the slot has a newer one */
struct page_load_server *pool_load(struct relay *r, struct relay_id server);

/* pool_seen - s's server answered after so long, or failed to */
void pool_seen(struct relay *r, const struct relay_session *s, uint64_t latency_us,
	       bool has_failed);

#endif
