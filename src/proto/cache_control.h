/*
 * Cache-Control (RFC 9111 §5.2, RFC 5861): the directives of requests and answers that Sluis knows.
 * Pure. Unknown directives are passed over; a value that is not a number counts as 0, which is the
 * careful reading for every directive that has one; of two values the smaller counts.
 */
#ifndef PROTO_CACHE_CONTROL_H
#define PROTO_CACHE_CONTROL_H

#include "base/view.h"

enum cache_control_flag {
	CACHE_NO_STORE = 1,
	CACHE_NO_CACHE = 2, /* also with field names (§5.2.2.4) */
	CACHE_PRIVATE = 4,  /* likewise (§5.2.2.7) */
	CACHE_PUBLIC = 8,
	CACHE_MUST_REVALIDATE = 16,
	CACHE_PROXY_REVALIDATE = 32,
	CACHE_ONLY_IF_CACHED = 64,
	CACHE_MAX_AGE = 128, /* this and the next ones: the number is there */
	CACHE_S_MAXAGE = 256,
	CACHE_MIN_FRESH = 512,
	CACHE_MAX_STALE = 1024, /* without a value: any (UINT32_MAX) */
	CACHE_STALE_WHILE_REVALIDATE = 2048,
	CACHE_STALE_IF_ERROR = 4096
};

enum { CACHE_DELTA_MAX = INT32_MAX /* §1.2.2: larger numbers are this one */ };

/* Zero is valid: nothing was said. */
struct cache_control {
	uint32_t flags; /* bits of enum cache_control_flag */
	uint32_t max_age, s_maxage, min_fresh, max_stale, stale_while_revalidate,
		stale_if_error; /* seconds */
};

/* cache_control_add - one field value; several field lines are one list */
void cache_control_add(struct cache_control *c, struct view value);

/* cache_control_delta - delta-seconds, capped. E_PROTO: not digits alone */
enum err cache_control_delta(struct view v, uint32_t *ret);

#endif
