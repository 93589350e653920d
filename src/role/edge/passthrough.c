/*
 * Streams. Of TLS the first message is read and nothing else: its bytes stay where they are kept
 * and are the first that the tunnel moves. A client that can't be served is told so in its own
 * protocol when that is TLS, and by a reset otherwise.
 */
#include "role/edge/passthrough.h"

#include "proto/tls_hello.h"
#include "role/edge/access.h"
#include "role/edge/body.h"
#include "role/edge/client.h"
#include "role/edge/conn.h"
#include "role/edge/dial.h"
#include "role/edge/exchange.h"
#include "role/edge/level.h"
#include "role/edge/local.h"
#include "role/edge/persist.h"
#include "role/edge/request.h"
#include "role/edge/tunnel.h"

static enum err passthrough_read_hello(struct edge *e, struct client *c, struct tls_hello *ret)
{
	struct wbuf scratch = wbuf_of(e->frame, sizeof e->frame);
	struct view v = { 0 };
	enum err got = E_OK, kept = E_OK;

	TRY(conn_fill(e, &c->conn, TLS_HELLO_WIRE_MAX, &v));
	got = tls_hello_parse(v, &c->progress, &scratch, ret);
	if (got == E_AGAIN && c->conn.sees_end)
		return E_CLOSED;
	if (got != E_OK && got != E_AGAIN)
		return got;
	kept = conn_keep(e, &c->conn, v);
	return kept == E_OK ? got : kept;
}

/* The name in the form that the host table has; it is all that is known of what the client wants.
 */
static void passthrough_note_name(struct exchange *x, struct view name)
{
	struct wbuf w = wbuf_of(x->head->p, BUFFER_BYTES);

	if (view_ends(name, VIEW(".")))
		name.n--;
	for (size_t i = 0; i < name.n; i++)
		wbuf_u8(&w, name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] | 0x20 : name.p[i]);
	x->host_at = (struct span16){ .at = 0, .n = (uint16_t)w.n };
	x->head->n = (uint32_t)w.n;
}

static enum err passthrough_ask(struct edge *e, struct client *c, struct view name)
{
	struct exchange *x = request_exchange(e, c);
	uint32_t pool = IMAGE_NONE;

	if (!x)
		return E_NOMEM;
	x->flags |= X_RAW | X_CLIENT_CLOSE | X_SERVER_CLOSE;
	x->method = METHOD_OTHER;
	body_init(&x->request, BODY_NONE, 0, false);
	body_init(&x->answer, BODY_NONE, 0, false);
	passthrough_note_name(x, name);
	x->rule = route_find_stream(&x->g->image, x->listener, view_of(x->head->p, x->host_at.n),
				    &c->ip);
	if (level_admit(e, x, &(struct level_request){ 0 }).status) {
		level_refuse(e, x);
		return E_OK;
	}
	if (x->rule)
		pool = route_split(&x->g->image, x->rule,
				   rng_below(&e->rng, x->rule->weight_total));
	if (pool == IMAGE_NONE) {
		local_error(e, x, 404, "no route takes this connection");
		return E_OK;
	}
	x->pool_index = pool;
	x->pool = image_pool_at(&x->g->image, pool);
	if (x->pool->persist == IMAGE_PERSIST_SOURCE)
		persist_begin(e, x);
	exchange_ask(e, x);
	return E_OK;
}

/* c has said something that is no ClientHello. */
static void passthrough_refuse(struct edge *e, struct client *c)
{
	struct exchange *x = NULL;

	PAGE_ADD(e->load->listener[c->slot].bad_requests, 1);
	x = request_exchange(e, c);
	if (!x) {
		client_close(e, c, true);
		return;
	}
	x->flags |= X_RAW | X_CLIENT_CLOSE | X_SERVER_CLOSE;
	body_init(&x->request, BODY_NONE, 0, false);
	body_init(&x->answer, BODY_NONE, 0, false);
	local_error(e, x, 400, "not a TLS ClientHello");
}

enum err passthrough_run(struct edge *e, struct client *c, const struct image_listener *l)
{
	struct tls_hello hello = { 0 };
	enum err got = E_OK;

	if (l->protocol == IMAGE_TCP)
		return passthrough_ask(e, c, hello.sni);
	if (c->conn.is_broken)
		return E_PROTO;
	got = passthrough_read_hello(e, c, &hello);
	if (got == E_OK)
		return passthrough_ask(e, c, hello.sni);
	if (got != E_PROTO && got != E_LIMIT)
		return got;
	if (c->conn.is_broken)
		return got;
	passthrough_refuse(e, c);
	return E_OK;
}

void passthrough_connected(struct edge *e, struct exchange *x)
{
	x->flags |= X_SENT | X_ANSWERED;
	x->first_byte_ns = e->loop.now_ns;
	dial_tell_success(e, x->server);
	access_note_stream(x);
	tunnel_begin(e, x);
}

/* What a TLS client is told: RFC 6066 §3, RFC 8446 §6.2. */
static uint8_t passthrough_alert(uint16_t status)
{
	if (status == 404)
		return TLS_ALERT_UNRECOGNIZED_NAME;
	return status == 400 ? TLS_ALERT_DECODE_ERROR : TLS_ALERT_INTERNAL_ERROR;
}

void passthrough_failed(struct edge *e, struct exchange *x, uint16_t status)
{
	uint8_t bytes[8];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);
	struct client *c = x->c;

	x->end = X_END_SERVER;
	if (x->listener->protocol == IMAGE_TCP || c->conn.is_broken) {
		exchange_abort(e, x);
		return;
	}
	tls_hello_put_alert(&w, passthrough_alert(status));
	if (conn_send_wire(e, &c->conn, wbuf_view(&w)) != E_OK ||
	    conn_keep(e, &c->conn, (struct view){ 0 }) != E_OK) {
		exchange_abort(e, x);
		return;
	}
	exchange_finish(e, x);
}
