/* The life of an exchange; body movement is in answer.c (to the client) and here (to the server).
 */
#include "role/edge/exchange.h"

#include "role/edge/abuse.h"
#include "role/edge/access.h"
#include "role/edge/answer.h"
#include "role/edge/body.h"
#include "role/edge/buffer.h"
#include "role/edge/cache.h"
#include "role/edge/client.h"
#include "role/edge/compress.h"
#include "role/edge/conn.h"
#include "role/edge/count.h"
#include "role/edge/dial.h"
#include "role/edge/exchange_fault.h"
#include "role/edge/flight.h"
#include "role/edge/gate.h"
#include "role/edge/generation.h"
#include "role/edge/h2_server.h"
#include "role/edge/h2_stream.h"
#include "role/edge/hedge.h"
#include "role/edge/local.h"
#include "role/edge/mirror.h"
#include "role/edge/pace.h"
#include "role/edge/passthrough.h"
#include "role/edge/persist.h"
#include "role/edge/pool.h"
#include "role/edge/proxy_header.h"
#include "role/edge/retry.h"
#include "role/edge/store.h"
#include "role/edge/survey.h"
#include "role/edge/trace.h"
#include "role/edge/upstream.h"

enum {
	EXCHANGE_READS = 8 /* reads of one side before others get their turn */,
	EXCHANGE_DIAL_GRACE_MS = 1500
};

void exchange_deadline(struct edge *e, struct exchange *x, uint32_t ms)
{
	if (!(x->flags & (X_TWIN | X_SHADOW)))
		wheel_set(&e->wheel, &x->c->conn.timer, e->loop.now_ms + ms);
}

/* No server answers: an older answer where the cache may give one (RFC 5861 §4), else this one. */
static void exchange_unserved(struct edge *e, struct exchange *x, uint16_t status, const char *why)
{
	if (!x->job || !cache_failed(e, x)) {
		local_error(e, x, status, why);
		return;
	}
	if (x->twin)
		hedge_end(e, x);
	upstream_give(e, x, false);
	pool_dequeue(e, x);
	pool_release(e, x);
	x->flags &= ~(uint32_t)X_ASK;
	x->end = 0;
}

static void exchange_answer_failure(struct edge *e, struct exchange *x, enum dial_failure why)
{
	static const struct {
		uint16_t status;
		const char *text;
	} answers[] = {
		[DIAL_REFUSED] = { 502, "the server refused the connection" },
		[DIAL_TIMEOUT] = { 504, "the server did not answer in time" },
		[DIAL_UNREACHABLE] = { 502, "the server can't be reached" },
		[DIAL_NAME] = { 502, "the server's name has no usable address" },
		[DIAL_UNKNOWN] = { 503, "the server is no longer configured" },
		[DIAL_BUSY] = { 503, "too many connections are being made" },
		[DIAL_RESET] = { 502, "the server closed the connection before it answered" },
		[DIAL_ANSWER] = { 502, "the server's answer is not valid HTTP" },
		[DIAL_TLS] = { 502, "TLS to the server failed" },
	};

	exchange_unserved(e, x, answers[why].status, answers[why].text);
}

/* ---- asking ---- */

/* Every server is at its limit: wait for one, for as long as the pool says. */
static void exchange_queue(struct edge *e, struct exchange *x)
{
	struct page_load_pool *l = count_pool(e, x->pool);

	if (pool_enqueue(e, x) != E_OK) {
		PAGE_ADD(l->queue_refused, 1);
		exchange_unserved(e, x, 503, "every server is busy and the queue is full");
		return;
	}
	if (!x->queued_until_ms) {
		PAGE_ADD(l->queued, 1);
		x->queued_until_ms = e->loop.now_ms + x->pool->queue_timeout_ms;
	}
	wheel_set(&e->wheel, &x->c->conn.timer, x->queued_until_ms);
}

/* How long it has waited, once it has waited enough. */
static void exchange_leave_queue(struct edge *e, struct exchange *x)
{
	uint64_t began_ms = x->queued_until_ms - x->pool->queue_timeout_ms;

	if (!x->queued_until_ms || x->queue_ms || x->tries)
		return;
	x->queue_ms = (uint32_t)(e->loop.now_ms - began_ms);
	PAGE_ADD(count_pool(e, x->pool)->queue_us, (uint64_t)x->queue_ms * 1000);
}

void exchange_ask(struct edge *e, struct exchange *x)
{
	enum err picked = E_OK;

	if (x->flags & X_SHADOW) {
		mirror_ask(e, x);
		return;
	}
	picked = x->pool->persist ? persist_pick(e, x) : pool_pick(e, x);

	if (picked == E_LIMIT && !x->tries) {
		exchange_queue(e, x);
		return;
	}
	if (picked != E_OK && x->tries) {
		exchange_answer_failure(e, x, (enum dial_failure)x->failure);
		return;
	}
	if (picked != E_OK) {
		PAGE_ADD(count_pool(e, x->pool)->unavailable, 1);
		exchange_unserved(e, x, 503, "no server is available");
		return;
	}
	if (x->queued_until_ms)
		exchange_leave_queue(e, x);
	if (x->tries++ == 0)
		retry_count(x);
	x->connected_ns = 0;
	x->asked_ns = e->loop.now_ns;
	if (x->trace.is_sampled)
		trace_try(e, x);
	if (upstream_take(e, x)) {
		exchange_connected(e, x);
		return;
	}
	exchange_deadline(e, x, x->pool->connect_ms + EXCHANGE_DIAL_GRACE_MS);
	if (upstream_wait(e, x) != E_OK) {
		pool_release(e, x);
		exchange_unserved(e, x, 503, "too many connections are waiting for servers");
	}
}

/*
 * The head, and with it what has already come of the body, for one send. Built afresh for each try.
 * Errors are those of the body: the client's fault.
 */
static enum err exchange_first_piece(struct edge *e, struct exchange *x, struct view *ret)
{
	const struct exchange *of = x->flags & X_TWIN ? x->twin : x;
	struct view rest = conn_pending(&x->c->conn), body = { 0 };
	struct wbuf piece = wbuf_of(e->piece, sizeof e->piece);
	struct wbuf scratch = wbuf_of(e->plain, sizeof e->plain);

	*ret = of->job ? cache_head(of) : buffer_view(x->head);
	if (x->request.is_done || rest.n == 0 || ret->n + rest.n + 16 > sizeof e->piece)
		return E_OK;
	TRY(body_next(&x->request, &rest, &scratch, &body));
	x->flags |= X_BODY_MOVED;
	wbuf_view_put(&piece, *ret);
	wbuf_view_put(&piece, body);
	TRY(conn_keep(e, &x->c->conn, rest));
	if (x->mirror)
		mirror_body(e, x, view_slice(wbuf_view(&piece), ret->n, piece.n));
	*ret = wbuf_view(&piece);
	return wbuf_check(&piece);
}

/* The body does not come, or so slowly that it might as well not. */
static void exchange_body_late(struct edge *e, struct exchange *x)
{
	x->end = X_END_TIMEOUT;
	client_charge(e, x->c, PAGE_ABUSE_SLOW);
	local_error(e, x, 408, "the request's body did not come in time");
}

/* The client's side went wrong while its body was coming (E_DENIED: it is too slow): x ends. */
static void exchange_request_broken(struct edge *e, struct exchange *x, enum err why)
{
	x->flags |= X_CLIENT_CLOSE;
	if (x->flags & X_SHADOW) {
		mirror_failed(e, x);
	} else if (x->flags & X_ANSWERED || why == E_CLOSED || x->c->conn.is_broken) {
		x->c->conn.is_broken = true;
		exchange_abort(e, x);
	} else if (why == E_LIMIT && x->listener->body_size) {
		local_error(e, x, 413, "the request's body is larger than this listener takes");
	} else if (why == E_DENIED) {
		exchange_body_late(e, x);
	} else if (why == E_NOMEM) {
		local_error(e, x, 503, "no buffer is free");
	} else {
		PAGE_ADD(e->load->listener[x->c->slot].bad_requests, 1);
		client_charge(e, x->c, PAGE_ABUSE_REQUEST);
		local_error(e, x, 400, "the request's body is not valid");
	}
}

/* Both sides of a stream of messages may be silent for as long as those of a tunnel. */
static uint32_t exchange_stream_ms(const struct edge *e, const struct exchange *x)
{
	const struct image_listener *l = x->listener;
	uint64_t ends_ms = x->start_ns / 1000000 + l->tunnel_lifetime_ms;

	if (!l->tunnel_lifetime_ms || ends_ms >= e->loop.now_ms + l->tunnel_idle_ms)
		return l->tunnel_idle_ms;
	return ends_ms > e->loop.now_ms ? (uint32_t)(ends_ms - e->loop.now_ms) : 0;
}

/* The same as of any other message while one side takes nothing of what the other one said. */
static void exchange_wait_stream(struct edge *e, struct exchange *x)
{
	const struct image_listener *l = x->listener;

	x->pace.is_held = !pace_is_stream(x);
	if (!x->pace.is_held)
		exchange_deadline(e, x, exchange_stream_ms(e, x));
	else
		exchange_deadline(e, x,
				  x->flags & X_ANSWERED ? l->response_idle_ms
							: l->request_body_idle_ms);
}

/* What the wait is for decides when it ends. Who is answered already may think before it goes on.
 */
void exchange_wait(struct edge *e, struct exchange *x)
{
	if (x->pace.is_grpc && (x->flags & X_ANSWERED || !x->request.is_done))
		exchange_wait_stream(e, x);
	else if (x->flags & X_ANSWERED)
		exchange_deadline(e, x, x->listener->response_idle_ms);
	else if (!x->request.is_done)
		exchange_deadline(e, x, x->listener->request_body_idle_ms);
	else
		exchange_deadline(e, x, hedge_wait_ms(x, retry_timeout_ms(x)));
}

static enum err exchange_start_tls(struct edge *e, struct exchange *x)
{
	struct tls_client_site *site = generation_servers(e, x->g, x->pool_index);
	const struct image_address *a = &x->server->address;
	struct upstream *u = x->u;
	bool has_name = a->kind == IMAGE_ADDRESS_NAME;

	if (site)
		u->conn.tls = tls_conn_connect(
			site, has_name ? image_view(&x->g->image, a->name) : (struct view){ 0 },
			a->kind == IMAGE_ADDRESS_IP ? &a->ip : NULL);
	if (!u->conn.tls)
		return E_NOMEM;
	tls_conn_set_owner(u->conn.tls, &u->conn);
	u->tls_identity = x->g->tls_identity[x->pool_index];
	return E_OK;
}

static void exchange_open_tls(struct edge *e, struct exchange *x)
{
	struct upstream *u = x->u;
	enum err got = u->conn.tls ? E_OK : exchange_start_tls(e, x);

	if (got == E_OK)
		got = conn_handshake(e, &u->conn);
	if (got == E_AGAIN)
		return;
	if (got != E_OK) {
		x->cause = u->conn.tls ? tls_conn_error(u->conn.tls) : "out of memory";
		exchange_failed(e, x, DIAL_TLS);
		return;
	}
	u->is_open = true;
	exchange_connected(e, x);
}

/* HTTP/2: the request is sent on a stream. False: not now, or x has ended or asks again */
static bool exchange_has_stream(struct edge *e, struct exchange *x)
{
	enum err got = E_OK;

	if (!x->u->conn.stream)
		got = h2_server_start(e, x);
	if (got != E_OK) {
		exchange_failed(e, x, DIAL_BUSY);
		return false;
	}
	got = h2_server_takes(x);
	if (got == E_DENIED)
		local_error(e, x, 501, "the server takes no WebSockets over HTTP/2");
	return got == E_OK;
}

void exchange_connected(struct edge *e, struct exchange *x)
{
	struct view piece = { 0 };
	enum err got = E_OK;

	if (x->pool->send_proxy && !x->u->proxy && proxy_header_send(e, x) != E_OK) {
		exchange_failed(e, x, DIAL_RESET);
		return;
	}
	if (!x->u->is_open && x->pool->protocol != IMAGE_HTTPS)
		x->u->is_open = true;
	if (!x->u->is_open) {
		exchange_open_tls(e, x);
		return;
	}
	if (x->flags & X_RAW) {
		passthrough_connected(e, x);
		return;
	}
	if (x->pool->is_h2 && !exchange_has_stream(e, x))
		return;
	got = exchange_first_piece(e, x, &piece);
	x->flags |= X_SENT;
	x->sent_ns = e->loop.now_ns;
	pace_begin(x, e->loop.now_ms);
	if (got != E_OK)
		exchange_request_broken(e, x, got);
	else if (conn_send(e, &x->u->conn, piece) != E_OK)
		exchange_failed(e, x, DIAL_RESET);
	else
		exchange_wait(e, x);
}

/* ---- failing ---- */

void exchange_failed(struct edge *e, struct exchange *x, enum dial_failure why)
{
	struct exchange_fault f = exchange_fault_of(x, why);

	if (x->flags & (X_TWIN | X_SHADOW)) {
		if (x->flags & X_TWIN)
			hedge_lost(e, x, why);
		else
			mirror_failed(e, x);
		return;
	}
	trace_try_end(e, x, exchange_fault_error(why));
	upstream_give(e, x, false);
	pool_dequeue(e, x);
	pool_release(e, x);
	if (x->c->conn.is_broken) {
		exchange_abort(e, x);
		return;
	}
	exchange_fault_tell(e, x, f, why);
	x->failure = (uint8_t)why;
	if (x->twin && hedge_take_over(e, x))
		return;
	if (!(f.is_refused ? retry_refused(e, x) : retry_may(e, x, why, f.is_stale))) {
		exchange_answer_failure(e, x, why);
		return;
	}
	exchange_fault_leave_out(e, x, f);
	PAGE_ADD(pool_load(e, x->server->slot, x->server->slot_gen)->retries, 1);
	retry_next(e, x);
}

/* The server has not begun to answer: another one, some more patience, or 504. */
static void exchange_unanswered(struct edge *e, struct exchange *x)
{
	if (x->pool->hedge_percent && hedge_expired(e, x, retry_timeout_ms(x)))
		return;
	if (x->pool->retry_try_ms && pool_has_other(e, x) && retry_may(e, x, DIAL_TIMEOUT, false)) {
		x->flags |= X_GRANTED;
		PAGE_ADD(pool_load(e, x->server->slot, x->server->slot_gen)->failures, 1);
		survey_seen(e, x, (e->loop.now_ns - x->asked_ns) / 1000, true);
		dial_tell_failure(e, x->server, DIAL_TIMEOUT);
		exchange_failed(e, x, DIAL_TIMEOUT);
		return;
	}
	if (retry_waits_on(e, x))
		return;
	PAGE_ADD(pool_load(e, x->server->slot, x->server->slot_gen)->failures, 1);
	survey_seen(e, x, (e->loop.now_ns - x->asked_ns) / 1000, true);
	dial_tell_failure(e, x->server, DIAL_TIMEOUT);
	exchange_unserved(e, x, 504, "the server did not answer in time");
}

/* An unfinished answer can only be cut. */
static void exchange_cut(struct edge *e, struct exchange *x)
{
	if (x->c->conn.out) /* it is the client that takes nothing */
		client_charge(e, x->c, PAGE_ABUSE_SLOW);
	x->c->conn.is_broken = true;
	exchange_abort(e, x);
}

/* A wait that was for something else than a peer. */
static bool exchange_goes_on(struct edge *e, struct exchange *x)
{
	if (x->flags & X_SHADOW) {
		mirror_failed(e, x);
		return true;
	}
	if (x->flags & X_GATE) {
		e->gate->expired(e, x);
		return true;
	}
	if (x->flags & X_PAUSED) {
		x->flags &= ~(uint32_t)X_PAUSED;
		exchange_ask(e, x);
		return true;
	}
	if (x->job && cache_expired(e, x))
		return true;
	if (x->pace.is_held && pace_is_stream(x)) {
		exchange_wait(e, x); /* what was held has gone: both are silent */
		return true;
	}
	/* its server has left: it asks for another one in this turn */
	return x->flags & X_ASK && !x->queued_until_ms;
}

void exchange_expired(struct edge *e, struct exchange *x)
{
	if (exchange_goes_on(e, x))
		return;
	x->end = X_END_TIMEOUT;
	if (x->flags & X_ANSWERED) {
		exchange_cut(e, x);
	} else if (x->flags & (X_QUEUED | X_ASK)) {
		exchange_leave_queue(e, x);
		PAGE_ADD(count_pool(e, x->pool)->queue_expired, 1);
		exchange_unserved(e, x, 503, "no server became free in time");
	} else if (!x->request.is_done && x->u && x->flags & X_SENT && !x->u->conn.out) {
		exchange_body_late(e, x);
	} else if (x->u && (x->flags & X_SENT)) {
		exchange_unanswered(e, x);
	} else {
		exchange_failed(e, x, DIAL_TIMEOUT);
	}
}

/* ---- moving ---- */

/* After each piece. E_DENIED: they come too slowly, and the server is not what holds them up */
static enum err exchange_body_came(struct edge *e, struct exchange *x)
{
	exchange_wait(e, x);
	if (x->u->conn.out)
		pace_begin(x, e->loop.now_ms);
	else if (pace_is_slow(x, e->loop.now_ms))
		return E_DENIED;
	return E_OK;
}

/* One piece of the request's body. E_AGAIN nothing to move now */
static enum err exchange_move_request(struct edge *e, struct exchange *x)
{
	struct client *c = x->c;
	struct view in = conn_pending(&c->conn), out = { 0 };
	struct wbuf scratch = wbuf_of(e->piece, sizeof e->piece);
	bool is_old = x->flags & X_BODY_MOVED || in.n == 0;
	enum err got = E_OK;

	if (is_old)
		got = conn_fill(e, &c->conn, READ_BYTES, &in);
	if (got != E_OK)
		return got;
	TRY(body_next(&x->request, &in, &scratch, &out));
	x->flags |= X_BODY_MOVED;
	if (x->mirror)
		mirror_body(e, x, out);
	if (conn_send(e, &x->u->conn, out) != E_OK)
		x->u->conn.cant_send = true; /* the answer may still be there to read */
	TRY(exchange_body_came(e, x));
	return conn_keep(e, &c->conn, in); /* now: out may lie in the buffer that it gives back */
}

/* The same for a long run of it, inside the kernel. E_LIMIT: not now */
static enum err exchange_splice_request(struct edge *e, struct exchange *x)
{
	size_t n = 0;

	if (body_run(&x->request) < SPLICE_BYTES || x->mirror ||
	    !conn_can_splice(&x->c->conn, &x->u->conn))
		return E_LIMIT;
	TRY(conn_splice(e, &x->c->conn, &x->u->conn, body_run(&x->request), &n));
	x->flags |= X_BODY_MOVED;
	(void)body_pass(&x->request, n); /* a length over the limit was refused with the head */
	return exchange_body_came(e, x);
}

static bool exchange_run_request(struct edge *e, struct exchange *x)
{
	enum err got = E_OK;

	for (unsigned i = 0; i < EXCHANGE_READS && got == E_OK; i++) {
		if (x->request.is_done || x->u->conn.out || x->u->conn.cant_send)
			return false;
		got = exchange_splice_request(e, x);
		if (got == E_LIMIT)
			got = exchange_move_request(e, x);
	}
	if (got == E_OK)
		client_run_later(e, x->c);
	if (got == E_OK || got == E_AGAIN)
		return false;
	exchange_request_broken(e, x, got);
	return true;
}

/* Before anything has been sent: what was put off for the next turn, or the next step of TLS. */
static void exchange_go_on(struct edge *e, struct exchange *x)
{
	if (x->flags & X_GATE) {
		e->gate->run(e, x);
		return;
	}
	if (x->job && cache_go_on(e, x))
		return;
	if (x->flags & X_ASK) {
		x->flags &= ~(uint32_t)X_ASK;
		pool_release(e, x);
		exchange_ask(e, x);
	} else if (x->u) {
		exchange_connected(e, x);
	}
}

bool exchange_run(struct edge *e, struct exchange *x)
{
	struct client *c = x->c;

	if (c->conn.is_broken) {
		exchange_abort(e, x);
		return true;
	}
	if (x->twin)
		hedge_run(e, x);
	if (!x->u || !(x->flags & X_SENT)) {
		exchange_go_on(e, x);
		return c->x != x;
	}
	if (conn_flush(e, &x->u->conn) == E_CLOSED)
		conn_drop_spill(e, &x->u->conn); /* nobody takes it */
	if (exchange_run_request(e, x))
		return true;
	if (x->flags & X_SHADOW)
		return mirror_read(e, x);
	return answer_run(e, x);
}

/* The first of those that wait for any server of the pool asks again: in its own turn, so that
 * nothing recurses. */
static void exchange_ask_next(struct edge *e, struct pool_state *p)
{
	struct exchange *x = pool_next(e, p);

	x->flags |= X_ASK;
	client_run_later(e, x->c);
}

void exchange_tick(struct edge *e)
{
	struct generation *g = e->now;

	for (uint32_t i = 0; i < image_count(&g->image, IMAGE_POOL); i++)
		for (uint32_t n = pool_free_n(e, &g->pools[i]); n; n--)
			exchange_ask_next(e, &g->pools[i]);
	upstream_tick(e);
	count_tick(e);
	trace_tick(e);
}

/* ---- ending ---- */

static void exchange_free(struct edge *e, struct exchange *x)
{
	struct pool_state *p = x->pool ? pool_state(x) : NULL;
	struct generation *g = x->g;

	if (x->twin)
		hedge_end(e, x);
	if (x->mirror)
		mirror_give_up(e, x);
	pool_dequeue(e, x);
	pool_release(e, x);
	compress_drop(e, x);
	cache_drop(e, x);
	if (x->flight_n)
		flight_leave(e, x);
	if (x->gate)
		gate_end(e, x);
	x->c->x = NULL;
	x->head = buffer_put(&e->buffers, x->head);
	store_exchange_free(e, x);
	if (p && pool_free_n(e, p))
		exchange_ask_next(e, p);
	generation_drop(e, g);
}

void exchange_finish(struct edge *e, struct exchange *x)
{
	struct client *c = x->c;
	bool was_read = x->request.is_done, was_refused = x->why != NULL;
	enum client_end end = CLIENT_STAYS;

	if (x->flags & X_CLIENT_CLOSE || !was_read)
		end = was_read && !was_refused ? CLIENT_ENDS : CLIENT_LINGERS;
	access_record(e, x);
	upstream_give(e, x, was_read && x->answer.is_done && !(x->flags & X_SERVER_CLOSE));
	exchange_free(e, x);
	client_next(e, c, end);
}

void exchange_abort(struct edge *e, struct exchange *x)
{
	struct client *c = x->c;

	x->flags |= X_CLIENT_CLOSE;
	x->end = x->end ? x->end : X_END_CLIENT;
	access_record(e, x);
	upstream_give(e, x, false);
	exchange_free(e, x);
	client_close(e, c, true);
}
