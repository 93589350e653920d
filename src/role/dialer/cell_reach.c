/* Bits per listener and pool, made once; a few indices per cell. */
#include "role/dialer/cell_reach.h"

#include <stdlib.h>

/* The row of public_pools behind those of listeners: what rules of edges' listeners lead to. */
enum { CELL_REACH_EDGES = IMAGE_LISTENER_SLOTS, CELL_REACH_ROWS };

static uint64_t *cell_reach_word(const struct dialer *d, uint16_t listener, uint32_t pool)
{
	size_t words = (image_count(&d->image, IMAGE_POOL) + 63) / 64;

	return &d->public_pools[listener * words + pool / 64];
}

static void cell_reach_publish(struct dialer *d, uint16_t listener, uint32_t pool)
{
	if (pool < image_count(&d->image, IMAGE_POOL))
		*cell_reach_word(d, listener, pool) |= UINT64_C(1) << (pool % 64);
}

static void cell_reach_rule(struct dialer *d, uint16_t listener, const struct image_rule *r)
{
	if (r->action != IMAGE_ACTION_BACKEND)
		return;
	for (uint32_t i = 0; i < r->backends.n; i++)
		cell_reach_publish(d, listener,
				   image_split_at(&d->image, r->backends.first + i)->pool);
	if (r->mirror_percent)
		cell_reach_publish(d, listener, r->mirror);
}

static void cell_reach_listener(struct dialer *d, const struct image_listener *l, uint16_t row)
{
	for (uint32_t i = 0; i < l->hosts.n; i++) {
		const struct image_host *h = image_host_at(&d->image, l->hosts.first + i);

		for (uint32_t k = 0; k < h->rules.n; k++)
			cell_reach_rule(
				d, row,
				image_rule_at(&d->image,
					      *image_rule_index_at(&d->image, h->rules.first + k)));
	}
}

enum err cell_reach_init(struct dialer *d)
{
	size_t words = (image_count(&d->image, IMAGE_POOL) + 63) / 64;
	bool has_cells = false;

	for (uint32_t i = 0; i < image_count(&d->image, IMAGE_LISTENER); i++)
		has_cells |= (image_listener_at(&d->image, i)->flags & IMAGE_CELL) != 0;
	d->public_pools = calloc(CELL_REACH_ROWS * (words + 1), sizeof *d->public_pools);
	d->cell_reach = has_cells ? calloc(CELL_SLOTS, sizeof *d->cell_reach) : NULL;
	if (!d->public_pools || (has_cells && !d->cell_reach))
		return E_NOMEM;
	for (uint32_t i = 0; i < image_count(&d->image, IMAGE_LISTENER); i++) {
		const struct image_listener *l = image_listener_at(&d->image, i);

		if (l->flags & IMAGE_CELL)
			cell_reach_listener(d, l, l->slot);
		else if (l->protocol != IMAGE_UDP)
			cell_reach_listener(d, l, CELL_REACH_EDGES);
	}
	return E_OK;
}

void cell_reach_done(struct dialer *d)
{
	free(d->public_pools);
	free(d->cell_reach);
	d->public_pools = NULL;
	d->cell_reach = NULL;
}

void cell_reach_reset(struct dialer *d)
{
	d->reach_lost_ms = d->loop.now_ms;
	for (uint32_t i = 0; d->cell_reach && i < CELL_SLOTS; i++)
		if (d->cell_reach[i].n)
			d->cell_reach[i].n = d->cell_reach[i].next = 0;
}

/* The pool of an application; false: this image has none of that id. */
static bool cell_reach_app(const struct dialer *d, uint64_t id, uint16_t *ret)
{
	for (uint32_t i = 0; id && i < image_count(&d->image, IMAGE_APP); i++) {
		const struct image_app *a = image_app_at(&d->image, i);

		if (a->id == id) {
			*ret = (uint16_t)a->pool;
			return true;
		}
	}
	return false;
}

/* What is there of an older cell in that row is over. */
static struct cell_reach *cell_reach_of(struct dialer *d, const struct authority_reach *r)
{
	struct cell_reach *c = &d->cell_reach[r->slot];

	if (c->serial < r->serial)
		*c = (struct cell_reach){ .serial = r->serial };
	return c->serial == r->serial ? c : NULL;
}

static bool cell_reach_has(const struct cell_reach *c, uint32_t pool)
{
	for (unsigned i = 0; i < c->n; i++)
		if (c->pool[i] == pool)
			return true;
	return false;
}

enum err cell_reach_allow(struct dialer *d, const struct authority_reach *r)
{
	struct cell_reach *c = NULL;
	uint16_t pool = 0;

	if (r->slot >= CELL_SLOTS || r->serial == 0)
		return E_PROTO;
	if (!d->cell_reach || !cell_reach_app(d, r->app, &pool))
		return E_OK;
	c = cell_reach_of(d, r);
	if (!c || cell_reach_has(c, pool))
		return E_OK;
	c->pool[c->next] = pool;
	c->next = (uint8_t)((c->next + 1) % CELL_REACH_APPS);
	c->n = c->n < CELL_REACH_APPS ? (uint8_t)(c->n + 1) : c->n;
	return E_OK;
}

enum err cell_reach_forbid(struct dialer *d, const struct authority_reach *r)
{
	struct cell_reach *c = NULL;
	uint16_t pool = 0;

	if (r->slot >= CELL_SLOTS || r->serial == 0)
		return E_PROTO;
	c = d->cell_reach ? cell_reach_of(d, r) : NULL;
	if (!c)
		return E_OK;
	c->taken_ms = d->loop.now_ms;
	if (r->app == 0)
		c->n = c->next = 0;
	if (r->app == 0 || !cell_reach_app(d, r->app, &pool))
		return E_OK;
	for (unsigned i = 0; i < c->n; i++)
		if (c->pool[i] == pool)
			c->pool[i] = UINT16_MAX;
	return E_OK;
}

static bool cell_reach_is_app(const struct dialer *d, uint32_t pool)
{
	for (uint32_t i = 0; i < image_count(&d->image, IMAGE_APP); i++)
		if (image_app_at(&d->image, i)->pool == pool)
			return true;
	return false;
}

bool cell_reach_edge_may(const struct dialer *d, uint32_t server)
{
	uint32_t pool = d->server[server].conf->pool;

	if (!d->server[server].pool->is_datagram && !cell_reach_is_app(d, pool))
		return true;
	return *cell_reach_word(d, CELL_REACH_EDGES, pool) >> (pool % 64) & 1;
}

bool cell_reach_may(const struct dialer *d, const struct spawner_cell *who, uint32_t server)
{
	uint32_t pool = d->server[server].conf->pool;
	const struct cell_reach *c = NULL;

	if (!d->cell_reach || who->listener >= IMAGE_LISTENER_SLOTS || who->slot >= CELL_SLOTS)
		return false;
	if (*cell_reach_word(d, who->listener, pool) >> (pool % 64) & 1)
		return true;
	c = &d->cell_reach[who->slot];
	return c->serial == who->serial && cell_reach_has(c, pool);
}

bool cell_reach_is_strange(const struct dialer *d, const struct spawner_cell *who)
{
	const struct cell_reach *c = NULL;

	if (!d->cell_reach || who->slot >= CELL_SLOTS)
		return true;
	c = &d->cell_reach[who->slot];
	if (d->loop.now_ms - d->reach_lost_ms < CELL_REACH_SETTLE_MS)
		return false;
	return c->serial != who->serial || !c->taken_ms ||
	       d->loop.now_ms - c->taken_ms >= CELL_REACH_SETTLE_MS;
}
