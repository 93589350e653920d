/*
 * HTTP/2 to servers. The first exchange that needs a connection makes it, as with HTTP/1.1; then it
 * belongs to nobody, and streams of it are lent to exchanges until the server or its time ends it.
 */
#include "role/edge/h2_server.h"

#include "role/edge/client.h"
#include "role/edge/conn.h"
#include "role/edge/h2_session.h"
#include "role/edge/h2_stream.h"
#include "role/edge/pool.h"
#include "role/edge/store.h"
#include "role/edge/upstream.h"

enum { SERVER_STREAMS_MAX = 250 /* of ours on one connection, whatever the server allows */ };

static bool server_has_room(const struct h2_session *n)
{
	uint32_t most =
		nghttp2_session_get_remote_settings(n->ng, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);

	if (n->is_dead || n->is_leaving || n->conn->out ||
	    !nghttp2_session_check_request_allowed(n->ng))
		return false;
	/* until the server has said how many it takes: the one that the connection was made for */
	if (!n->has_settings)
		return n->stream_n == 0;
	return n->stream_n < (most < SERVER_STREAMS_MAX ? most : SERVER_STREAMS_MAX);
}

/* A stream of n as an upstream. NULL: no slot */
static struct upstream *server_open(struct edge *e, struct h2_session *n)
{
	const struct upstream *owner = OWNER_OF(n->conn, struct upstream, conn);
	struct upstream *u = store_stream_upstream(e);
	struct h2_stream *s = u ? h2_stream_new(n, 0) : NULL;

	if (u && !s)
		store_bury_upstream(e, u);
	if (!s)
		return NULL;
	h2_stream_attach(e, s, &u->conn, SOURCE_UPSTREAM);
	list_init(&u->node);
	list_init(&u->tie);
	u->slot = owner->slot;
	u->slot_gen = owner->slot_gen;
	u->is_open = true;
	PAGE_ADD(pool_load(e, u->slot, u->slot_gen)->h2_streams, 1);
	wheel_cancel(&n->conn->timer);
	return u;
}

enum err h2_server_start(struct edge *e, struct exchange *x)
{
	struct h2_session_spec spec = { .header_size = HEAD_BYTES };
	struct upstream *real = x->u, *u = NULL;
	struct h2_session *n = NULL;

	TRY(h2_session_open(e, &real->conn, &spec));
	n = real->conn.session;
	PAGE_ADD(pool_load(e, real->slot, real->slot_gen)->h2_sessions, 1);
	n->idle_ms = x->pool->idle_connection_ms;
	real->tls_identity = x->g->tls_identity[x->pool_index];
	if (pool_is_stale(e, real->slot, real->slot_gen))
		h2_session_leave(n); /* it is for x alone */
	else
		list_push(&pool_server(e, real->slot, real->slot_gen)->sessions, &n->node);
	u = server_open(e, n);
	if (!u)
		return E_NOMEM;
	real->x = NULL;
	u->x = x;
	x->u = u;
	return E_OK;
}

struct upstream *h2_server_find(struct edge *e, const struct exchange *x)
{
	struct server_state *s = pool_server(e, x->server->slot, x->server->slot_gen);

	for (struct list *l = s->sessions.next, *next = l->next; l != &s->sessions;
	     l = next, next = l->next) {
		struct h2_session *n = OWNER_OF(l, struct h2_session, node);

		if (OWNER_OF(n->conn, struct upstream, conn)->tls_identity !=
		    x->g->tls_identity[x->pool_index])
			h2_session_leave(n); /* verified against something else: of an earlier
						configuration */
		else if (server_has_room(n))
			return server_open(e, n);
	}
	return NULL;
}

enum err h2_server_takes(const struct exchange *x)
{
	const struct h2_session *n = x->u->conn.stream->session;

	if (!(x->flags & X_WEBSOCKET) || x->u->conn.stream->is_closed)
		return E_OK;
	if (!n->has_settings)
		return E_AGAIN;
	return nghttp2_session_get_remote_settings(n->ng,
						   NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1
		       ? E_OK
		       : E_DENIED;
}

void h2_server_run(struct edge *e, struct upstream *u)
{
	struct h2_session *n = u->conn.session;
	enum err got = h2_session_read(e, n);

	n->want_read = got == E_OK;
	if (got != E_OK && got != E_AGAIN)
		n->is_dead = true;
}

void h2_server_flush(struct edge *e, struct upstream *u)
{
	struct h2_session *n = u->conn.session;
	uint32_t slot = u->slot, slot_gen = u->slot_gen;

	if (n->want_read)
		h2_server_run(e, u);
	if (h2_session_flush(e, n) != E_OK) {
		upstream_close(e, u);
		upstream_serve(e, slot, slot_gen);
		return;
	}
	if (n->has_settings && u->is_opening) {
		upstream_is_opening(e, u, false);
		upstream_serve(e, slot, slot_gen);
	}
	while (!list_is_empty(&n->ready))
		h2_stream_run_later(e, OWNER_OF(n->ready.next, struct h2_stream, ready));
	if (n->want_read)
		h2_session_touch(n);
	if (n->stream_n == 0 && u->conn.timer.due_ms == 0)
		wheel_set(&e->wheel, &u->conn.timer, e->loop.now_ms + n->idle_ms);
}

void h2_server_expired(struct edge *e, struct upstream *u)
{
	struct h2_session *n = u->conn.session;

	(void)e;
	if (n->stream_n == 0)
		h2_session_end(n, NGHTTP2_NO_ERROR);
}

void h2_server_leave(struct edge *e, struct server_state *s)
{
	(void)e;
	while (!list_is_empty(&s->sessions))
		h2_session_leave(OWNER_OF(s->sessions.next, struct h2_session, node));
}
