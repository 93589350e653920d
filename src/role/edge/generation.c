/*
 * Generations. Loading happens beside the traffic, in one go, and either all of it works or
 * nothing has changed; exchanges that began under the old one finish under it.
 */
#include "role/edge/generation.h"

#include "balance/tables.h"
#include "base/hash.h"
#include "role/edge/pool.h"
#include "sys/log.h"
#include "sys/shm.h"

#include <stdlib.h>

enum {
	GENERATION_H2C = 1,	    /* identity of servers that speak HTTP/2 without TLS */
	GENERATION_SITES_FIRST = 8, /* made at start; later one, between two requests */
	GENERATION_FREED = 8	    /* sites per tick */
};

static size_t generation_site_index(const struct generation *g, const struct image_listener *l,
				    uint32_t certificate)
{
	size_t listener = (size_t)(l - image_listener_at(&g->image, 0));

	return listener * image_count(&g->image, IMAGE_CERTIFICATE) + certificate;
}

static enum err generation_add_site(struct edge *e, struct generation *g,
				    const struct image_listener *l, uint32_t certificate)
{
	struct tls_site **site = &g->sites[generation_site_index(g, l, certificate)];
	struct tls_site_spec spec = {
		.image = &g->image,
		.listener = (uint32_t)(l - image_listener_at(&g->image, 0)),
		.certificate = certificate,
		.generation = g->number,
		.tickets = e->serves_cells ? NULL : &e->tickets,
	};

	if (*site)
		return E_OK;
	TRY(tls_site_new(e->tls, &spec, site));
	g->site_n++;
	return E_OK;
}

struct tls_site *generation_site(struct edge *e, struct generation *g,
				 const struct image_listener *l, uint32_t certificate)
{
	if (certificate == IMAGE_NONE)
		return NULL;
	if (generation_add_site(e, g, l, certificate) != E_OK && !g->has_told) {
		g->has_told = true;
		log_line(LOG_ERROR, "certificate %u of generation %u can't be used: %s",
			 certificate, g->number, tls_library_error(e->tls));
	}
	return g->sites[generation_site_index(g, l, certificate)];
}

struct tls_site *generation_any_site(struct edge *e, struct generation *g,
				     const struct image_listener *l)
{
	for (uint32_t i = 0; i < l->sni.n; i++) {
		const struct image_sni *s = image_sni_at(&g->image, l->sni.first + i);

		if (s->name.n)
			return generation_site(e, g, l, s->certificate);
	}
	return generation_site(e, g, l, l->default_certificate);
}

/* Who serves a listener: edges, or cells. */
static bool generation_is_own(const struct edge *e, const struct image_listener *l)
{
	return ((l->flags & IMAGE_CELL) != 0) == e->serves_cells;
}

/* The first sites are made at once, so that what OpenSSL refuses is told while the old generation
 * is still there; a thousand of them would stop the loop, and wait for their first client. */
static enum err generation_add_sites(struct edge *e, struct generation *g)
{
	size_t most = e->now ? 1 : GENERATION_SITES_FIRST;

	for (uint32_t i = 0; i < image_count(&g->image, IMAGE_LISTENER); i++) {
		const struct image_listener *l = image_listener_at(&g->image, i);

		if (l->protocol != IMAGE_HTTPS || !generation_is_own(e, l))
			continue;
		if (l->default_certificate != IMAGE_NONE && g->site_n < most)
			TRY(generation_add_site(e, g, l, l->default_certificate));
		for (uint32_t s = 0; s < l->sni.n && g->site_n < most; s++) {
			const struct image_sni *sni = image_sni_at(&g->image, l->sni.first + s);

			if (sni->name.n)
				TRY(generation_add_site(e, g, l, sni->certificate));
		}
	}
	return E_OK;
}

static void generation_mix(uint64_t *h, struct view v)
{
	*h = (*h ^ hash_fnv1a(v) ^ v.n) * 0x9e3779b97f4a7c15u;
}

/* What a connection to this pool's servers was verified against: a change of any of it makes
 * another identity. */
static uint64_t generation_tls_identity(const struct generation *g, const struct image_pool *p)
{
	uint64_t h = 4u + p->tls_verify + 2u * p->is_h2;

	generation_mix(&h, image_view(&g->image, p->tls_name));
	for (uint32_t i = 0; i < p->tls_ca.n; i++)
		generation_mix(
			&h, image_view(&g->image, *image_der_at(&g->image, p->tls_ca.first + i)));
	if (p->tls_client_certificate != IMAGE_NONE) {
		const struct image_certificate *c =
			image_certificate_at(&g->image, p->tls_client_certificate);

		generation_mix(&h, view_of(c->fingerprint, sizeof c->fingerprint));
	}
	return h > GENERATION_H2C ? h : GENERATION_H2C + 1;
}

/* Pools that trust the same issuers share them: the system's alone are a megabyte. */
static const struct tls_client_site *generation_like(const struct generation *g, uint32_t pool)
{
	struct image_range ca = image_pool_at(&g->image, pool)->tls_ca;

	for (uint32_t i = 0; i < image_count(&g->image, IMAGE_POOL); i++) {
		const struct image_pool *p = image_pool_at(&g->image, i);

		if (g->servers[i] && p->tls_verify && p->tls_ca.first == ca.first &&
		    p->tls_ca.n == ca.n)
			return g->servers[i];
	}
	return NULL;
}

static enum err generation_make_servers(struct edge *e, struct generation *g, uint32_t pool)
{
	return tls_client_site_new(e->tls, &g->image, pool, g->number, generation_like(g, pool),
				   &g->servers[pool]);
}

/* As with sites, the first ones at once, the others when they are first used. */
static enum err generation_add_pools(struct edge *e, struct generation *g)
{
	unsigned made = 0;

	for (uint32_t i = 0; i < image_count(&g->image, IMAGE_POOL); i++) {
		const struct image_pool *p = image_pool_at(&g->image, i);

		pool_init(e, g, i);
		if (p->protocol != IMAGE_HTTPS) {
			g->tls_identity[i] = p->is_h2 ? GENERATION_H2C : 0;
			continue;
		}
		g->tls_identity[i] = generation_tls_identity(g, p);
		if (made++ < (e->now ? 1 : GENERATION_SITES_FIRST))
			TRY(generation_make_servers(e, g, i));
	}
	return E_OK;
}

struct tls_client_site *generation_servers(struct edge *e, struct generation *g, uint32_t pool)
{
	if (!g->servers[pool] && generation_make_servers(e, g, pool) != E_OK && !g->has_told) {
		g->has_told = true;
		log_line(LOG_ERROR, "TLS to pool %u of generation %u can't be made: %s", pool,
			 g->number, tls_library_error(e->tls));
	}
	return g->servers[pool];
}

/* Tables of the pools that hash, in the making. */
struct generation_work {
	struct tables_build build;
	struct balance_scratch *scratch;
	uint32_t pool; /* whose turn it is */
	bool is_begun;
	size_t at; /* in generation.tables */
};

/* Memory for the tables of all pools, in one piece. */
static enum err generation_add_tables(struct generation *g)
{
	size_t pools = image_count(&g->image, IMAGE_POOL), bytes = 0, most = 0;

	for (size_t i = 0; i < pools; i++) {
		size_t n = tables_bytes(&g->pools[i].balance);

		bytes += n;
		most = n && g->pools[i].balance.n > most ? g->pools[i].balance.n : most;
	}
	if (bytes == 0)
		return E_OK;
	g->tables = calloc(bytes, 1);
	g->work = calloc(1, sizeof *g->work);
	if (!g->tables || !g->work)
		return E_NOMEM;
	g->work->scratch = calloc(most, sizeof *g->work->scratch);
	return g->work->scratch ? E_OK : E_NOMEM;
}

static void generation_end_work(struct generation *g)
{
	if (g->work)
		free(g->work->scratch);
	free(g->work);
	g->work = NULL;
}

/* The next pool that has tables; false: there is none. */
static bool generation_next_tables(struct generation *g)
{
	struct generation_work *w = g->work;

	for (; !w->is_begun && w->pool < image_count(&g->image, IMAGE_POOL); w->pool++) {
		struct balance_pool *p = &g->pools[w->pool].balance;
		size_t bytes = tables_bytes(p);

		if (bytes == 0)
			continue;
		tables_begin(&w->build, p, (uint8_t *)g->tables + w->at, w->scratch);
		w->at += bytes;
		w->is_begun = true;
	}
	return w->is_begun;
}

bool generation_go_on(struct generation *g, uint32_t steps)
{
	while (g->work && generation_next_tables(g)) {
		if (!tables_step(&g->work->build, &steps))
			return false;
		g->work->is_begun = false;
	}
	generation_end_work(g);
	return true;
}

static enum err generation_allocate(struct generation *g)
{
	size_t pools = image_count(&g->image, IMAGE_POOL),
	       servers = image_count(&g->image, IMAGE_SERVER);
	size_t sites = (size_t)image_count(&g->image, IMAGE_LISTENER) *
		       image_count(&g->image, IMAGE_CERTIFICATE);

	g->pools = calloc(pools + 1, sizeof *g->pools);
	g->sites = calloc(sites + 1, sizeof(struct tls_site *));
	g->servers = calloc(pools + 1, sizeof(struct tls_client_site *));
	g->tls_identity = calloc(pools + 1, sizeof *g->tls_identity);
	g->balance = calloc(servers + 1, sizeof *g->balance);
	g->is_healthy = calloc(servers + 1, sizeof *g->is_healthy);
	return g->pools && g->sites && g->servers && g->tls_identity && g->balance && g->is_healthy
		       ? E_OK
		       : E_NOMEM;
}

static void generation_index_listeners(const struct edge *e, struct generation *g)
{
	for (uint32_t i = 0; i < image_count(&g->image, IMAGE_LISTENER); i++) {
		const struct image_listener *l = image_listener_at(&g->image, i);

		if (l->protocol == IMAGE_UDP)
			continue; /* the relay's */
		if (generation_is_own(e, l))
			g->listener[l->slot] = l;
		if (l->protocol == IMAGE_HTTPS && !g->https_port)
			g->https_port = l->address.port;
	}
}

static enum err generation_build(struct edge *e, struct generation *g, const char **ret_why)
{
	enum err built = E_OK;

	*ret_why = "out of memory";
	TRY(generation_allocate(g));
	generation_index_listeners(e, g);
	built = generation_add_sites(e, g);
	if (built == E_OK)
		built = generation_add_pools(e, g);
	if (built != E_OK) {
		*ret_why = tls_library_error(e->tls);
		return built;
	}
	TRY(generation_add_tables(g));
	TRY(roster_init(&g->roster, &g->image));
	while (!e->now && !generation_go_on(g, UINT32_MAX)) {
	}
	*ret_why = "a path_regex does not compile";
	return route_regexes_new(&g->image, &g->regexes);
}

static enum err generation_map(const struct edge *e, struct generation *g, int fd,
			       const char **ret_why)
{
	struct view bytes = { 0 };

	*ret_why = "the image is not sealed";
	if (!shm_is_sealed(fd))
		return E_DENIED;
	*ret_why = "the image can't be mapped";
	TRY(shm_map(fd, false, &g->map, &g->map_bytes));
	bytes = view_of(g->map, g->map_bytes);
	return e->now ? image_adopt(bytes, &g->image, ret_why)
		      : image_check(bytes, &g->image, ret_why);
}

enum err generation_load(struct edge *e, int fd, uint32_t number, struct generation **ret,
			 const char **ret_why)
{
	struct generation *g = calloc(1, sizeof *g);
	enum err loaded = E_OK;

	*ret_why = "out of memory";
	if (!g)
		return E_NOMEM;
	g->number = number;
	g->users = 1;
	loaded = generation_map(e, g, fd, ret_why);
	if (loaded == E_OK)
		loaded = generation_build(e, g, ret_why);
	if (loaded != E_OK) {
		generation_drop(e, g);
		return loaded;
	}
	*ret = g;
	return E_OK;
}

struct generation *generation_hold(struct generation *g)
{
	g->users++;
	return g;
}

/* At most so many of its sites go. True: all have gone. */
static bool generation_free_sites(struct generation *g, size_t most)
{
	size_t sites = 0;

	if (!g->image.header || !g->sites)
		return true;
	sites = (size_t)image_count(&g->image, IMAGE_LISTENER) *
		image_count(&g->image, IMAGE_CERTIFICATE);
	for (; g->freed_to < sites && most; g->freed_to++) {
		most -= g->sites[g->freed_to] != NULL;
		g->sites[g->freed_to] = tls_site_free(g->sites[g->freed_to]);
	}
	return g->freed_to == sites;
}

static void generation_free(struct generation *g)
{
	for (uint32_t i = 0; g->servers && i < image_count(&g->image, IMAGE_POOL); i++)
		g->servers[i] = tls_client_site_free(g->servers[i]);
	g->regexes = route_regexes_free(g->regexes);
	free(g->pools);
	free((void *)g->sites);
	free((void *)g->servers);
	free(g->tls_identity);
	free(g->balance);
	free(g->tables);
	generation_end_work(g);
	roster_done(&g->roster);
	free(g->is_healthy);
	shm_unmap(g->map, g->map_bytes);
	free(g);
}

void generation_drop(struct edge *e, struct generation *g)
{
	if (!g || --g->users)
		return;
	if (generation_free_sites(g, GENERATION_FREED)) {
		generation_free(g);
		return;
	}
	g->next = e->ending;
	e->ending = g;
}

void generation_tick(struct edge *e)
{
	struct generation *g = e->ending;

	if (!g || !generation_free_sites(g, GENERATION_FREED))
		return;
	e->ending = g->next;
	generation_free(g);
}
