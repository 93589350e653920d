/*
 * Tunnels. An exchange that has become one lets go of its generation, so that a WebSocket that
 * lives for days keeps no old configuration in memory.
 */
#include "role/edge/tunnel.h"

#include "role/edge/access.h"
#include "role/edge/answer.h"
#include "role/edge/buffer.h"
#include "role/edge/client.h"
#include "role/edge/conn.h"
#include "role/edge/exchange.h"
#include "role/edge/filter.h"
#include "role/edge/flight.h"
#include "role/edge/gate.h"
#include "role/edge/generation.h"
#include "role/edge/pool.h"
#include "role/edge/store.h"
#include "role/edge/upstream.h"

enum { TUNNEL_READS = 8, TUNNEL_HALF_MS = 60 * 1000 };

/*
 * Who has ended its side waits for the other one to do the same: a moment, but for a stream's
 * client, which may have said all and now wait for what the server makes of it.
 */
static void tunnel_set_deadline(struct edge *e, struct exchange *x)
{
	bool is_half = x->answer.is_done || (x->request.is_done && !(x->flags & X_RAW));
	uint32_t ms =
		is_half && x->tunnel_idle_ms > TUNNEL_HALF_MS ? TUNNEL_HALF_MS : x->tunnel_idle_ms;

	if (x->ends_ms && x->ends_ms < e->loop.now_ms + ms)
		ms = x->ends_ms > e->loop.now_ms ? (uint32_t)(x->ends_ms - e->loop.now_ms) : 0;
	exchange_deadline(e, x, ms);
}

enum err tunnel_start(struct edge *e, struct exchange *x, struct view head,
		      const struct http1_head *h, struct view *rest)
{
	struct wbuf w = wbuf_of(e->frame, sizeof e->frame);
	const struct image_filter *f = filter_of(x);

	answer_take_out(e, x, head, h);
	WBUF_LIT(&w, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "
		     "websocket\r\n");
	for (size_t i = 0; i < h->field_n; i++)
		if (!(field_flags((enum field_id)h->fields[i].id) & (FIELD_HOP | FIELD_FRAMING)))
			wbuf_view_put(&w, http1_line(head, h, i));
	if (f)
		filter_put_answer(&w, x, f, false);
	WBUF_LIT(&w, "\r\n");
	wbuf_view_put(&w, *rest);
	TRY(wbuf_check(&w));
	x->status = 101;
	x->first_byte_ns = e->loop.now_ns;
	x->flags |= X_ANSWERED;
	x->bytes_out += w.n;
	PAGE_ADD(pool_load(e, x->server->slot, x->server->slot_gen)->status[1], 1);
	TRY(conn_send(e, &x->c->conn, wbuf_view(&w)));
	*rest = (struct view){ 0 };
	TRY(conn_keep(e, &x->u->conn, *rest));
	access_record(e, x);
	pool_release(e, x);
	tunnel_begin(e, x);
	return E_OK;
}

void tunnel_begin(struct edge *e, struct exchange *x)
{
	uint32_t lifetime_ms = x->listener->tunnel_lifetime_ms;

	x->tunnel_idle_ms = x->listener->tunnel_idle_ms;
	x->ends_ms = lifetime_ms ? e->loop.now_ms + lifetime_ms : 0;
	generation_drop(e, x->g);
	x->request.is_done = x->answer.is_done = false;
	x->g = NULL;
	x->pool = NULL;
	x->rule = NULL;
	x->server = NULL;
	x->listener = NULL;
	x->c->state = CLIENT_TUNNEL;
	tunnel_set_deadline(e, x);
	client_run_later(e, x->c);
}

static enum err tunnel_splice(struct edge *e, struct conn *from, struct conn *to, struct body *b)
{
	size_t n = 0;
	enum err got = conn_splice(e, from, to, PIPE_BYTES, &n);

	b->moved += n;
	return got;
}

/*
 * One direction, until its sender ends; then the receiver is told, and the other direction goes on.
 * E_OK moved · E_AGAIN nothing to do · anything else: the tunnel is over
 */
static enum err tunnel_move(struct edge *e, struct conn *from, struct conn *to, struct body *b)
{
	struct view v = conn_pending(from);
	enum err got = E_OK;

	if (to->out || b->is_done)
		return E_AGAIN;
	if (from->is_bulk && conn_can_splice(from, to)) {
		got = tunnel_splice(e, from, to, b);
		if (got == E_OK)
			return to->cant_send ? E_PROTO : E_OK;
	}
	if (v.n == 0 && (got == E_OK || got == E_LIMIT))
		got = conn_fill(e, from, READ_BYTES, &v);
	if (got == E_CLOSED) {
		b->is_done = true;
		conn_end(e, to);
	}
	if (got != E_OK)
		return got == E_CLOSED ? E_OK : got;
	b->moved += v.n;
	TRY(conn_send(e, to, v));
	return conn_keep(e, from, (struct view){ 0 });
}

/* A cut must not look like an end: what is passed on may have no other sign of being whole. */
static void tunnel_end(struct edge *e, struct client *c)
{
	struct exchange *x = c->x;
	struct upstream *u = x->u;
	bool was_cut = x->flags & X_RAW && u &&
		       (c->conn.is_broken || u->conn.is_broken || u->conn.cant_send);

	access_tunnel_end(e, x);
	if (x->flight_n)
		flight_leave(e, x);
	if (x->gate)
		gate_end(e, x);
	if (u) {
		pool_release_stream(e, x);
		x->u = NULL;
		u->x = NULL;
		u->wants_reset = was_cut;
		upstream_close(e, u);
	}
	x->head = buffer_put(&e->buffers, x->head);
	c->x = NULL;
	store_exchange_free(e, x);
	client_close(e, c, was_cut);
}

/* Both directions once. E_OK something moved · E_AGAIN nothing now · E_CLOSED the tunnel is over */
static enum err tunnel_move_both(struct edge *e, struct client *c)
{
	struct exchange *x = c->x;
	enum err up = tunnel_move(e, &c->conn, &x->u->conn, &x->request);
	enum err down = tunnel_move(e, &x->u->conn, &c->conn, &x->answer);

	if ((up != E_OK && up != E_AGAIN) || (down != E_OK && down != E_AGAIN))
		return E_CLOSED;
	if (x->request.is_done && x->answer.is_done)
		return E_CLOSED;
	return up == E_OK || down == E_OK ? E_OK : E_AGAIN;
}

void tunnel_run(struct edge *e, struct client *c)
{
	enum err got = E_OK;

	if (c->conn.is_broken || conn_flush(e, &c->conn) == E_CLOSED ||
	    conn_flush(e, &c->x->u->conn) == E_CLOSED)
		got = E_CLOSED;
	for (unsigned n = 0; n < TUNNEL_READS && got == E_OK; n++) {
		got = tunnel_move_both(e, c);
		if (got == E_OK)
			tunnel_set_deadline(e, c->x);
	}
	if (got == E_OK)
		client_run_later(e, c);
	else if (got != E_AGAIN)
		tunnel_end(e, c);
}
