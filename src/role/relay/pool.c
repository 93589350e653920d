/* Pools: what the health page says is taken into the generation's own arrays, where choices are
 * made. */
#include "role/relay/pool.h"

#include "balance/slow_start.h"
#include "balance/source_address.h"
#include "base/hash.h"
#include "base/histogram.h"

enum { POOL_REFRESH_MS = 20 };

void pool_init(struct relay *r, struct relay_generation *g)
{
	for (uint32_t i = 0; i < image_count(&g->image, IMAGE_POOL); i++) {
		const struct image_pool *pool = image_pool_at(&g->image, i);
		struct balance_server *servers = g->balance + pool->servers.first;
		struct relay_pool *p = &g->pools[i];

		if (!pool->is_datagram)
			continue;
		for (uint32_t k = 0; k < pool->servers.n; k++) {
			const struct image_server *s =
				image_server_at(&g->image, pool->servers.first + k);

			/* As in edges: a client of both comes to the same server */
			servers[k] = (struct balance_server){
				.id = hash_mix(hash_fnv1a(image_view(&g->image, s->name)) ^
					       r->hash_key[0]),
				.weight = s->weight,
				.is_backup = s->is_backup,
			};
			g->server_of_slot[s->slot] = (uint16_t)(pool->servers.first + k + 1);
		}
		balance_init(&p->balance, servers, pool->servers.n,
			     (enum image_balance)pool->balance);
		p->balance.load_percent = pool->hash_load_percent;
		p->balance.turn = rng_below(&r->rng, pool->servers.n + 1);
	}
}

/* The server's index in the present image; RELAY_NONE: it has left. */
static uint32_t pool_server(const struct relay *r, struct relay_id server)
{
	uint32_t i = 0;

	if (server.slot >= IMAGE_SERVER_SLOTS || r->now->server_of_slot[server.slot] == 0)
		return RELAY_NONE;
	i = r->now->server_of_slot[server.slot] - 1u;
	return image_server_at(&r->now->image, i)->slot_gen == server.gen ? i : RELAY_NONE;
}

uint32_t pool_index_of(const struct relay *r, const struct relay_session *s)
{
	uint32_t i = pool_server(r, s->server);

	return i == RELAY_NONE ? RELAY_NONE : image_server_at(&r->now->image, i)->pool;
}

/* a is an older generation than b: they count up, and round. */
static bool pool_is_older(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

struct page_load_server *pool_load(struct relay *r, struct relay_id server)
{
	struct page_load_server *l = &r->load->server[server.slot];
	uint32_t gen = PAGE_GET(l->gen);

	if (gen == server.gen)
		return l;
	if (gen && pool_is_older(server.gen, gen))
		return NULL;
	*l = (struct page_load_server){ 0 };
	if (server.slot >= PAGE_GET(r->load->server_high))
		PAGE_SET(r->load->server_high, server.slot + 1);
	PAGE_SET(l->gen, server.gen);
	return l;
}

/* ---- what the page says ---- */

static void pool_look_at(struct relay *r, const struct image_pool *pool, uint32_t index)
{
	const struct image_server *s = image_server_at(&r->now->image, index);
	const struct page_health_entry *h = &r->health->server[s->slot];
	bool is_known = PAGE_GET(h->gen) == s->slot_gen;
	unsigned admin = is_known ? PAGE_GET(h->admin) : PAGE_ADMIN_CONFIGURED;
	bool is_well =
		!is_known || (PAGE_GET(h->health) != PAGE_HEALTH_DOWN && !PAGE_GET(h->is_ejected));
	bool is_enabled = admin == PAGE_ADMIN_ENABLED, is_draining = admin == PAGE_ADMIN_DRAIN;

	if (admin == PAGE_ADMIN_CONFIGURED) {
		is_enabled = s->state == IMAGE_SERVER_ENABLED;
		is_draining = s->state == IMAGE_SERVER_DRAIN;
	}
	r->now->is_healthy[index] = is_enabled && is_well;
	r->now->may_stay[index] = (is_enabled || is_draining) && is_well;
	if (pool->slow_start_ms)
		balance_set_weight(&r->now->pools[s->pool].balance, index - pool->servers.first,
				   slow_start_part(is_known ? PAGE_GET(h->up_mono_ms) : 0,
						   r->loop.now_ms, pool->slow_start_ms));
}

/* Usable is who is healthy and has room. */
static void pool_judge(struct relay *r, const struct image_pool *pool, struct relay_pool *p,
		       uint32_t i)
{
	uint32_t limit = pool->requests_per_server;
	bool has_room = limit == 0 || p->balance.server[i].in_flight < limit;

	balance_set_usable(&p->balance, i, r->now->is_healthy[pool->servers.first + i] && has_room);
}

static void pool_refresh(struct relay *r, uint32_t pool_index)
{
	const struct image_pool *pool = image_pool_at(&r->now->image, pool_index);
	struct relay_pool *p = &r->now->pools[pool_index];
	uint64_t version = atomic_load_explicit(&r->health->version, memory_order_acquire);
	bool is_old = pool->slow_start_ms && r->loop.now_ms - p->refreshed_ms >= POOL_REFRESH_MS;

	if (p->refreshed_ms && p->version == version && !is_old)
		return;
	p->version = version;
	p->refreshed_ms = r->loop.now_ms;
	for (uint32_t i = 0; i < pool->servers.n; i++) {
		pool_look_at(r, pool, pool->servers.first + i);
		pool_judge(r, pool, p, i);
	}
}

bool pool_may_stay(struct relay *r, const struct relay_session *s)
{
	uint32_t i = pool_server(r, s->server);

	if (i == RELAY_NONE)
		return true;
	pool_refresh(r, image_server_at(&r->now->image, i)->pool);
	return r->now->may_stay[i];
}

/* ---- choosing ---- */

/* Sessions on server `index` of the image: one more (1) or less (-1). */
static void pool_count(struct relay *r, uint32_t index, int more)
{
	uint32_t pool_index = image_server_at(&r->now->image, index)->pool;
	const struct image_pool *pool = image_pool_at(&r->now->image, pool_index);
	struct relay_pool *p = &r->now->pools[pool_index];
	uint32_t i = index - pool->servers.first, now = p->balance.server[i].in_flight;

	balance_set_in_flight(&p->balance, i, more > 0 ? (uint64_t)now + 1 : now ? now - 1 : 0);
	p->sessions = more > 0 ? p->sessions + 1 : p->sessions ? p->sessions - 1 : 0;
	if (pool->requests_per_server)
		pool_judge(r, pool, p, i);
}

void pool_recount(struct relay *r, const struct relay_session *s)
{
	uint32_t index = pool_server(r, s->server);

	if (s->server.gen && index != RELAY_NONE)
		pool_count(r, index, 1);
}

static void pool_take(struct relay *r, struct relay_session *s, uint32_t index)
{
	const struct image_server *server = image_server_at(&r->now->image, index);
	struct page_load_server *l = NULL;

	s->server = (struct relay_id){ server->slot, server->slot_gen };
	pool_count(r, index, 1);
	l = pool_load(r, s->server);
	if (!l)
		return;
	PAGE_ADD(l->in_flight, 1);
	PAGE_ADD(l->connections, 1);
	PAGE_ADD(l->requests, 1);
}

/* Latencies sink while nothing is measured. */
static void pool_weigh(struct relay *r, const struct image_pool *pool, struct relay_pool *p)
{
	for (uint32_t i = 0; i < pool->servers.n; i++)
		p->balance.server[i].latency_us =
			peak_ewma_now(&r->now->ewma[pool->servers.first + i], r->loop.now_ms);
}

enum err pool_pick(struct relay *r, struct relay_session *s, uint32_t pool_index)
{
	const struct image_pool *pool = image_pool_at(&r->now->image, pool_index);
	struct relay_pool *p = &r->now->pools[pool_index];
	struct balance_facts facts = { .tried = &s->tried, .rng = &r->rng };
	uint32_t i = 0;

	pool_refresh(r, pool_index);
	if (pool->requests && p->sessions >= pool->requests)
		return E_LIMIT;
	if (pool->hash_kind == IMAGE_HASH_SOURCE) {
		facts.has_hash = true;
		facts.hash = source_address_hash(r->hash_key, &s->client);
	}
	if (pool->balance == IMAGE_PEAK_EWMA)
		pool_weigh(r, pool, p);
	i = balance_pick(&p->balance, &facts);
	if (i == BALANCE_NONE)
		return pool->requests_per_server ? E_LIMIT : E_NOMEM;
	balance_tried_add(&s->tried, i);
	pool_take(r, s, pool->servers.first + i);
	return E_OK;
}

void pool_release(struct relay *r, struct relay_session *s)
{
	uint32_t index = pool_server(r, s->server);
	struct page_load_server *l = NULL;

	if (!s->server.gen)
		return;
	if (index != RELAY_NONE)
		pool_count(r, index, -1);
	l = pool_load(r, s->server);
	if (l && PAGE_GET(l->in_flight))
		PAGE_ADD(l->in_flight, (uint32_t)-1);
	if (l && PAGE_GET(l->connections))
		PAGE_ADD(l->connections, (uint32_t)-1);
	s->server = (struct relay_id){ 0 };
}

void pool_seen(struct relay *r, const struct relay_session *s, uint64_t latency_us, bool has_failed)
{
	uint32_t index = pool_server(r, s->server);
	struct page_load_server *l = pool_load(r, s->server);

	if (index != RELAY_NONE)
		peak_ewma_seen(&r->now->ewma[index], latency_us, has_failed, r->loop.now_ms);
	if (!l)
		return;
	if (has_failed) {
		PAGE_ADD(l->failures, 1);
		return;
	}
	PAGE_ADD(l->latency_us, latency_us);
	PAGE_ADD(l->first_byte[histogram_bucket(latency_us)], 1);
}
