/*
 * Choosing a server of a pool: pure functions over small arrays that their owner (the edge) keeps.
 *
 * The owner keeps one balance_server per configured server, in the image's order, and tells what
 * changed: balance_set_usable when health, administration, ejection or a limit turns,
 * balance_set_weight while a server starts slowly, balance_set_in_flight around each request. A
 * choice then looks at the arrays alone: no allocation, no lock, no system call; one server costs
 * nothing, three cost a few nanoseconds, ten thousand cost what a search among them costs
 * (O(log n)). Backup servers are chosen only when no primary server can be. Each algorithm has a
 * file of its own; the algorithms that hash keep a table per pool (tables.h).
 */
#ifndef BALANCE_BALANCE_H
#define BALANCE_BALANCE_H

#include "base/rng.h"
#include "conf/image.h"

#define BALANCE_NONE UINT32_MAX /* no server can be chosen */

enum {
	BALANCE_TRIED_MAX = 8,
	BALANCE_UNIT = 64, /* a configured weight of 1, so that a slow start has steps in between */
	BALANCE_IN_FLIGHT_MAX = 1 << 26, /* believed of one server */
	BALANCE_SERVERS_MAX = IMAGE_SERVER_SLOTS
};

struct balance_server {
	uint64_t id;	     /* places it in tables: from its name, so that it stays over reloads */
	uint32_t in_flight;  /* requests on it now, over all edges; balance_set_in_flight */
	uint32_t latency_us; /* peak_ewma: what is expected of it; 0: nothing is known */
	int32_t current;     /* round_robin's credit */
	uint32_t sum[2];     /* weights.c: its node of the tree of each kind */
	uint16_t weight;     /* now, in BALANCE_UNITs; for balance_init as configured: 1..256 */
	uint16_t full;	     /* ... when it has started */
	uint8_t is_backup;
	uint8_t is_usable; /* changed by balance_set_usable only */
};

/* Of one kind of servers, primary or backup: where keys lead to. */
struct balance_table {
	void *p;       /* what the algorithm made; NULL: the pool has none of this kind */
	uint32_t size; /* elements */
};

struct balance_pool {
	struct balance_server *server; /* keeps: n of them, the owner's memory */
	uint32_t n;
	uint32_t usable[2]; /* servers that can be chosen: primary, backup */
	uint32_t total[2];  /* ... the sum of their weights */
	uint64_t load[2];   /* ... and of their requests under way */
	struct balance_table table[2];
	uint32_t turn;		  /* round_robin */
	uint32_t stride, strides; /* round_robin among many: step, and the sum it was made for */
	uint32_t starting;	  /* servers below their full weight */
	uint16_t weight_max;
	uint16_t load_percent; /* maglev, ring_hash: bound on a server's load against its share;
				  0 = unbounded */
	uint8_t algorithm;     /* enum image_balance */
	bool is_even;	       /* all full weights are equal */
	bool has_keys;	       /* balance_pick_key is used, whatever the algorithm: set it before
				  the tables are made */
};

/* Servers that a request has already been sent to, by index. */
struct balance_tried {
	uint32_t n; /* at most BALANCE_TRIED_MAX */
	uint32_t index[BALANCE_TRIED_MAX];
};

/* What a choice may look at beside the pool. */
struct balance_facts {
	const struct balance_tried *tried; /* NULL: none yet */
	struct rng *rng;
	uint64_t hash; /* of the request's key, uniform */
	bool has_hash; /* false: it has no key, or the algorithm needs none */
};

/*
 * balance_init - a pool of n servers, none of them usable yet
 *   server    keeps; zeroed, with id, weight (1..256) and is_backup set
 */
void balance_init(struct balance_pool *p, struct balance_server *server, uint32_t n,
		  enum image_balance algorithm);

/* What a build works with: per server, of any contents; struct balance_scratch[n]. */
struct balance_scratch {
	uint32_t at, skip, next, turn;
};

/* balance_set_usable - server i may be chosen from now on, or no more; i < n. O(log n) */
void balance_set_usable(struct balance_pool *p, uint32_t i, bool is_usable);

/* balance_set_weight - server i counts for part/256 of its full weight, at least one unit. O(log n)
 * when that is another weight than now */
void balance_set_weight(struct balance_pool *p, uint32_t i, uint32_t part);

/* balance_set_in_flight - n requests are on server i; more than BALANCE_IN_FLIGHT_MAX count as that
 */
void balance_set_in_flight(struct balance_pool *p, uint32_t i, uint64_t n);

/* balance_tried_add - never choose i again for this request; the oldest is forgotten when full */
void balance_tried_add(struct balance_tried *t, uint32_t i);

/* balance_pick - the server for the next request, by the pool's algorithm; BALANCE_NONE when no
 * usable server is left */
uint32_t balance_pick(struct balance_pool *p, const struct balance_facts *f);

/* balance_pick_key - the server that a key leads to, by the pool's table: ring_hash.h where that is
 * its algorithm, else maglev.h. f->has_hash */
uint32_t balance_pick_key(struct balance_pool *p, const struct balance_facts *f);

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
