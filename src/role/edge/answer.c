/*
 * Answers. The head is parsed as strictly as a request's and written anew: what belongs to the
 * hop stays behind, the rest is copied in runs, byte for byte. The first piece of the body goes
 * out in the same send.
 */
#include "role/edge/answer.h"

#include "base/date.h"
#include "role/edge/banner.h"
#include "role/edge/body.h"
#include "role/edge/cache.h"
#include "role/edge/client.h"
#include "role/edge/compress.h"
#include "role/edge/conn.h"
#include "role/edge/count.h"
#include "role/edge/dial.h"
#include "role/edge/exchange.h"
#include "role/edge/filter.h"
#include "role/edge/gate.h"
#include "role/edge/hedge.h"
#include "role/edge/persist.h"
#include "role/edge/pool.h"
#include "role/edge/retry.h"
#include "role/edge/survey.h"
#include "role/edge/tunnel.h"
#include "sys/clock.h"

enum { ANSWER_READS = 8 /* of one server before others get their turn */ };

void answer_put_security(struct wbuf *w, const struct exchange *x)
{
	const struct image_filter *f = filter_of(x);

	if (conn_tls(&x->c->conn) && !(f && f->flags & IMAGE_FILTER_HSTS))
		WBUF_LIT(w, "Strict-Transport-Security: max-age=31536000\r\n");
}

void answer_put_date(struct edge *e, struct wbuf *w)
{
	if (e->loop.now_ns >= e->date_until_ns) {
		struct wbuf text = wbuf_of(e->date, sizeof e->date);
		int64_t wall_us = clock_wall_us();

		date_put_http(&text, wall_us / 1000000);
		e->date_until_ns = e->loop.now_ns + (uint64_t)(1000000 - wall_us % 1000000) * 1000;
	}
	WBUF_LIT(w, "Date: ");
	wbuf_put(w, e->date, sizeof e->date);
	WBUF_LIT(w, "\r\n");
}

static bool answer_drops(const struct exchange *x, struct view head, const struct http1_head *h,
			 const struct field *f)
{
	unsigned flags = field_flags((enum field_id)f->id);

	if (banner_is_due(x) && banner_drops(head, f))
		return true;
	if (x->compress >= COMPRESS_HEAD && compress_drops(head, f))
		return true;
	if (f->id == FIELD_CONTENT_LENGTH) /* RFC 9110 §8.6: none in 1xx and 204 */
		return h->body == BODY_CHUNKED || h->status < 200 || h->status == 204;
	if (flags & (FIELD_HOP | FIELD_FRAMING))
		return true;
	return (h->flags & HTTP1_CONNECTION) &&
	       http1_connection_has(head, h, field_name_view(head, f));
}

enum { ANSWER_HAS_HSTS = 1, ANSWER_HAS_DATE = 2 };

/* Field lines that go on, copied in runs. What the server said itself: ANSWER_HAS_x */
static unsigned answer_put_fields(struct wbuf *w, const struct exchange *x, struct view head,
				  const struct http1_head *h)
{
	size_t run = h->fields_at;
	unsigned has = 0;

	for (size_t i = 0; i < h->field_n; i++) {
		struct view line = { 0 };

		if (h->fields[i].id == FIELD_STRICT_TRANSPORT_SECURITY)
			has |= ANSWER_HAS_HSTS;
		else if (h->fields[i].id == FIELD_DATE)
			has |= ANSWER_HAS_DATE;
		if (!answer_drops(x, head, h, &h->fields[i]))
			continue;
		line = http1_line(head, h, i);
		wbuf_put(w, head.p + run, h->fields[i].name - run);
		run = h->fields[i].name + line.n;
	}
	wbuf_put(w, head.p + run, h->n - 2 - run);
	if (banner_is_due(x))
		banner_put_fields(w);
	else if (x->compress)
		compress_put_fields(w, x, head, h);
	return has;
}

static void answer_put_status(struct wbuf *w, struct view head, const struct http1_head *h)
{
	WBUF_LIT(w, "HTTP/1.1 ");
	wbuf_dec(w, h->status);
	WBUF_LIT(w, " ");
	wbuf_put(w, head.p + h->method, h->method_n);
	WBUF_LIT(w, "\r\n");
}

/* What this hop says about itself. */
static void answer_put_hop(struct wbuf *w, const struct exchange *x)
{
	if (x->answer.is_chunked)
		WBUF_LIT(w, "Transfer-Encoding: chunked\r\n");
	if (x->flags & X_CLIENT_CLOSE)
		WBUF_LIT(w, "Connection: close\r\n");
	else if (x->flags & X_OLD_CLIENT)
		WBUF_LIT(w, "Connection: keep-alive\r\n");
}

static void answer_decide(struct edge *e, struct exchange *x, const struct http1_head *h)
{
	bool is_old = x->flags & X_OLD_CLIENT;
	uint32_t most = x->listener->requests_per_connection;

	body_init(&x->answer, (enum http_body)h->body, h->content_length,
		  h->body == BODY_CHUNKED && !is_old);
	if (!(h->flags & HTTP1_KEEP_ALIVE) || h->body == BODY_UNTIL_CLOSE)
		x->flags |= X_SERVER_CLOSE;
	if (!x->request.is_done || h->body == BODY_UNTIL_CLOSE ||
	    (h->body == BODY_CHUNKED && is_old) || e->is_draining ||
	    (most && x->c->requests >= most))
		x->flags |= X_CLIENT_CLOSE;
	x->status = h->status;
	x->first_byte_ns = e->loop.now_ns;
	x->flags |= X_ANSWERED;
}

void answer_count(struct edge *e, struct exchange *x)
{
	count_answer(e, x);
	survey_seen(e, x, (x->first_byte_ns - x->asked_ns) / 1000, pool_is_error(x, x->status));
	if (pool_is_error(x, x->status))
		dial_tell_failure(e, x->server, DIAL_ANSWER);
	else
		dial_tell_success(e, x->server);
}

bool answer_is_whole(const struct exchange *x)
{
	return x->answer.is_done && (!x->z || !compress_has_more(x));
}

enum err answer_send(struct edge *e, struct exchange *x, struct view v)
{
	bool is_last = (x->flags & X_CLIENT_CLOSE) && x->request.is_done && answer_is_whole(x);

	x->bytes_out += v.n;
	return is_last ? conn_send_last(e, &x->c->conn, v) : conn_send(e, &x->c->conn, v);
}

void answer_take_out(struct edge *e, const struct exchange *x, struct view head,
		     const struct http1_head *h)
{
	const struct image_filter *f = filter_of(x);

	if (f)
		filter_drop(&x->g->image, f->answer_drops, head, h);
	if (x->gate)
		e->gate->take_answer(head, h);
}

/* A 1xx that is not the switch to another protocol: passed on to those who can understand it. */
static enum err answer_interim(struct edge *e, struct exchange *x, struct view head,
			       const struct http1_head *h)
{
	struct wbuf w = wbuf_of(e->piece, sizeof e->piece);

	x->progress = 0;
	if (x->flags & X_OLD_CLIENT)
		return E_OK;
	answer_take_out(e, x, head, h);
	answer_put_status(&w, head, h);
	(void)answer_put_fields(&w, x, head, h);
	WBUF_LIT(&w, "\r\n");
	TRY(wbuf_check(&w));
	return answer_send(e, x, wbuf_view(&w));
}

/* What every answer has and the server did not say; a filter may want to have no Date. */
static void answer_put_missing(struct edge *e, struct wbuf *w, const struct exchange *x,
			       unsigned has)
{
	const struct image_filter *f = filter_of(x);

	if (!(has & ANSWER_HAS_HSTS))
		answer_put_security(w, x);
	if (!(has & ANSWER_HAS_DATE) &&
	    !(f && filter_drops_name(&x->g->image, f->answer_drops, VIEW("Date"))))
		answer_put_date(e, w);
}

static enum err answer_final(struct edge *e, struct exchange *x, struct view head,
			     const struct http1_head *h, struct view *rest)
{
	struct wbuf w = wbuf_of(e->piece, sizeof e->piece),
		    scratch = wbuf_of(e->frame, sizeof e->frame);
	const struct image_filter *f = filter_of(x);
	struct view body = { 0 };
	unsigned has = 0;

	answer_decide(e, x, h);
	if (x->u && x->pool->hedge_quantile)
		hedge_learn(x);
	if (x->u)
		answer_count(e, x);
	answer_take_out(e, x, head, h);
	if (banner_is_due(x))
		banner_begin(e, x, head, h);
	else if (x->rule->compress != IMAGE_NONE)
		compress_begin(e, x, head, h);
	answer_put_status(&w, head, h);
	has = answer_put_fields(&w, x, head, h);
	if (f)
		filter_put_answer(&w, x, f, false);
	answer_put_missing(e, &w, x, has);
	answer_put_hop(&w, x);
	if (x->u && x->pool->persist)
		persist_put(e, x, &w);
	if (x->job)
		cache_put_fields(e, x, &w);
	if (x->gate)
		e->gate->put_answer(e, x, &w);
	WBUF_LIT(&w, "\r\n");
	TRY(body_next(&x->answer, rest, &scratch, &body));
	if (x->job)
		cache_take(e, x, body_content(&x->answer, body, 0));
	if (x->z)
		TRY(compress_take(e, x, body, &w));
	else
		wbuf_view_put(&w, body);
	TRY(wbuf_check(&w));
	return answer_send(e, x, wbuf_view(&w));
}

/* The cache's look at an answer: cache_answer. What an unsafe request may have changed is not used
 * any more, whichever rule answered before (RFC 9111 §4.4). */
static enum err answer_to_cache(struct edge *e, struct exchange *x, struct view head,
				const struct http1_head *h, struct view *rest)
{
	if (!http_method_is_safe((enum http_method)x->method) && h->status < 400)
		cache_invalidate(e, x);
	return x->job ? cache_answer(e, x, head, h, rest) : E_AGAIN;
}

/* One head from the front of in. E_AGAIN more is needed (kept) · E_PROTO it is not HTTP. */
static enum err answer_head(struct edge *e, struct exchange *x, struct view *in)
{
	struct http1_head h = { .fields = e->fields, .field_cap = FIELDS_MAX };
	struct http1_error why = { 0 };
	struct view head = { 0 };
	enum err got = http1_parse_response(*in, HEAD_BYTES, (enum http_method)x->method,
					    &x->progress, &h, &why);

	if (got == E_AGAIN)
		return got;
	if (got != E_OK)
		return E_PROTO;
	TRY(view_take(in, h.n, &head));
	if (h.status == 101) /* RFC 9110 §7.8: to what was asked for, and nothing else */
		return x->flags & X_WEBSOCKET && h.flags & HTTP1_WEBSOCKET
			       ? tunnel_start(e, x, head, &h, in)
			       : E_PROTO;
	if (h.status < 200)
		return answer_interim(e, x, head, &h);
	if (x->pool->retry_on & IMAGE_RETRY_STATUSES && retry_status(e, x, h.status))
		return E_DENIED; /* answer_broken: another server is asked */
	if (x->twin)
		hedge_end(e, x);
	if (x->job || e->cache.jobs)
		got = answer_to_cache(e, x, head, &h, in);
	else
		got = E_AGAIN;
	return got == E_AGAIN ? answer_final(e, x, head, &h, in) : got;
}

enum err answer_stored(struct edge *e, struct exchange *x, struct view in)
{
	struct http1_head h = { .fields = e->fields, .field_cap = FIELDS_MAX };
	struct http1_error why = { 0 };
	struct view head = { 0 };
	size_t progress = 0;

	if (http1_parse_response(in, UINT16_MAX, (enum http_method)x->method, &progress, &h,
				 &why) != E_OK)
		return E_PROTO;
	TRY(view_take(&in, h.n, &head));
	return answer_final(e, x, head, &h, &in);
}

enum err answer_more(struct edge *e, struct exchange *x, struct view *in)
{
	struct wbuf scratch = wbuf_of(e->frame, sizeof e->frame);
	struct view out = { 0 };
	uint64_t moved = x->answer.moved;

	TRY(body_next(&x->answer, in, &scratch, &out));
	if (x->job)
		cache_take(e, x, body_content(&x->answer, out, moved));
	if (x->z) {
		struct wbuf w = wbuf_of(e->piece, sizeof e->piece);

		TRY(compress_take(e, x, out, &w));
		out = wbuf_view(&w);
	}
	return out.n || answer_is_whole(x) ? answer_send(e, x, out) : E_OK;
}

/* For later, unless the connection is a tunnel's now, or was given back. */
static enum err answer_keep(struct edge *e, struct exchange *x, struct view rest)
{
	return x->c->state == CLIENT_BUSY && x->u ? conn_keep(e, &x->u->conn, rest) : E_OK;
}

/* All of in: heads until the final one, then body. What comes after the end makes the connection
 * unfit. */
static enum err answer_take(struct edge *e, struct exchange *x, struct view in)
{
	enum err got = E_OK;

	while (got == E_OK && in.n && !(x->flags & X_ANSWERED) && x->c->state == CLIENT_BUSY)
		got = answer_head(e, x, &in);
	if (got == E_OK && in.n && x->c->state == CLIENT_BUSY && !x->answer.is_done)
		got = answer_more(e, x, &in);
	if (got != E_OK && got != E_AGAIN)
		return got;
	if ((x->flags & X_ANSWERED) && x->answer.is_done && in.n)
		x->flags |= X_SERVER_CLOSE;
	return answer_keep(e, x, in);
}

/* The server's side can't go on: another server, an error page, or a cut. */
static void answer_broken(struct edge *e, struct exchange *x, enum err why)
{
	bool has_some = conn_pending(&x->u->conn).n != 0;

	if (x->c->conn.is_broken) {
		exchange_abort(e, x);
	} else if (why == E_CLOSED && (x->flags & X_ANSWERED) && !x->u->conn.was_cut &&
		   body_end(&x->answer) == E_OK && (!x->z || compress_finish(e, x) == E_OK)) {
		if (answer_is_whole(x))
			exchange_finish(e, x);
	} else if (x->flags & X_ANSWERED) {
		x->end = X_END_SERVER;
		x->c->conn.is_broken = true;
		exchange_abort(e, x);
	} else {
		exchange_failed(e, x,
				(why == E_CLOSED || x->u->conn.is_broken) && !has_some
					? DIAL_RESET
					: DIAL_ANSWER);
	}
}

/* A long run of the body goes inside the kernel. */
static bool answer_can_splice(const struct exchange *x)
{
	uint64_t run = x->flags & X_ANSWERED ? body_run(&x->answer) : 0;

	return run >= SPLICE_TAIL && x->u && (run >= SPLICE_BYTES || x->u->conn.is_bulk) && !x->z &&
	       !x->job && conn_can_splice(&x->u->conn, &x->c->conn);
}

static enum err answer_splice(struct edge *e, struct exchange *x)
{
	size_t n = 0;

	TRY(conn_splice(e, &x->u->conn, &x->c->conn, body_run(&x->answer), &n));
	x->bytes_out += n;
	TRY(body_pass(&x->answer, n));
	return x->c->conn.is_broken ? E_CLOSED : E_OK;
}

/* What the client has not been given yet, or else more from the server. */
static enum err answer_step(struct edge *e, struct exchange *x, size_t room)
{
	struct view in = { 0 };
	enum err got = E_OK;

	if (x->z && compress_has_more(x))
		return compress_send(e, x);
	if (x->flags & X_HEAD_HERE) {
		x->flags &= ~(uint32_t)X_HEAD_HERE;
		return answer_take(e, x, conn_pending(&x->u->conn));
	}
	if (answer_can_splice(x)) {
		got = answer_splice(e, x);
		if (got != E_LIMIT)
			return got;
	}
	got = conn_fill(e, &x->u->conn,
			x->flags & X_ANSWERED || room < HEAD_BYTES ? room : HEAD_BYTES, &in);
	if (got == E_AGAIN && x->z)
		TRY(compress_pause(e, x));
	return got == E_OK ? answer_take(e, x, in) : got;
}

bool answer_run(struct edge *e, struct exchange *x)
{
	struct client *c = x->c;
	enum err got = E_OK;

	for (unsigned i = 0; i < ANSWER_READS; i += x->z ? ANSWER_READS / 2 : 1) {
		size_t room = conn_room(&c->conn);

		if (room == 0)
			return false;
		got = answer_step(e, x, room);
		if (got == E_AGAIN || c->state != CLIENT_BUSY)
			return c->x != x;
		if (got != E_OK) {
			answer_broken(e, x, got);
			return c->x != x || c->state != CLIENT_BUSY;
		}
		if ((x->flags & X_ANSWERED) && answer_is_whole(x)) {
			exchange_finish(e, x);
			return true;
		}
		if (!x->u)
			return false; /* the cache goes on with it */
		if (!(x->flags & X_ANSWERED))
			continue;
		exchange_wait(e, x);
	}
	client_run_later(e, c);
	return false;
}
