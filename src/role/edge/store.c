/* Slot pools; a slot that has just been closed keeps its memory until the batch of events is over.
 */
#include "role/edge/store.h"

#include "role/edge/abuse.h"
#include "role/edge/address.h"
#include "role/edge/buffer.h"
#include "role/edge/h2.h"
#include "sys/log.h"
#include "sys/moat.h"

#include <sys/resource.h>

enum {
	STORE_KEPT_MAX = 256,
	STORE_PIPE_SHARE = 64, /* descriptors for one pipe */
	STORE_STREAMS = 2      /* slots per descriptor: streams need some too */
};

/* Each pool between pages of its own: what runs over its end reaches no other. */
static void *store_map(size_t count, size_t size)
{
	return moat_map(count * size);
}

/* Descriptors that connections will ever have. E_SYS (logged) */
static enum err store_limit(const struct edge *e, uint32_t *ret)
{
	struct rlimit l = { 0 };
	uint32_t most = e->most_fds ? e->most_fds : 1u << 20;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return log_errno("getrlimit");
	*ret = l.rlim_cur > most ? most : (uint32_t)l.rlim_cur;
	return E_OK;
}

enum err store_init(struct edge *e)
{
	uint32_t n = 0;

	TRY(store_limit(e, &n));
	e->client_cap = e->upstream_cap = n; /* of those with a descriptor */
	e->exchange_cap = STORE_STREAMS * n;
	e->h2_session_cap = STORE_STREAMS * n;
	e->h2_stream_cap = 2 * STORE_STREAMS * n;
	e->pipes.most = n / STORE_PIPE_SHARE < PIPES_MAX ? n / STORE_PIPE_SHARE : PIPES_MAX;
	e->fds_kept = (n / 4 < STORE_KEPT_MAX ? n / 4 : STORE_KEPT_MAX) + 2 * e->pipes.most;
	e->clients = store_map((size_t)STORE_STREAMS * n, sizeof *e->clients);
	e->upstreams = store_map((size_t)STORE_STREAMS * n, sizeof *e->upstreams);
	e->exchanges = store_map(e->exchange_cap, sizeof *e->exchanges);
	e->servers = store_map(IMAGE_SERVER_SLOTS, sizeof *e->servers);
	e->h2_sessions = store_map(e->h2_session_cap, sizeof *e->h2_sessions);
	e->h2_streams = store_map(e->h2_stream_cap, sizeof *e->h2_streams);
	e->h2_fields = store_map(FIELDS_MAX, sizeof *e->h2_fields);
	e->h2_nv = store_map(FIELDS_MAX, sizeof(nghttp2_nv));
	if (!e->h2_sessions || !e->h2_streams || !e->h2_fields || !e->h2_nv)
		return log_errno("reserving streams");
	if (!e->clients || !e->upstreams || !e->exchanges || !e->servers)
		return log_errno("reserving connections");
	list_init(&e->unwatched);
	TRY(abuse_init(e));
	TRY(address_init(e, n));
	return buffer_pool_init(&e->buffers, 4 * n > 1u << 18 ? 1u << 18 : 4 * n);
}

/*
 * Descriptors are shared by all: some are kept back for channels, images and listeners, and of
 * those some more for servers, so that clients alone can't take everything (THREATS A22).
 */
static bool store_has_room(const struct edge *e, uint32_t kept_back)
{
	return e->client_n + e->upstream_n + kept_back < e->client_cap;
}

/* Slots are enough for as many streams as there may be descriptors. */
static struct client *store_client_slot(struct edge *e)
{
	struct client *c = e->free_clients;

	if (c)
		e->free_clients = c->next;
	else if (e->client_high < STORE_STREAMS * e->client_cap)
		c = &e->clients[e->client_high++];
	if (c) {
		*c = (struct client){ 0 };
		list_init(&c->unwatched);
	}
	return c;
}

struct client *store_client(struct edge *e)
{
	struct client *c = store_has_room(e, e->fds_kept) ? store_client_slot(e) : NULL;

	e->client_n += c != NULL;
	return c;
}

struct client *store_stream_client(struct edge *e)
{
	struct client *c = e->stream_client_n < e->client_cap ? store_client_slot(e) : NULL;

	e->stream_client_n += c != NULL;
	if (c)
		c->is_stream = true;
	return c;
}

static struct upstream *store_upstream_slot(struct edge *e)
{
	struct upstream *u = e->free_upstreams;

	if (u)
		e->free_upstreams = u->next;
	else if (e->upstream_high < STORE_STREAMS * e->upstream_cap)
		u = &e->upstreams[e->upstream_high++];
	if (u)
		*u = (struct upstream){ 0 };
	return u;
}

struct upstream *store_upstream(struct edge *e)
{
	struct upstream *u = store_has_room(e, e->fds_kept / 2) ? store_upstream_slot(e) : NULL;

	e->upstream_n += u != NULL;
	return u;
}

struct upstream *store_stream_upstream(struct edge *e)
{
	struct upstream *u = e->stream_upstream_n < e->upstream_cap ? store_upstream_slot(e) : NULL;

	e->stream_upstream_n += u != NULL;
	if (u) {
		u->is_stream = true;
		u->conn.source.fd = -1;
	}
	return u;
}

struct exchange *store_exchange(struct edge *e)
{
	struct exchange *x = e->free_exchanges;

	if (x)
		e->free_exchanges = x->next;
	else if (e->exchange_high < e->exchange_cap)
		x = &e->exchanges[e->exchange_high++];
	if (x)
		*x = (struct exchange){ 0 };
	return x;
}

void store_bury_client(struct edge *e, struct client *c)
{
	c->state = CLIENT_DEAD;
	c->next = e->dead_clients;
	e->dead_clients = c;
	if (c->is_stream)
		e->stream_client_n--;
	else
		e->client_n--;
}

void store_bury_upstream(struct edge *e, struct upstream *u)
{
	u->is_dead = true;
	if (u->is_stream)
		e->stream_upstream_n--;
	else
		e->upstream_n--;
	u->next = e->dead_upstreams;
	e->dead_upstreams = u;
}

void store_exchange_free(struct edge *e, struct exchange *x)
{
	x->next = e->free_exchanges;
	e->free_exchanges = x;
}

void store_turn(struct edge *e)
{
	struct client *dead = e->dead_clients;

	e->dead_clients = NULL;
	while (dead) {
		struct client *c = dead, **list = c->is_again ? &e->dead_clients : &e->free_clients;

		dead = c->next;
		c->state = c->is_again ? CLIENT_DEAD
				       : CLIENT_FREE; /* a list still names it: one turn more */
		c->next = *list;
		*list = c;
	}
	while (e->dead_upstreams) {
		struct upstream *u = e->dead_upstreams;

		e->dead_upstreams = u->next;
		u->next = e->free_upstreams;
		e->free_upstreams = u;
	}
}
