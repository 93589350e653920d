/*
 * Concurrency limits: requests under way per key, over all edges. Each edge counts its own in its
 * load page, under two keyed hashes; the smaller of the two sums over all edges is what holds
 * (Cormode and Muthukrishnan: "An improved data stream summary: the count-min sketch", 2005), so
 * it is never less than what is under way. Counted first, then compared: of two edges that let the
 * last one in at the same moment, at least one sees the other.
 */
#ifndef ROLE_EDGE_FLIGHT_H
#define ROLE_EDGE_FLIGHT_H

#include "role/edge/edge.h"

/* flight_enter - counts x under hash until flight_leave. E_LIMIT: more than most would be under
 * way; x is not counted */
enum err flight_enter(struct edge *e, struct exchange *x, uint64_t hash, uint32_t most);

/* flight_leave - x is over */
void flight_leave(struct edge *e, struct exchange *x);

/* flight_reset - nothing is under way in a page: an earlier writer's requests are gone with it */
void flight_reset(struct page_load_page *own);

#endif
