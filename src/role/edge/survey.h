/*
 * What the shared pages say about a pool's servers, taken into the pool's own arrays: health,
 * administration, slow start, requests under way and latencies over all edges.
 *
 * The pages of other edges are theirs: an edge that was taken over can write anything there. What
 * it claims is held to what could be true (a number of requests that one edge can have, a latency
 * near to what others measure), so that it can turn requests away from servers, which it could do
 * by using them too, and nothing else.
 */
#ifndef ROLE_EDGE_SURVEY_H
#define ROLE_EDGE_SURVEY_H

#include "role/edge/edge.h"

/*
 * survey_pool - looks again where that is due: when the health page has changed, for each request
 * of a small pool with limits, else every 20 ms. Of a pool of more than 256 servers that many are
 * looked at every 20 ms, and only the health of all when one has changed: no look takes long
 */
void survey_pool(struct edge *e, const struct exchange *x);

/* survey_all - looks at every server of x's pool, or the next 1024, once per millisecond at most */
void survey_all(struct edge *e, const struct exchange *x);

/* survey_is_healthy - health, administration and configuration agree that s gets new requests */
bool survey_is_healthy(const struct edge *e, const struct image_server *s);

/*
 * survey_believe - how much of a limit on connections the other edges have, when they claim so much
 * A sixteenth of the limit is nobody else's to claim: an edge that lies can't shut out the clients
 * of all others. So honest edges that have all of it leave the last ones that much more, and limits
 * below sixteen are exact.
 */
static inline uint64_t survey_believe(uint64_t claimed, uint32_t limit)
{
	uint32_t most = limit - limit / 16;

	return claimed < most ? claimed : most;
}

/* survey_count - takes over what all edges have on server i at this moment */
void survey_count(struct edge *e, const struct exchange *x, uint32_t i);

/* survey_has_room - server i is below the pool's limit, by what all edges have there at this moment
 */
bool survey_has_room(struct edge *e, const struct exchange *x, uint32_t i);

/* survey_pool_room - how many more requests the pool as a whole may have under way now */
uint32_t survey_pool_room(const struct edge *e, const struct image_pool *pool);

/* survey_add - one request more (1) or less (-1) on server i of x's pool; it may reach its limit,
 * or come below it */
void survey_add(struct pool_state *p, const struct image_pool *pool, uint32_t i, int more);

/* survey_seen - x's server answered, or failed to, after so long; for pools that weigh it */
void survey_seen(struct edge *e, const struct exchange *x, uint64_t latency_us, bool has_failed);

#endif
