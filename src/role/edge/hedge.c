/*
 * Twins. Whatever a twin's server says before a whole final head is here stays in its connection's
 * buffer; then twin and exchange change places, and the answer is read from that buffer as if it
 * had always been the exchange's own.
 */
#include "role/edge/hedge.h"

#include "balance/quantile.h"
#include "role/edge/client.h"
#include "role/edge/conn.h"
#include "role/edge/count.h"
#include "role/edge/dial.h"
#include "role/edge/exchange.h"
#include "role/edge/exchange_fault.h"
#include "role/edge/generation.h"
#include "role/edge/pool.h"
#include "role/edge/store.h"
#include "role/edge/survey.h"
#include "role/edge/upstream.h"

enum { HEDGE_READS = 4 };

void hedge_init(struct pool_state *p)
{
	p->hedges.spent = BUDGET_FULL;
}

/* ---- when ---- */

static bool hedge_is_right_kind(const struct exchange *x)
{
	return x->pool->hedge_percent && x->pool->servers.n > 1 && x->request.kind == BODY_NONE &&
	       !(x->flags & (X_WEBSOCKET | X_TWIN | X_SHADOW)) &&
	       http_method_is_idempotent((enum http_method)x->method); /* RFC 9110 §9.2.2 */
}

/* Once only. */
static bool hedge_is_possible(const struct exchange *x)
{
	return !(x->flags & X_HEDGED) && hedge_is_right_kind(x);
}

uint32_t hedge_wait_ms(const struct exchange *x, uint32_t max_ms)
{
	uint32_t ms = x->pool->hedge_ms;

	if (!hedge_is_possible(x))
		return max_ms;
	if (!ms && !pool_state(x)->hedge_us)
		return max_ms; /* nothing is known yet */
	if (!ms)
		ms = pool_state(x)->hedge_us / 1000 + 1;
	return ms < max_ms ? ms : max_ms;
}

void hedge_learn(struct exchange *x)
{
	if (x->pool->hedge_quantile && !(x->flags & X_LEARNT) && hedge_is_right_kind(x))
		quantile_add(&pool_state(x)->hedge_us, (x->first_byte_ns - x->asked_ns) / 1000,
			     x->pool->hedge_quantile);
}

/* ---- the twin's begin and end ---- */

static void hedge_free(struct edge *e, struct exchange *y)
{
	y->twin->twin = NULL;
	upstream_give(e, y, false);
	pool_dequeue(e, y);
	pool_release(e, y);
	generation_drop(e, y->g);
	store_exchange_free(e, y);
}

void hedge_end(struct edge *e, struct exchange *x)
{
	hedge_free(e, x->twin);
}

/* What a twin shares with its exchange; the head belongs to the exchange. */
static struct exchange *hedge_new(struct edge *e, struct exchange *x)
{
	struct exchange *y = store_exchange(e);

	if (!y)
		return NULL;
	list_init(&y->node);
	y->c = x->c;
	y->g = generation_hold(x->g);
	y->listener = x->listener;
	y->rule = x->rule;
	y->pool = x->pool;
	y->pool_index = x->pool_index;
	y->head = x->head;
	y->method = x->method;
	y->start_ns = x->start_ns;
	y->request = x->request;
	y->tried = x->tried;
	y->flags = X_TWIN;
	y->twin = x;
	x->twin = y;
	balance_tried_add(
		&y->tried,
		(uint32_t)(x->server - image_server_at(&x->g->image, x->pool->servers.first)));
	return y;
}

static void hedge_begin(struct edge *e, struct exchange *x)
{
	struct page_load_pool *l = count_pool(e, x->pool);
	struct exchange *y = NULL;

	if (!pool_has_other(e, x))
		return;
	if (!budget_spend(&pool_state(x)->hedges, x->pool->hedge_percent, 0)) {
		PAGE_ADD(l->hedges_refused, 1);
		return;
	}
	y = hedge_new(e, x);
	if (!y)
		return;
	if (pool_pick(e, y) != E_OK) {
		hedge_free(e, y);
		return;
	}
	PAGE_ADD(l->hedges, 1);
	y->asked_ns = e->loop.now_ns;
	if (upstream_take(e, y))
		exchange_connected(e, y);
	else if (upstream_wait(e, y) != E_OK)
		hedge_free(e, y);
}

bool hedge_expired(struct edge *e, struct exchange *x, uint32_t max_ms)
{
	uint64_t passed_ms = (e->loop.now_ns - x->sent_ns) / 1000000;

	if (!hedge_is_possible(x) || passed_ms >= max_ms)
		return false;
	x->flags |= X_HEDGED;
	exchange_deadline(e, x, (uint32_t)(max_ms - passed_ms));
	hedge_begin(e, x);
	return true;
}

/* ---- who wins ---- */

/* y's server and connection become x's. */
static void hedge_change_places(struct edge *e, struct exchange *x)
{
	struct exchange *y = x->twin;

	pool_dequeue(e, x);
	upstream_give(e, x, false);
	pool_release(e, x);
	x->server = y->server;
	x->asked_ns = y->asked_ns;
	x->connected_ns = y->connected_ns;
	x->sent_ns = y->sent_ns;
	x->u = y->u;
	x->u->x = x;
	x->progress = 0;
	x->flags &= ~(uint32_t)X_GRANTED;
	x->flags |= X_SENT | (y->flags & X_COUNTED);
	y->u = NULL;
	y->flags &= ~(uint32_t)X_COUNTED;
	hedge_free(e, y);
}

static void hedge_won(struct edge *e, struct exchange *x)
{
	/* What is cut off would have come later than what was waited for. */
	if (x->pool->hedge_quantile)
		quantile_add(&pool_state(x)->hedge_us, (e->loop.now_ns - x->asked_ns) / 1000,
			     x->pool->hedge_quantile);
	survey_seen(e, x, (e->loop.now_ns - x->asked_ns) / 1000, false);
	hedge_change_places(e, x);
	x->flags |= X_HEAD_HERE | X_LEARNT;
	PAGE_ADD(count_pool(e, x->pool)->hedges_won, 1);
}

bool hedge_take_over(struct edge *e, struct exchange *x)
{
	const struct exchange *y = x->twin;

	if (!y->u || !(y->flags & X_SENT)) {
		hedge_end(e, x);
		return false;
	}
	hedge_change_places(e, x);
	exchange_deadline(e, x, x->pool->first_byte_ms);
	client_run_later(e, x->c);
	return true;
}

void hedge_lost(struct edge *e, struct exchange *y, enum dial_failure why)
{
	exchange_fault_blame(e, y, why);
	hedge_free(e, y);
}

/* A final head that a client may have: E_OK · E_AGAIN more is needed · E_PROTO, E_DENIED not from
 * here: x's own server may do better than an error. Interim ones are passed over. */
static enum err hedge_head(struct edge *e, struct exchange *y, struct view *in)
{
	struct http1_head h = { .fields = e->fields, .field_cap = FIELDS_MAX };
	struct http1_error why = { 0 };
	struct view interim = { 0 };

	do {
		h = (struct http1_head){ .fields = e->fields, .field_cap = FIELDS_MAX };
		TRY(view_take(in, interim.n, &interim));
		TRY(http1_parse_response(*in, HEAD_BYTES, (enum http_method)y->method, &y->progress,
					 &h, &why));
		y->progress = 0;
		interim.n = h.n;
	} while (h.status < 200 && h.status != 101);
	return h.status == 101 || h.status >= 500 ? E_DENIED : E_OK;
}

/* A connection that ended before it said anything, however it ended, is one that was reset. */
static enum dial_failure hedge_why(const struct conn *k, enum err got)
{
	return (got == E_CLOSED || k->is_broken) && conn_pending(k).n == 0 ? DIAL_RESET
									   : DIAL_ANSWER;
}

static void hedge_read(struct edge *e, struct exchange *y)
{
	struct exchange *x = y->twin;
	enum err got = E_AGAIN;

	for (unsigned i = 0; i < HEDGE_READS && got == E_AGAIN; i++) {
		struct view in = { 0 };

		got = conn_fill(e, &y->u->conn, HEAD_BYTES, &in);
		if (got == E_AGAIN)
			return;
		if (got == E_OK)
			got = hedge_head(e, y, &in);
		if ((got == E_OK || got == E_AGAIN) && conn_keep(e, &y->u->conn, in) != E_OK)
			got = E_NOMEM;
	}
	if (got == E_OK)
		hedge_won(e, x);
	else if (got == E_AGAIN)
		client_run_later(e, x->c);
	else
		hedge_lost(e, y, hedge_why(&y->u->conn, got));
}

void hedge_run(struct edge *e, struct exchange *x)
{
	struct exchange *y = x->twin;

	if (y->flags & X_ASK) { /* its server has left the configuration */
		hedge_free(e, y);
	} else if (y->u && !(y->flags & X_SENT)) {
		exchange_connected(e, y);
	} else if (y->u) {
		if (conn_flush(e, &y->u->conn) == E_CLOSED)
			hedge_lost(e, y, DIAL_RESET);
		else
			hedge_read(e, y);
	}
}
