/*
 * Counting. One writer, so plain stores; entries lie in memory that is touched when they are first
 * used, so that ten thousand rules cost what is asked of them (docs/metrics.md has the sizes).
 */
#include "role/edge/count.h"

#include "role/edge/abuse.h"
#include "role/edge/pool.h"

/* a is an older generation than b: they count up, and round. */
static bool count_is_older(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

struct page_load_rule *count_rule(struct edge *e, const struct image_rule *r)
{
	struct page_load_rule *l = &e->load->rule[r->slot];

	if (PAGE_GET(l->gen) == r->slot_gen)
		return l;
	if (PAGE_GET(l->gen) && count_is_older(r->slot_gen, PAGE_GET(l->gen)))
		return &e->stale_rule;
	*l = (struct page_load_rule){ 0 };
	if (r->slot >= PAGE_GET(e->load->rule_high))
		PAGE_SET(e->load->rule_high, r->slot + 1);
	PAGE_SET(l->gen, r->slot_gen);
	return l;
}

struct page_load_pool *count_pool(struct edge *e, const struct image_pool *p)
{
	struct page_load_pool *l = &e->load->pool[p->slot];

	if (PAGE_GET(l->gen) == p->slot_gen)
		return l;
	if (PAGE_GET(l->gen) && count_is_older(p->slot_gen, PAGE_GET(l->gen)))
		return &e->stale_pool;
	*l = (struct page_load_pool){ 0 };
	if (p->slot >= PAGE_GET(e->load->pool_high))
		PAGE_SET(e->load->pool_high, p->slot + 1);
	PAGE_SET(l->gen, p->slot_gen);
	return l;
}

void count_request(struct edge *e, const struct exchange *x)
{
	struct page_load_listener *l = &e->load->listener[x->c->slot];
	uint64_t us = (e->loop.now_ns - x->start_ns) / 1000;
	unsigned bucket = histogram_bucket(us), class = x->status / 100 % 6;

	PAGE_ADD(l->bytes_in, x->request.moved);
	PAGE_ADD(l->bytes_out, x->bytes_out);
	PAGE_ADD(l->status[class], 1);
	PAGE_ADD(l->duration_us, us);
	PAGE_ADD(l->duration[bucket], 1);
	if (x->rule) {
		struct page_load_rule *r = count_rule(e, x->rule);

		PAGE_ADD(r->bytes_in, x->request.moved);
		PAGE_ADD(r->bytes_out, x->bytes_out);
		PAGE_ADD(r->status[class], 1);
		PAGE_ADD(r->duration_us, us);
		PAGE_ADD(r->duration[bucket], 1);
	}
	if (x->server) {
		struct page_load_server *s = pool_load(e, x->server->slot, x->server->slot_gen);

		PAGE_ADD(s->bytes_out, x->request.moved);
		PAGE_ADD(s->bytes_in, x->answer.moved);
	}
}

void count_tunnel_end(struct edge *e, const struct exchange *x)
{
	struct page_load_listener *l = &e->load->listener[x->c->slot];
	struct page_load_server *s = pool_load(e, x->u->slot, x->u->slot_gen);

	PAGE_ADD(l->bytes_in, x->request.moved);
	PAGE_ADD(l->bytes_out, x->answer.moved);
	PAGE_ADD(s->bytes_out, x->request.moved);
	PAGE_ADD(s->bytes_in, x->answer.moved);
}

void count_answer(struct edge *e, const struct exchange *x)
{
	struct page_load_server *l = pool_load(e, x->server->slot, x->server->slot_gen);
	uint64_t us = (x->first_byte_ns - x->asked_ns) / 1000;

	PAGE_ADD(l->latency_us, us);
	PAGE_ADD(l->first_byte[histogram_bucket(us)], 1);
	PAGE_ADD(l->status[x->status / 100], 1);
}

void count_handshake(struct edge *e, const struct client *c)
{
	struct page_load_listener *l = &e->load->listener[c->slot];
	bool is_13 = view_eq(view_str(tls_conn_version(c->conn.tls)), VIEW("TLSv1.3"));

	if (tls_conn_is_resumed(c->conn.tls))
		PAGE_ADD(l->handshakes_resumed, 1);
	else
		PAGE_ADD(l->handshakes, 1);
	PAGE_ADD(l->tls_versions[is_13], 1);
	PAGE_ADD(l->handshake_us, c->handshake_us);
}

enum page_tls_failure count_why(const struct client *c, enum err got)
{
	static const uint8_t by[TLS_FAILURES] = {
		[TLS_FAILURE_OTHER] = PAGE_TLS_OTHER,
		[TLS_FAILURE_NAME] = PAGE_TLS_NAME,
		[TLS_FAILURE_PROTOCOL] = PAGE_TLS_PROTOCOL,
		[TLS_FAILURE_PARAMETERS] = PAGE_TLS_PARAMETERS,
		[TLS_FAILURE_ALERT] = PAGE_TLS_ALERT,
	};
	bool is_tls = c->conn.tls && tls_conn_failure(c->conn.tls) != TLS_FAILURE_NONE;

	if (is_tls)
		return (enum page_tls_failure)by[tls_conn_failure(c->conn.tls)];
	return got == E_CLOSED || got == E_PROTO ? PAGE_TLS_CLOSED : PAGE_TLS_OTHER;
}

void count_handshake_failed(struct edge *e, struct client *c, enum page_tls_failure why)
{
	struct page_load_listener *l = &e->load->listener[c->slot];

	PAGE_ADD(l->handshakes_failed, 1);
	PAGE_ADD(l->tls_failures[why], 1);
	abuse_note(e, c, PAGE_ABUSE_HANDSHAKE);
}

void count_tick(struct edge *e)
{
	struct generation *g = e->now;

	PAGE_SET(e->load->connections, e->client_n + e->upstream_n);
	PAGE_SET(e->load->connections_max, e->client_cap - e->fds_kept);
	for (uint32_t i = 0; i < image_count(&g->image, IMAGE_POOL); i++) {
		struct pool_state *p = &g->pools[i];

		if (p->queue_told == p->queue_n)
			continue;
		p->queue_told = p->queue_n;
		PAGE_SET(count_pool(e, image_pool_at(&g->image, i))->queue, p->queue_n);
	}
}
