/*
 * Rate limits, over all edges, without asking anyone: the generic cell rate algorithm (ITU-T
 * I.371) with its state spread over the edges' load pages.
 *
 * Of each key one number is kept: the time until which it has used everything up ("theoretical
 * arrival time"). A request is let through when that is no more than the burst ahead of now, and
 * moves it on by one interval. Each edge writes what it knows in its own page and reads the
 * others'; the latest of all holds. So all of a key's requests may come to one edge, or change
 * edges with each one: the limit is the same.
 *
 *   approximate   read, decide, write. Two edges that do so in the same instant both write the same
 *                 time: one request is not counted.
 *   exact         read, write, read again; when another edge has moved on meanwhile, once more. Of
 *                 two requests that are let through, the one written later has seen the other's
 *                 time when it read again, so its own is at least one interval behind it. Hence in
 *                 any span of time t at most burst + requests * t / per are let through.
 *
 * The table has a fixed size. Of a set that is full, the key that is soonest free gives way, and
 * the newcomer takes over its time (Metwally, Agrawal, El Abbadi: "Efficient computation of
 * frequent and top-k elements in data streams", 2005); whoever is not in a full set has at least
 * the earliest time in it. So nobody gets a fresh start by crowding keys out: who crowds can only
 * make others wait. Limits that remember for long don't share sets with those that forget soon.
 *
 * A taken-over edge may write what it likes in its page. More than a key could have used is not
 * believed: it can have requests refused, as it could by refusing them, and can let through more
 * itself; what other edges let through is still bound by what they count.
 */
#ifndef ROLE_EDGE_RATE_H
#define ROLE_EDGE_RATE_H

#include "ipc/pages.h"

/* The pages to count in. */
struct rate_pages {
	struct page_load_page *own;
	const struct page_load_page *const *all; /* own included; NULL where there is none */
	unsigned n;
};

/*
 * rate_take - one request of the key that tag stands for
 *   tag           keyed hash of limit and key
 *   now_ns        monotonic clock
 *   ret_wait_ns   with E_LIMIT: until one would be let through
 * E_LIMIT it is too much. Never blocks.
 */
enum err rate_take(const struct rate_pages *p, const struct image_limit *limit, uint64_t tag,
		   uint64_t now_ns, uint64_t *ret_wait_ns);

#endif
