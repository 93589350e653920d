/* The pages, server by server. */
#include "role/edge/survey.h"

#include "balance/peak_ewma.h"
#include "balance/slow_start.h"
#include "role/edge/pool.h"

enum {
	SURVEY_MS = 20,
	SURVEY_BATCH = 256,
	SURVEY_MOST = 1024,
	SURVEY_SMALL = 16, /* servers of a pool whose limits hold to the request */
	SURVEY_CLAIM_MAX = BALANCE_IN_FLIGHT_MAX / ROLE_EDGES_MAX
};

static const struct image_server *survey_server(const struct exchange *x, uint32_t i)
{
	return image_server_at(&x->g->image, x->pool->servers.first + i);
}

/* What a person said at run time goes before what the configuration says. */
static bool survey_is_enabled(const struct image_server *s, uint8_t admin)
{
	if (admin == PAGE_ADMIN_CONFIGURED)
		return s->state == IMAGE_SERVER_ENABLED;
	return admin == PAGE_ADMIN_ENABLED;
}

bool survey_is_healthy(const struct edge *e, const struct image_server *s)
{
	const struct page_health_entry *h = &e->health->server[s->slot];

	if (PAGE_GET(h->gen) != s->slot_gen)
		return s->state == IMAGE_SERVER_ENABLED;
	return survey_is_enabled(s, PAGE_GET(h->admin)) &&
	       PAGE_GET(h->health) != PAGE_HEALTH_DOWN && !PAGE_GET(h->is_ejected);
}

/* Edge i's counters of a server; NULL: it has none. */
static const struct page_load_server *survey_load(const struct edge *e, unsigned i,
						  const struct image_server *s)
{
	const struct page_load_server *l = e->loads[i] ? &e->loads[i]->server[s->slot] : NULL;

	return l && PAGE_GET(l->gen) == s->slot_gen ? l : NULL;
}

static uint32_t survey_in_flight(const struct edge *e, const struct image_server *s)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < e->load_n; i++) {
		const struct page_load_server *l = survey_load(e, i, s);
		uint32_t claim = l ? PAGE_GET(l->in_flight) : 0;

		n += claim < SURVEY_CLAIM_MAX ? claim : (uint32_t)SURVEY_CLAIM_MAX;
	}
	return n;
}

static struct peak_ewma survey_measured(const struct page_load_server *l)
{
	return (struct peak_ewma){ .latency_us = PAGE_GET(l->peak_us),
				   .at_ms = PAGE_GET(l->peak_at_ms) };
}

static uint32_t survey_latency(const struct edge *e, const struct image_server *s)
{
	const struct page_load_server *own = survey_load(e, e->self.index, s);
	struct peak_ewma m = own ? survey_measured(own) : (struct peak_ewma){ 0 };
	uint32_t mine = peak_ewma_now(&m, e->loop.now_ms), n = 0;
	uint64_t others = 0;

	for (unsigned i = 0; i < e->load_n; i++) {
		const struct page_load_server *l = survey_load(e, i, s);

		if (!l || i == e->self.index)
			continue;
		m = survey_measured(l);
		if (m.latency_us == 0)
			continue;
		others += peak_ewma_limit(mine, peak_ewma_now(&m, e->loop.now_ms));
		n++;
	}
	return peak_ewma_join(mine, others, n);
}

/* Usable is who is healthy and has room. */
static void survey_judge(struct pool_state *p, const struct image_pool *pool, uint32_t i)
{
	uint32_t limit = pool->requests_per_server;
	bool has_room = limit == 0 || p->balance.server[i].in_flight < limit;

	balance_set_usable(&p->balance, i, p->is_healthy[i] && has_room);
}

/* What the health page says of a server. */
static void survey_health(struct edge *e, const struct exchange *x, uint32_t i)
{
	struct pool_state *p = pool_state(x);
	const struct image_server *s = survey_server(x, i);
	bool is_healthy = survey_is_healthy(e, s);

	p->healthy_n += is_healthy - (uint32_t)p->is_healthy[i];
	p->is_healthy[i] = is_healthy;
	if (x->pool->slow_start_ms) {
		const struct page_health_entry *h = &e->health->server[s->slot];
		uint64_t up_ms = PAGE_GET(h->gen) == s->slot_gen ? PAGE_GET(h->up_mono_ms) : 0;

		balance_set_weight(&p->balance, i,
				   slow_start_part(up_ms, e->loop.now_ms, x->pool->slow_start_ms));
	}
	survey_judge(p, x->pool, i);
}

/* Both pages. */
static void survey_one(struct edge *e, const struct exchange *x, uint32_t i)
{
	struct pool_state *p = pool_state(x);
	const struct image_server *s = survey_server(x, i);

	balance_set_in_flight(&p->balance, i, survey_in_flight(e, s));
	if (x->pool->balance == IMAGE_PEAK_EWMA)
		p->balance.server[i].latency_us = survey_latency(e, s);
	survey_health(e, x, i);
}

static void survey_some(struct edge *e, const struct exchange *x, uint32_t n)
{
	struct pool_state *p = pool_state(x);
	uint32_t all = x->pool->servers.n;

	for (n = n < all ? n : all; n; n--) {
		uint32_t i = p->surveyed < all ? p->surveyed : 0;

		survey_one(e, x, i);
		p->surveyed = i + 1;
	}
}

void survey_all(struct edge *e, const struct exchange *x)
{
	struct pool_state *p = pool_state(x);

	if (p->survey_ms == e->loop.now_ms)
		return;
	p->survey_ms = p->refreshed_ms = e->loop.now_ms;
	survey_some(e, x, SURVEY_MOST);
}

void survey_pool(struct edge *e, const struct exchange *x)
{
	struct pool_state *p = pool_state(x);
	uint64_t version = atomic_load_explicit(&e->health->version, memory_order_acquire);
	uint32_t n = x->pool->servers.n;
	bool is_due = !p->refreshed_ms || e->loop.now_ms - p->refreshed_ms >= SURVEY_MS;
	bool is_changed = !p->refreshed_ms || p->version != version;
	bool is_exact = x->pool->requests_per_server && n <= SURVEY_SMALL;

	if (!is_due && !is_exact && !(is_changed && n <= SURVEY_BATCH))
		return;
	if (is_changed && n > SURVEY_BATCH)
		for (uint32_t i = 0; i < n; i++)
			survey_health(e, x, i);
	p->version = version;
	p->refreshed_ms = e->loop.now_ms;
	survey_some(e, x, SURVEY_BATCH);
}

void survey_count(struct edge *e, const struct exchange *x, uint32_t i)
{
	balance_set_in_flight(&pool_state(x)->balance, i, survey_in_flight(e, survey_server(x, i)));
}

bool survey_has_room(struct edge *e, const struct exchange *x, uint32_t i)
{
	struct pool_state *p = pool_state(x);

	if (x->pool->requests_per_server == 0)
		return true;
	survey_count(e, x, i);
	survey_judge(p, x->pool, i);
	return p->balance.server[i].is_usable != 0;
}

uint32_t survey_pool_room(const struct edge *e, const struct image_pool *pool)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < e->load_n; i++) {
		const struct page_load_pool *l =
			e->loads[i] ? &e->loads[i]->pool[pool->slot] : NULL;
		uint32_t claim =
			l && PAGE_GET(l->gen) == pool->slot_gen ? PAGE_GET(l->in_flight) : 0;

		n += claim < SURVEY_CLAIM_MAX ? claim : (uint32_t)SURVEY_CLAIM_MAX;
	}
	return n < pool->requests ? pool->requests - n : 0;
}

void survey_add(struct pool_state *p, const struct image_pool *pool, uint32_t i, int more)
{
	uint32_t now = p->balance.server[i].in_flight;

	balance_set_in_flight(&p->balance, i, more > 0 ? (uint64_t)now + 1 : now ? now - 1 : 0);
	if (pool->requests_per_server)
		survey_judge(p, pool, i);
}

void survey_seen(struct edge *e, const struct exchange *x, uint64_t latency_us, bool has_failed)
{
	struct page_load_server *l = NULL;
	struct peak_ewma m = { 0 };

	if (x->pool->balance != IMAGE_PEAK_EWMA)
		return;
	l = pool_load(e, x->server->slot, x->server->slot_gen);
	m = survey_measured(l);
	peak_ewma_seen(&m, latency_us, has_failed, e->loop.now_ms);
	PAGE_SET(l->peak_us, m.latency_us);
	PAGE_SET(l->peak_at_ms, m.at_ms);
	/* A peak counts at once; the rest is seen when the pages are looked at again. */
	if (pool_state(x)->balance.server[pool_index_of(x)].latency_us < m.latency_us)
		pool_state(x)->balance.server[pool_index_of(x)].latency_us = m.latency_us;
}
