/*
 * Server connections. Reuse is last in, first out, so that what is not needed grows old and is
 * closed; a connection that was verified against one TLS identity never serves another.
 */
#include "role/edge/upstream.h"

#include "role/edge/client.h"
#include "role/edge/conn.h"
#include "role/edge/dial.h"
#include "role/edge/exchange.h"
#include "role/edge/h2_server.h"
#include "role/edge/h2_session.h"
#include "role/edge/pool.h"
#include "role/edge/store.h"
#include "sys/fd.h"

enum {
	UPSTREAM_REST_MS = 50,
	UPSTREAM_SHARED = 100 /* requests that a new HTTP/2 connection is expected to take */
};

/* A gauge of a server that has left its slot never had what is taken off now. */
static void upstream_take_off(_Atomic uint32_t *gauge)
{
	if (PAGE_GET(*gauge))
		PAGE_ADD(*gauge, (uint32_t)-1);
}

/* u is open no more. */
static void upstream_uncount(struct edge *e, const struct upstream *u)
{
	struct page_load_server *l = pool_load(e, u->slot, u->slot_gen);

	upstream_take_off(u->is_stream ? &l->h2_streams : &l->connections);
	if (u->conn.session)
		upstream_take_off(&l->h2_sessions);
}

void upstream_is_opening(struct edge *e, struct upstream *u, bool is)
{
	struct server_state *s = pool_server(e, u->slot, u->slot_gen);

	if (u->is_opening == is)
		return;
	u->is_opening = is;
	if (is || s->opening)
		s->opening += is ? 1u : (uint32_t)-1;
}

void upstream_close(struct edge *e, struct upstream *u)
{
	if (u->is_dead)
		return;
	list_remove(&u->node);
	list_remove(&u->tie);
	upstream_is_opening(e, u, false);
	upstream_uncount(e, u);
	if (u->conn.session)
		h2_session_free(e, &u->conn);
	conn_close(e, &u->conn, u->wants_reset);
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
	list_init(&u->tie);
	conn_open(e, &u->conn, fd, SOURCE_UPSTREAM);
	if (conn_watch(e, &u->conn) != E_OK) {
		loop_close(&u->conn.source);
		store_bury_upstream(e, u);
		return NULL;
	}
	PAGE_ADD(pool_load(e, slot, slot_gen)->connections, 1);
	PAGE_ADD(pool_load(e, slot, slot_gen)->connects, 1);
	return u;
}

/* Whoever has waited longest for this server, no longer waiting. */
static struct exchange *upstream_first_waiting(struct edge *e, struct server_state *s)
{
	struct exchange *x = NULL;

	if (list_is_empty(&s->waiting))
		return NULL;
	x = OWNER_OF(s->waiting.next, struct exchange, node);
	pool_dequeue(e, x);
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
	struct exchange *x = upstream_first_waiting(e, s);
	struct upstream *u =
		pool_is_stale(e, slot, slot_gen) ? NULL : upstream_open(e, slot, slot_gen, fd);
	struct client *c = x ? x->c : NULL;

	if (pool_is_stale(e, slot, slot_gen))
		(void)fd_close(fd);
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
		x->connected_ns = e->loop.now_ns;
		upstream_is_opening(e, u, x->pool->is_h2);
		exchange_connected(e, x);
	}
	if (c)
		client_run(e, c);
}

void upstream_not_connected(struct edge *e, uint32_t slot, uint32_t slot_gen, enum dial_failure why)
{
	struct exchange *x = upstream_first_waiting(e, pool_server(e, slot, slot_gen));

	if (x) {
		struct client *c = x->c;

		exchange_failed(e, x, why);
		client_run(e, c);
	}
	upstream_serve(e, slot, slot_gen);
}

/* ---- lending ---- */

/*
 * A request that may not be sent twice goes only to a connection that the server has not closed
 * meanwhile; for the others an event or a failed try tells it early enough. One that has rested is
 * looked at in any case: it was for what might come.
 */
static bool upstream_is_fresh(const struct upstream *u, const struct exchange *x)
{
	uint8_t byte = 0;

	if (http_method_is_safe((enum http_method)x->method) && !u->rests_until_ms)
		return true;
	return conn_is_quiet(&u->conn, &byte);
}

static bool upstream_fits(const struct upstream *u, const struct exchange *x)
{
	uint64_t identity = x->g->tls_identity[x->pool_index];

	return u->tls_identity == identity && u->proxy == x->pool->send_proxy &&
	       (u->conn.tls != NULL) == (identity != 0) && upstream_is_fresh(u, x);
}

/* The newest idle connection that x may use; those that nobody may use any more are closed. */
static struct upstream *upstream_find(struct edge *e, const struct exchange *x)
{
	struct server_state *s = pool_server(e, x->server->slot, x->server->slot_gen);

	if (x->flags & X_RAW)
		return NULL; /* what another has used begins in the middle */
	if (x->pool->is_h2)
		return h2_server_find(e, x);
	for (struct list *n = s->idle.next, *next = n->next; n != &s->idle;
	     n = next, next = n->next) {
		struct upstream *u = OWNER_OF(n, struct upstream, node);

		if (u->rests_until_ms > e->loop.now_ms || (u->of && u->of != x->c->id))
			continue;
		if (upstream_fits(u, x))
			return u;
		upstream_close(e, u);
	}
	return NULL;
}

void upstream_forget(struct edge *e, struct client *c)
{
	while (c->proxied.next && !list_is_empty(&c->proxied)) {
		struct upstream *u = OWNER_OF(c->proxied.next, struct upstream, tie);

		list_remove(&u->tie);
		if (!u->x)
			upstream_close(e, u);
	}
}

static void upstream_lend(struct edge *e, struct upstream *u, struct exchange *x)
{
	list_remove(&u->node);
	u->is_reused = !u->is_stream; /* of a stream its session tells: h2_stream_was_stale */
	u->x = x;
	x->u = u;
	PAGE_ADD(pool_load(e, u->slot, u->slot_gen)->reuses, 1);
}

struct upstream *upstream_take(struct edge *e, struct exchange *x)
{
	struct upstream *u = upstream_find(e, x);

	if (u)
		upstream_lend(e, u, x);
	return u;
}

/* Connections that those who wait need; many share one that speaks HTTP/2. */
static uint32_t upstream_dials_n(const struct server_state *s)
{
	uint32_t n = s->waiting_n, most = 0;

	if (n == 0 || !OWNER_OF(s->waiting.next, struct exchange, node)->pool->is_h2)
		return n;
	most = (n + UPSTREAM_SHARED - 1) / UPSTREAM_SHARED;
	return most > s->opening ? most - s->opening : 0;
}

/* One more connection to x's server may be made. */
static bool upstream_has_room(struct edge *e, const struct exchange *x)
{
	uint32_t slot = x->server->slot, slot_gen = x->server->slot_gen;
	uint32_t limit = pool_share(e, x->pool->connections_per_server);

	return limit == 0 || PAGE_GET(pool_load(e, slot, slot_gen)->connections) +
					     pool_server(e, slot, slot_gen)->dialing <
				     limit;
}

void upstream_serve(struct edge *e, uint32_t slot, uint32_t slot_gen)
{
	struct server_state *s = pool_server(e, slot, slot_gen);

	while (!list_is_empty(&s->waiting)) {
		struct exchange *x = OWNER_OF(s->waiting.next, struct exchange, node);
		struct upstream *u = upstream_find(e, x);

		if (!u)
			break;
		pool_dequeue(e, x);
		upstream_lend(e, u, x);
		client_run_later(
			e, x->c); /* from there, not from here: no recursion, however many wait */
	}
	while (s->dialing < upstream_dials_n(s))
		if (!upstream_has_room(e, OWNER_OF(s->waiting.next, struct exchange, node)) ||
		    dial_ask(e, slot, slot_gen) != E_OK)
			return;
}

void upstream_tick(struct edge *e)
{
	for (uint32_t slot = 0; slot < e->server_high; slot++) {
		struct server_state *s = &e->servers[slot];

		if (s->is_used && !list_is_empty(&s->waiting))
			upstream_serve(e, slot, s->gen);
	}
}

/*
 * What ends an answer without a body is the server's word alone: one that sends a body all the same
 * would have it read as the answer to the next request, of another client (THREATS A1, A18). So the
 * connection rests until such bytes would have come, and is closed by them.
 */
static bool upstream_must_rest(const struct exchange *x)
{
	return x->method == METHOD_HEAD || x->status == 204 || x->status == 304;
}

/* A read that took exactly what belonged to the answer has not shown that nothing is behind it. */
static bool upstream_is_clean(struct edge *e, struct conn *k)
{
	if (k->can_read && !conn_is_quiet(k, e->in))
		return false;
	k->can_read = false;
	return true;
}

void upstream_give(struct edge *e, struct exchange *x, bool is_reusable)
{
	struct upstream *u = x->u;
	struct conn *k = u ? &u->conn : NULL;
	uint32_t slot = 0, slot_gen = 0;

	if (!u)
		return;
	slot = u->slot;
	slot_gen = u->slot_gen;
	x->u = NULL;
	u->x = NULL;
	if (!is_reusable || u->is_stream || k->is_broken || k->cant_send || k->has_ended || k->in ||
	    k->out || e->is_draining || !upstream_is_clean(e, k)) {
		upstream_close(e, u);
	} else if (pool_is_stale(e, slot, slot_gen)) {
		upstream_close(e, u);
	} else {
		u->rests_until_ms = upstream_must_rest(x) ? e->loop.now_ms + UPSTREAM_REST_MS : 0;
		upstream_to_idle(e, u, x->pool->idle_connection_ms);
	}
	upstream_serve(e, slot, slot_gen);
}

enum err upstream_wait(struct edge *e, struct exchange *x)
{
	struct server_state *s = pool_server(e, x->server->slot, x->server->slot_gen);

	if (pool_is_stale(e, x->server->slot, x->server->slot_gen))
		return E_LIMIT;
	if (!upstream_has_room(e, x) && s->waiting_n >= x->pool->queue)
		return E_LIMIT;
	x->flags |= X_WAITING;
	list_append(&s->waiting, &x->node);
	pool_count_waiting(e, x, 1);
	if (!upstream_has_room(e, x) || s->dialing >= upstream_dials_n(s))
		return E_OK; /* served when a connection comes back or makes room */
	if (dial_ask(e, x->server->slot, x->server->slot_gen) == E_OK)
		return E_OK;
	pool_dequeue(e, x);
	return E_LIMIT;
}

void upstream_expired(struct edge *e, struct upstream *u)
{
	if (u->conn.session) {
		h2_server_expired(e, u);
		return;
	}
	if (u->x || u->is_dead)
		return; /* one that works has its client's deadline */
	upstream_close(e, u);
	upstream_serve(e, u->slot, u->slot_gen);
}

void upstream_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct edge *e = owner;
	struct upstream *u = OWNER_OF(source, struct upstream, conn.source);
	struct client *c = u->x ? u->x->c : NULL;

	conn_note(&u->conn, events);
	if (u->conn.session)
		h2_server_run(e, u);
	else if (c)
		client_run(e, c);
	else if (u->conn.can_read)
		upstream_expired(e, u); /* an idle server has nothing to say but goodbye */
}
