/*
 * Pools. What the shared pages say is looked at now and then (survey.h): in between, a choice reads
 * this process's own memory alone.
 */
#include "role/edge/pool.h"

#include "base/hash.h"
#include "role/edge/client.h"
#include "role/edge/count.h"
#include "role/edge/h2_server.h"
#include "role/edge/hedge.h"
#include "role/edge/key.h"
#include "role/edge/survey.h"
#include "role/edge/upstream.h"

enum { POOL_CHOICES = 8 /* servers that turn out to be full until the next look */ };

void pool_init(struct edge *e, struct generation *g, uint32_t pool_index)
{
	struct pool_state *p = &g->pools[pool_index];
	const struct image_pool *pool = image_pool_at(&g->image, pool_index);
	struct balance_server *servers = g->balance + pool->servers.first;

	queue_init(&p->queue);
	hedge_init(p);
	p->is_healthy = g->is_healthy + pool->servers.first;
	for (uint32_t i = 0; i < pool->servers.n; i++) {
		const struct image_server *s = image_server_at(&g->image, pool->servers.first + i);

		servers[i] = (struct balance_server){
			.id = hash_mix(hash_fnv1a(image_view(&g->image, s->name)) ^ e->hash_key[0]),
			.weight = s->weight,
			.is_backup = s->is_backup,
		};
	}
	balance_init(&p->balance, servers, pool->servers.n, (enum image_balance)pool->balance);
	if (pool->balance == IMAGE_MAGLEV || pool->balance == IMAGE_RING_HASH)
		p->balance.load_percent = pool->hash_load_percent;
	p->balance.has_keys = pool->persist == IMAGE_PERSIST_SOURCE;
	p->balance.turn =
		rng_below(&e->rng, pool->servers.n + 1); /* edges don't all begin with one */
}

struct pool_state *pool_state(const struct exchange *x)
{
	return &x->g->pools[x->pool_index];
}

/* a is an older generation than b: they count up, and round. */
static bool pool_is_older(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

bool pool_is_stale(const struct edge *e, uint32_t slot, uint32_t slot_gen)
{
	return e->servers[slot].is_used && pool_is_older(slot_gen, e->servers[slot].gen);
}

static void pool_server_init(struct server_state *s, uint32_t slot_gen)
{
	*s = (struct server_state){ .gen = slot_gen, .is_used = true };
	list_init(&s->idle);
	list_init(&s->sessions);
	list_init(&s->waiting);
}

void pool_count_waiting(struct edge *e, const struct exchange *x, int more)
{
	struct server_state *s = pool_server(e, x->server->slot, x->server->slot_gen);

	if (more > 0 || s->waiting_n) /* of one that has left nothing is counted any more */
		s->waiting_n += (uint32_t)more;
}

/* The slot has a new server: what waited for the old one asks again, what was idle is closed. */
static void pool_server_leave(struct edge *e, struct server_state *s)
{
	while (!list_is_empty(&s->waiting)) {
		struct exchange *x = OWNER_OF(s->waiting.next, struct exchange, node);

		pool_dequeue(e, x);
		x->flags |= X_ASK;
		client_run_later(e, x->c);
	}
	upstream_close_idle(e, s);
	h2_server_leave(e, s);
}

struct server_state *pool_server(struct edge *e, uint32_t slot, uint32_t slot_gen)
{
	struct server_state *s = &e->servers[slot];

	if (s->is_used && s->gen == slot_gen)
		return s;
	if (pool_is_stale(e, slot, slot_gen)) {
		pool_server_init(&e->stale_server, slot_gen);
		return &e->stale_server;
	}
	if (s->is_used) {
		struct server_state old = *s;

		list_move(&old.idle, &s->idle);
		list_move(&old.sessions, &s->sessions);
		list_move(&old.waiting, &s->waiting);
		pool_server_init(s, slot_gen);
		pool_server_leave(e, &old);
		return s;
	}
	pool_server_init(s, slot_gen);
	if (slot >= e->server_high)
		e->server_high = slot + 1;
	return s;
}

static void pool_load_clear(struct page_load_server *l)
{
	PAGE_SET(l->in_flight, 0);
	PAGE_SET(l->connections, 0);
	PAGE_SET(l->requests, 0);
	PAGE_SET(l->failures, 0);
	PAGE_SET(l->retries, 0);
	PAGE_SET(l->bytes_in, 0);
	PAGE_SET(l->bytes_out, 0);
	PAGE_SET(l->latency_us, 0);
	PAGE_SET(l->peak_us, 0);
	PAGE_SET(l->connects, 0);
	PAGE_SET(l->reuses, 0);
	PAGE_SET(l->kept, 0);
	for (unsigned i = 0; i < 6; i++)
		PAGE_SET(l->status[i], 0);
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		PAGE_SET(l->first_byte[i], 0);
}

struct page_load_server *pool_load(struct edge *e, uint32_t slot, uint32_t slot_gen)
{
	struct page_load_server *l = &e->load->server[slot];

	if (PAGE_GET(l->gen) == slot_gen)
		return l;
	if (PAGE_GET(l->gen) && pool_is_older(slot_gen, PAGE_GET(l->gen)))
		return &e->stale_load;
	pool_load_clear(l);
	if (slot >= PAGE_GET(e->load->server_high))
		PAGE_SET(e->load->server_high, slot + 1);
	PAGE_SET(l->gen, slot_gen);
	return l;
}

uint32_t pool_index_of(const struct exchange *x)
{
	uint32_t i = (uint32_t)(x->server - image_server_at(&x->g->image, x->pool->servers.first));

	INVARIANT(i < x->pool->servers.n);
	return i;
}

bool pool_is_draining(const struct edge *e, const struct image_server *s)
{
	const struct page_health_entry *h = &e->health->server[s->slot];
	uint8_t admin = PAGE_GET(h->gen) == s->slot_gen ? PAGE_GET(h->admin) : 0;

	return admin == PAGE_ADMIN_CONFIGURED ? s->state == IMAGE_SERVER_DRAIN
					      : admin == PAGE_ADMIN_DRAIN;
}

/* Clients that belong to a server stay there while it drains. */
static bool pool_may_stay(const struct edge *e, const struct image_server *s)
{
	const struct page_health_entry *h = &e->health->server[s->slot];

	if (!pool_is_draining(e, s))
		return survey_is_healthy(e, s);
	return PAGE_GET(h->gen) != s->slot_gen ||
	       (PAGE_GET(h->health) != PAGE_HEALTH_DOWN && !PAGE_GET(h->is_ejected));
}

/* Whether a server would be usable if it had room. */
static bool pool_has_busy(const struct pool_state *p, const struct balance_tried *tried)
{
	uint32_t n = p->healthy_n;

	for (uint32_t k = 0; k < tried->n; k++)
		n -= tried->index[k] < p->balance.n && p->is_healthy[tried->index[k]];
	return n != 0;
}

/*
 * A bound on load is about this moment: what another edge has finished meanwhile may not turn a key
 * away from its own server, or keys would wander with every request of a quiet pool.
 */
static void pool_look_home(struct edge *e, const struct exchange *x,
			   const struct balance_facts *facts)
{
	struct balance_pool *p = &pool_state(x)->balance;
	uint16_t bound = p->load_percent;
	uint32_t home = 0;

	p->load_percent = 0;
	home = balance_pick(p, facts);
	p->load_percent = bound;
	if (home != BALANCE_NONE)
		survey_count(e, x, home);
}

/* The server for x, with room for it by what all edges have there now; BALANCE_NONE. */
static uint32_t pool_choose(struct edge *e, struct exchange *x)
{
	struct pool_state *p = pool_state(x);
	struct balance_facts facts = { .tried = &x->tried, .rng = &e->rng };

	if (x->pool->hash_kind)
		facts.has_hash = key_find(e, x, &facts.hash);
	if (facts.has_hash && p->balance.load_percent)
		pool_look_home(e, x, &facts);
	for (unsigned k = 0; k < POOL_CHOICES; k++) {
		uint32_t i = balance_pick(&p->balance, &facts);

		if (i == BALANCE_NONE || survey_has_room(e, x, i))
			return i;
	}
	return BALANCE_NONE;
}

/* x's request goes to server i; BALANCE_NONE: to none */
static enum err pool_take(struct edge *e, struct exchange *x, uint32_t i)
{
	struct pool_state *p = pool_state(x);
	struct page_load_server *l = NULL;

	if (i == BALANCE_NONE)
		return pool_has_busy(p, &x->tried) ? E_LIMIT : E_NOMEM;
	if (x->pool->requests) {
		if (survey_pool_room(e, x->pool) == 0)
			return E_LIMIT;
		PAGE_ADD(count_pool(e, x->pool)->in_flight, 1);
	}
	x->server = image_server_at(&x->g->image, x->pool->servers.first + i);
	x->flags |= X_COUNTED;
	survey_add(p, x->pool, i, 1);
	l = pool_load(e, x->server->slot, x->server->slot_gen);
	PAGE_ADD(l->in_flight, 1);
	PAGE_ADD(l->requests, 1);
	return E_OK;
}

enum err pool_pick(struct edge *e, struct exchange *x)
{
	uint32_t i = 0;

	survey_pool(e, x);
	i = pool_choose(e, x);
	if (i == BALANCE_NONE && x->pool->requests_per_server) {
		survey_all(e, x); /* others may have finished some */
		i = pool_choose(e, x);
	}
	return pool_take(e, x, i);
}

enum err pool_pick_hashed(struct edge *e, struct exchange *x, uint64_t key)
{
	const struct balance_facts facts = {
		.tried = &x->tried, .rng = &e->rng, .hash = hash_mix(key), .has_hash = true
	};

	survey_pool(e, x);
	return pool_take(e, x, balance_pick_key(&pool_state(x)->balance, &facts));
}

enum err pool_pick_kept(struct edge *e, struct exchange *x, uint32_t i)
{
	struct pool_state *p = pool_state(x);
	uint32_t limit = x->pool->requests_per_server;

	survey_pool(e, x);
	if (balance_was_tried(&x->tried, i) ||
	    !pool_may_stay(e, image_server_at(&x->g->image, x->pool->servers.first + i)))
		return E_NOMEM;
	if (limit && !survey_has_room(e, x, i) && p->balance.server[i].in_flight >= limit)
		return E_LIMIT;
	return pool_take(e, x, i);
}

bool pool_has_other(struct edge *e, const struct exchange *x)
{
	struct balance_tried tried = x->tried;

	survey_pool(e, x);
	balance_tried_add(&tried, pool_index_of(x));
	return balance_choose(&pool_state(x)->balance, &tried).n != 0;
}

void pool_release(struct edge *e, struct exchange *x)
{
	struct page_load_server *l = NULL;

	if (!(x->flags & X_COUNTED))
		return;
	x->flags &= ~(uint32_t)X_COUNTED;
	survey_add(pool_state(x), x->pool, pool_index_of(x), -1);
	if (x->pool->requests && PAGE_GET(count_pool(e, x->pool)->in_flight))
		PAGE_ADD(count_pool(e, x->pool)->in_flight, (uint32_t)-1);
	l = pool_load(e, x->server->slot, x->server->slot_gen);
	if (PAGE_GET(l->in_flight))
		PAGE_ADD(l->in_flight, (uint32_t)-1);
}

void pool_release_stream(struct edge *e, struct exchange *x)
{
	struct page_load_server *l = NULL;

	if (!(x->flags & X_COUNTED))
		return;
	x->flags &= ~(uint32_t)X_COUNTED;
	l = pool_load(e, x->u->slot, x->u->slot_gen);
	if (PAGE_GET(l->in_flight))
		PAGE_ADD(l->in_flight, (uint32_t)-1);
}

/* A full queue has room for x when one of a lower priority gives way: he asks again, and is told.
 */
static bool pool_make_way(struct edge *e, const struct exchange *x)
{
	struct list *node = queue_last_below(&pool_state(x)->queue, x->rule->priority);
	struct exchange *y = node ? OWNER_OF(node, struct exchange, node) : NULL;

	if (!y)
		return false;
	pool_dequeue(e, y);
	y->flags |= X_ASK;
	client_run_later(e, y->c);
	return true;
}

enum err pool_enqueue(struct edge *e, struct exchange *x)
{
	struct pool_state *p = pool_state(x);

	if (p->queue_n >= x->pool->queue && !pool_make_way(e, x))
		return E_LIMIT;
	p->queue_n++;
	x->flags |= X_QUEUED;
	/* One that has waited was first, and stays so. */
	queue_add(&p->queue, x->rule->priority, &x->node, x->queued_until_ms != 0);
	return E_OK;
}

void pool_dequeue(struct edge *e, struct exchange *x)
{
	if (x->flags & X_QUEUED)
		pool_state(x)->queue_n--;
	if (x->flags & X_WAITING)
		pool_count_waiting(e, x, -1);
	if (x->flags & (X_QUEUED | X_WAITING))
		list_remove(&x->node);
	x->flags &= ~(uint32_t)(X_QUEUED | X_WAITING);
}

/* How many requests the servers that can be chosen may still have. A server that is over the limit
 * (what other edges have was taken over a moment ago) takes from the room of the others: too few
 * are woken for a moment, never too many for ever. */
static uint32_t pool_room_n(const struct pool_state *p, const struct image_pool *pool)
{
	const struct balance_pool *b = &p->balance;
	uint64_t n = (uint64_t)b->usable[0] + b->usable[1], load = b->load[0] + b->load[1];

	if (pool->requests_per_server) {
		n *= pool->requests_per_server;
		n = n > load ? n - load : 0;
	} else if (n) {
		n = p->queue_n;
	}
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

uint32_t pool_free_n(struct edge *e, const struct pool_state *p)
{
	const struct exchange *x = NULL;
	uint32_t n = 0;

	if (p->queue_n == 0)
		return 0;
	x = OWNER_OF(queue_next(&p->queue), struct exchange, node);
	survey_pool(e, x);
	if (p->healthy_n == 0)
		return p->queue_n; /* they are told so */
	if (x->pool->requests_per_server)
		survey_all(e, x);
	n = pool_room_n(p, x->pool);
	if (x->pool->requests)
		n = survey_pool_room(e, x->pool) < n ? survey_pool_room(e, x->pool) : n;
	return n < p->queue_n ? n : p->queue_n;
}

struct exchange *pool_next(struct edge *e, struct pool_state *p)
{
	struct exchange *x = NULL;

	if (p->queue_n == 0)
		return NULL;
	x = OWNER_OF(queue_next(&p->queue), struct exchange, node);
	pool_dequeue(e, x);
	queue_served(&p->queue, x->rule->priority);
	return x;
}

uint32_t pool_share(const struct edge *e, uint32_t limit)
{
	uint32_t edges = e->load_n ? e->load_n : 1,
		 share = limit / edges + (e->self.index < limit % edges);

	return limit && share == 0 ? 1 : share;
}

bool pool_is_error(const struct exchange *x, uint16_t status)
{
	struct image_range r = x->pool->outlier_status;

	for (uint32_t i = 0; status >= 400 && i < r.n; i++) {
		const struct image_status_range *s =
			image_status_range_at(&x->g->image, r.first + i);

		if (status >= s->from && status <= s->to)
			return true;
	}
	return false;
}
