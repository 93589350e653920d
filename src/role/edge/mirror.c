/*
 * Shadows. A hostile or slow shadow server costs what MIRROR_MAX shadows hold: a head, a body and
 * an answer's head each; and a connection until first_byte is over, however it drips.
 */
#include "role/edge/mirror.h"

#include "role/edge/body.h"
#include "role/edge/buffer.h"
#include "role/edge/client.h"
#include "role/edge/conn.h"
#include "role/edge/count.h"
#include "role/edge/exchange.h"
#include "role/edge/generation.h"
#include "role/edge/pool.h"
#include "role/edge/store.h"
#include "role/edge/survey.h"
#include "role/edge/upstream.h"

enum { MIRROR_READS = 8 };

static const struct view mirror_mark = VIEW("X-Sluis-Mirror: 1\r\n\r\n");

/* ---- begin ---- */

/* Its head with our mark as the last line. */
static enum err mirror_copy_head(struct exchange *m, const struct exchange *x)
{
	struct view head = buffer_view(x->head);
	struct wbuf w = wbuf_of(m->head->p, BUFFER_BYTES);

	wbuf_view_put(&w, view_slice(head, 0, head.n - 2));
	wbuf_view_put(&w, mirror_mark);
	m->head->n = (uint32_t)w.n;
	return wbuf_check(&w);
}

static void mirror_free(struct edge *e, struct exchange *m, bool is_reusable)
{
	struct client *c = m->c;

	upstream_give(e, m, is_reusable);
	pool_dequeue(e, m);
	pool_release(e, m);
	wheel_cancel(&c->conn.timer);
	c->x = NULL;
	c->conn.in = buffer_put(&e->buffers, c->conn.in);
	m->head = buffer_put(&e->buffers, m->head);
	generation_drop(e, m->g);
	store_exchange_free(e, m);
	upstream_forget(e, c);
	store_bury_client(e, c);
	e->mirror_n--;
}

/* A client that is no connection: nothing is ever read from it or sent to it. */
static struct client *mirror_client(struct edge *e, const struct exchange *x)
{
	struct client *c = store_stream_client(e);

	if (!c)
		return NULL;
	c->conn.source = (struct loop_source){ .fd = -1, .kind = SOURCE_CLIENT };
	c->conn.edge = e;
	wheel_entry_init(&c->conn.timer);
	c->slot = x->c->slot;
	c->ip = x->c->ip;
	c->port = x->c->port;
	c->proxy = x->c->proxy;
	c->state = CLIENT_BUSY;
	return c;
}

static struct exchange *mirror_new(struct edge *e, const struct exchange *x)
{
	struct exchange *m = store_exchange(e);
	struct client *c = m ? mirror_client(e, x) : NULL;

	if (!c) {
		if (m)
			store_exchange_free(e, m);
		return NULL;
	}
	list_init(&m->node);
	m->c = c;
	c->x = m;
	m->g = generation_hold(x->g);
	m->listener = x->listener;
	m->rule = x->rule;
	m->pool_index = x->rule->mirror;
	m->pool = image_pool_at(&x->g->image, m->pool_index);
	m->method = x->method;
	m->start_ns = e->loop.now_ns;
	m->flags = X_SHADOW;
	m->head = buffer_get(&e->buffers);
	e->mirror_n++;
	if (!m->head || mirror_copy_head(m, x) != E_OK) {
		mirror_free(e, m, false);
		return NULL;
	}
	return m;
}

static bool mirror_fits(const struct edge *e, const struct exchange *x)
{
	return e->mirror_n < MIRROR_MAX && !(x->flags & X_WEBSOCKET) && !e->is_draining &&
	       !(x->request.kind == BODY_LENGTH && x->request.left > MIRROR_BODY_MAX);
}

/* All of it is here: it goes in a turn of its own. */
static void mirror_start(struct edge *e, struct exchange *m)
{
	struct view body = conn_pending(&m->c->conn);

	body_init(&m->request, body.n ? BODY_LENGTH : BODY_NONE, body.n, false);
	m->flags |= X_ASK;
	PAGE_ADD(count_pool(e, m->pool)->mirrors, 1);
	client_run_later(e, m->c);
}

void mirror_begin(struct edge *e, struct exchange *x)
{
	const struct image_pool *pool = image_pool_at(&x->g->image, x->rule->mirror);
	struct exchange *m = NULL;

	if (x->rule->mirror_percent < 100 && rng_below(&e->rng, 100) >= x->rule->mirror_percent)
		return;
	m = mirror_fits(e, x) ? mirror_new(e, x) : NULL;
	if (!m)
		PAGE_ADD(count_pool(e, pool)->mirrors_skipped, 1);
	else if (x->request.is_done)
		mirror_start(e, m);
	else
		x->mirror = m;
}

void mirror_give_up(struct edge *e, struct exchange *x)
{
	struct exchange *m = x->mirror;

	x->mirror = NULL;
	PAGE_ADD(count_pool(e, m->pool)->mirrors_skipped, 1);
	mirror_free(e, m, false);
}

void mirror_body(struct edge *e, struct exchange *x, struct view v)
{
	struct exchange *m = x->mirror;
	struct conn *k = &m->c->conn;

	if (v.n && !k->in)
		k->in = buffer_get(&e->buffers);
	if (x->request.moved > MIRROR_BODY_MAX ||
	    (v.n && (!k->in || buffer_append(k->in, v) != E_OK))) {
		mirror_give_up(e, x);
	} else if (x->request.is_done) {
		x->mirror = NULL;
		mirror_start(e, m);
	}
}

/* ---- the shadow's life ---- */

void mirror_failed(struct edge *e, struct exchange *m)
{
	PAGE_ADD(count_pool(e, m->pool)->mirrors_failed, 1);
	mirror_free(e, m, false);
}

void mirror_ask(struct edge *e, struct exchange *m)
{
	if (pool_pick(e, m) != E_OK) {
		mirror_failed(e, m);
		return;
	}
	m->tries = 1;
	m->asked_ns = e->loop.now_ns;
	/* The one deadline it has: exchange_deadline leaves shadows alone. */
	wheel_set(&e->wheel, &m->c->conn.timer,
		  e->loop.now_ms + m->pool->connect_ms + m->pool->first_byte_ms);
	if (upstream_take(e, m))
		exchange_connected(e, m);
	else if (upstream_wait(e, m) != E_OK)
		mirror_failed(e, m);
}

/* One head. E_AGAIN more is needed · E_PROTO it is not HTTP, or a switch of protocols */
static enum err mirror_head(struct edge *e, struct exchange *m, struct view *in)
{
	struct http1_head h = { .fields = e->fields, .field_cap = FIELDS_MAX };
	struct http1_error why = { 0 };
	struct view head = { 0 };

	TRY(http1_parse_response(*in, HEAD_BYTES, (enum http_method)m->method, &m->progress, &h,
				 &why));
	TRY(view_take(in, h.n, &head));
	m->progress = 0;
	if (h.status == 101)
		return E_PROTO;
	if (h.status < 200)
		return E_OK;
	m->status = h.status;
	survey_seen(e, m, (e->loop.now_ns - m->asked_ns) / 1000, h.status >= 500);
	m->flags |= X_ANSWERED;
	if (!(h.flags & HTTP1_KEEP_ALIVE) || h.body == BODY_UNTIL_CLOSE)
		m->flags |= X_SERVER_CLOSE;
	body_init(&m->answer, (enum http_body)h.body, h.content_length, false);
	return E_OK;
}

static enum err mirror_take(struct edge *e, struct exchange *m, struct view in)
{
	struct wbuf scratch = wbuf_of(e->frame, sizeof e->frame);
	struct view ignored = { 0 };
	enum err got = E_OK;

	while (got == E_OK && in.n && !(m->flags & X_ANSWERED))
		got = mirror_head(e, m, &in);
	if (got == E_OK && in.n && !m->answer.is_done)
		got = body_next(&m->answer, &in, &scratch, &ignored);
	if (got != E_OK && got != E_AGAIN)
		return got;
	if (m->answer.moved > MIRROR_ANSWER_MAX)
		return E_LIMIT;
	if ((m->flags & X_ANSWERED) && m->answer.is_done && in.n)
		m->flags |= X_SERVER_CLOSE;
	return conn_keep(e, &m->u->conn, in);
}

bool mirror_read(struct edge *e, struct exchange *m)
{
	enum err got = E_OK;

	for (unsigned i = 0; i < MIRROR_READS && got == E_OK; i++) {
		struct view in = { 0 };

		got = conn_fill(e, &m->u->conn, m->flags & X_ANSWERED ? READ_BYTES : HEAD_BYTES,
				&in);
		if (got == E_OK)
			got = mirror_take(e, m, in);
		if (got == E_OK && (m->flags & X_ANSWERED) && m->answer.is_done) {
			mirror_free(e, m, !(m->flags & X_SERVER_CLOSE));
			return true;
		}
	}
	if (got == E_OK)
		client_run_later(e, m->c);
	if (got == E_OK || got == E_AGAIN)
		return false;
	if (got == E_CLOSED && (m->flags & X_ANSWERED) && body_end(&m->answer) == E_OK)
		mirror_free(e, m, false);
	else
		mirror_failed(e, m);
	return true;
}
