/*
 * Choosing a server of a pool: pure functions over a small array that its owner (the edge) keeps.
 *
 * The owner keeps one balance_server per configured server, in the image's order, and tells what
 * changed: balance_set_usable when health, administration, ejection or a limit turns, in_flight
 * around each request. A choice then looks at the array alone: no allocation, no lock, no system
 * call; one server costs nothing, three cost a few nanoseconds. Backup servers are chosen only
 * when no primary server can be. Each algorithm has a file of its own.
 */
#ifndef BALANCE_BALANCE_H
#define BALANCE_BALANCE_H

#include "base/rng.h"
#include "conf/image.h"

#define BALANCE_NONE UINT32_MAX /* no server can be chosen */

enum { BALANCE_TRIED_MAX = 8 };

struct balance_server {
	uint32_t in_flight; /* requests on it now; the owner counts */
	int32_t current;    /* round_robin's credit */
	uint16_t weight;    /* 1..256 */
	uint8_t is_backup;
	uint8_t is_usable; /* changed by balance_set_usable only */
};

struct balance_pool {
	struct balance_server *server; /* keeps: n of them, the owner's memory */
	uint32_t n;
	uint32_t usable[2]; /* servers that can be chosen: primary, backup */
	uint32_t total[2];  /* ... and the sum of their weights */
	uint16_t weight_max;
	uint8_t algorithm; /* enum image_balance */
};

/* Servers that a request has already been sent to, by index. */
struct balance_tried {
	uint32_t n; /* at most BALANCE_TRIED_MAX */
	uint32_t index[BALANCE_TRIED_MAX];
};

/*
 * balance_init - a pool of n servers, none of them usable yet
 *   server    keeps; zeroed, with weight (1..256) and is_backup set
 */
void balance_init(struct balance_pool *p, struct balance_server *server, uint32_t n,
		  enum image_balance algorithm);

/* balance_set_usable - server i may be chosen from now on, or no more; i < n. O(1), O(n) for
 * round_robin when something changed */
void balance_set_usable(struct balance_pool *p, uint32_t i, bool is_usable);

/* balance_tried_add - never choose i again for this request; the oldest is forgotten when full */
void balance_tried_add(struct balance_tried *t, uint32_t i);

/*
 * balance_pick - the server for the next request, by the pool's algorithm
 *   tried     borrows; NULL: none yet
 * BALANCE_NONE when no usable server is left
 */
uint32_t balance_pick(struct balance_pool *p, const struct balance_tried *tried, struct rng *r);

/* What a choice has to choose from: for the algorithms' own files. */
struct balance_choice {
	uint32_t n;		/* servers left */
	uint32_t total;		/* sum of their weights */
	uint8_t is_backup;	/* which kind they are */
	uint8_t has_exceptions; /* some usable ones of this kind were tried */
};

/* balance_choose - primary servers if one is left, else backup servers. n is 0 when none is */
struct balance_choice balance_choose(const struct balance_pool *p,
				     const struct balance_tried *tried);

/* balance_was_tried - i is in t */
bool balance_was_tried(const struct balance_tried *t, uint32_t i);

/* balance_is_left - server i is one of those c counts; inline, though not in base, and without a
 * branch in the common case: each choice asks it for several servers */
static inline bool balance_is_left(const struct balance_pool *p, const struct balance_choice *c,
				   const struct balance_tried *tried, uint32_t i)
{
	const struct balance_server *s = &p->server[i];
	bool is_left = (s->is_usable & (s->is_backup == c->is_backup)) != 0;

	return c->has_exceptions ? is_left && !balance_was_tried(tried, i) : is_left;
}

#endif
