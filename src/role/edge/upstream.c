/*
 * Server connections. Reuse is last in, first out, so that what is not needed grows old and is
 * closed; a connection that was verified against one TLS identity never serves another.
 */
#include "role/edge/upstream.h"

#include "role/edge/client.h"
#include "role/edge/conn.h"
#include "role/edge/dial.h"
#include "role/edge/exchange.h"
#include "role/edge/pool.h"
#include "role/edge/store.h"
#include "sys/fd.h"

static void upstream_count(struct edge *e, const struct upstream *u, uint32_t by)
{
	struct page_load_server *l = pool_load(e, u->slot, u->slot_gen);

	if (by == 1 || PAGE_GET(l->connections))
		PAGE_ADD(l->connections, by);
}

void upstream_close(struct edge *e, struct upstream *u)
{
	if (u->is_dead)
		return;
	list_remove(&u->node);
	upstream_count(e, u, (uint32_t)-1);
	conn_close(e, &u->conn, false);
	store_bury_upstream(e, u);
}

void upstream_close_idle(struct edge *e, struct server_state *s)
{
	while (!list_is_empty(&s->idle))
		upstream_close(e, OWNER_OF(s->idle.next, struct upstream, node));
}

static struct upstream *upstream_open(struct edge *e, uint32_t slot, uint32_t slot_gen, int fd)
{
	struct upstream *u = store_upstream(e);

	if (!u) {
		(void)fd_close(fd);
		return NULL;
	}
	u->slot = slot;
	u->slot_gen = slot_gen;
	list_init(&u->node);
	if (conn_open(e, &u->conn, fd, SOURCE_UPSTREAM) != E_OK) {
		store_bury_upstream(e, u);
		return NULL;
	}
	upstream_count(e, u, 1);
	PAGE_ADD(pool_load(e, slot, slot_gen)->connects, 1);
	return u;
}

/* Whoever has waited longest for this server, no longer waiting. */
static struct exchange *upstream_first_waiting(struct server_state *s)
{
	struct exchange *x = NULL;

	if (list_is_empty(&s->waiting))
		return NULL;
	x = OWNER_OF(s->waiting.next, struct exchange, node);
	pool_dequeue(x);
	return x;
}

/* Without anyone waiting a connection is kept for the next request; without TLS it can serve any.
 */
static void upstream_to_idle(struct edge *e, struct upstream *u, uint32_t idle_ms)
{
	list_push(&pool_server(e, u->slot, u->slot_gen)->idle, &u->node);
	wheel_set(&e->wheel, &u->conn.timer, e->loop.now_ms + idle_ms);
}

void upstream_connected(struct edge *e, uint32_t slot, uint32_t slot_gen, int fd)
{
	struct server_state *s = pool_server(e, slot, slot_gen);
	struct exchange *x = upstream_first_waiting(s);
	struct upstream *u = upstream_open(e, slot, slot_gen, fd);
	struct client *c = x ? x->c : NULL;

	if (!u && x)
		exchange_failed(e, x, DIAL_BUSY);
	if (u && !x) {
		u->is_open = true;
		upstream_to_idle(e, u, 10000);
		return;
	}
	if (u && x) {
		x->u = u;
		u->x = x;
		exchange_connected(e, x);
	}
	if (c)
		client_run(e, c);
}

void upstream_not_connected(struct edge *e, uint32_t slot, uint32_t slot_gen, enum dial_failure why)
{
	struct exchange *x = upstream_first_waiting(pool_server(e, slot, slot_gen));

	if (x) {
		struct client *c = x->c;

		exchange_failed(e, x, why);
		client_run(e, c);
	}
}

/*
 * A request that may not be sent twice goes only to a connection that the server has not closed
 * meanwhile; for the others an event or a failed try tells it early enough.
 */
static bool upstream_is_fresh(const struct upstream *u, const struct exchange *x)
{
	uint8_t byte = 0;

	return http_method_is_safe((enum http_method)x->method) || conn_is_quiet(&u->conn, &byte);
}

struct upstream *upstream_take(struct edge *e, struct exchange *x)
{
	struct server_state *s = pool_server(e, x->server->slot, x->server->slot_gen);
	uint64_t identity = x->g->tls_identity[x->pool_index];

	while (!list_is_empty(&s->idle)) {
		struct upstream *u = OWNER_OF(s->idle.next, struct upstream, node);

		if (u->tls_identity != identity || (u->conn.tls == NULL) != (identity == 0) ||
		    !upstream_is_fresh(u, x)) {
			upstream_close(e, u); /* closed, or the pool's TLS settings have changed */
			continue;
		}
		list_remove(&u->node);
		u->is_reused = true;
		u->x = x;
		x->u = u;
		PAGE_ADD(pool_load(e, u->slot, u->slot_gen)->reuses, 1);
		return u;
	}
	return NULL;
}

/* Lends u to whoever has waited longest for its server; false when nobody does. */
static bool upstream_pass_on(struct edge *e, struct upstream *u)
{
	struct server_state *s = pool_server(e, u->slot, u->slot_gen);
	struct exchange *x = NULL;

	if (list_is_empty(&s->waiting))
		return false;
	x = OWNER_OF(s->waiting.next, struct exchange, node);
	if (x->g->tls_identity[x->pool_index] != u->tls_identity)
		return false; /* what it waits for is being dialled */
	pool_dequeue(x);
	u->is_reused = true;
	u->x = x;
	x->u = u;
	client_run_later(e, x->c);
	exchange_connected(e, x);
	return true;
}

void upstream_give(struct edge *e, struct exchange *x, bool is_reusable)
{
	struct upstream *u = x->u;

	if (!u)
		return;
	x->u = NULL;
	u->x = NULL;
	if (!is_reusable || u->conn.is_broken || u->conn.has_ended || u->conn.in || u->conn.out ||
	    e->is_draining) {
		upstream_close(e, u);
		return;
	}
	if (!upstream_pass_on(e, u))
		upstream_to_idle(e, u, x->pool->idle_connection_ms);
}

static uint32_t upstream_waiting_n(const struct server_state *s)
{
	uint32_t n = 0;

	for (const struct list *l = s->waiting.next; l != &s->waiting; l = l->next)
		n++;
	return n;
}

enum err upstream_wait(struct edge *e, struct exchange *x)
{
	struct server_state *s = pool_server(e, x->server->slot, x->server->slot_gen);
	uint32_t limit = pool_share(e, x->pool->connections_per_server);
	uint32_t open = PAGE_GET(pool_load(e, x->server->slot, x->server->slot_gen)->connections) +
			s->dialing;

	x->flags |= X_WAITING;
	list_append(&s->waiting, &x->node);
	if (limit && open >= limit) {
		if (upstream_waiting_n(s) <= x->pool->queue)
			return E_OK; /* a connection that comes back serves it */
		pool_dequeue(x);
		return E_LIMIT;
	}
	if (dial_ask(e, x->server->slot, x->server->slot_gen) == E_OK)
		return E_OK;
	pool_dequeue(x);
	return E_LIMIT;
}

void upstream_expired(struct edge *e, struct upstream *u)
{
	if (!u->x && !u->is_dead) /* one that works has its client's deadline */
		upstream_close(e, u);
}

void upstream_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct edge *e = owner;
	struct upstream *u = OWNER_OF(source, struct upstream, conn.source);
	struct client *c = u->x ? u->x->c : NULL;

	conn_note(&u->conn, events);
	if (c)
		client_run(e, c);
	else if (u->conn.can_read)
		upstream_close(e, u); /* an idle server has nothing to say but goodbye */
}
