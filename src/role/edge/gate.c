/* The edge's side of the gate: nothing here knows what is asked of the authority. */
#include "role/edge/gate.h"

#include "role/edge/body.h"
#include "role/edge/client.h"
#include "role/edge/conn.h"
#include "role/edge/exchange.h"
#include "role/edge/local.h"
#include "role/edge/request.h"
#include "sys/fd.h"
#include "sys/secret.h"

struct gate_refusal gate_judge(struct edge *e, struct exchange *x, const struct gate_request *q)
{
	if (!e->gate)
		return (struct gate_refusal){ 421, "this listener needs a process per connection" };
	x->flags |= X_GATE;
	return e->gate->decide(e, x, q);
}

void gate_act(struct edge *e, struct exchange *x)
{
	/* Its content is read here, not passed on in another framing */
	if (x->rule->action == IMAGE_ACTION_PORTAL)
		x->request.is_chunked = false;
	e->gate->act(e, x);
}

void gate_end(struct edge *e, struct exchange *x)
{
	e->gate->ended(e, x);
	x->gate = NULL;
}

void gate_wait(struct edge *e, struct exchange *x, uint32_t ms)
{
	x->flags |= X_GATE;
	exchange_deadline(e, x, ms);
}

void gate_pass(struct edge *e, struct exchange *x)
{
	x->flags &= ~(uint32_t)X_GATE;
	request_pass(e, x);
}

/* Spans that lie at or behind `from` have moved by n. */
static void gate_shift(struct span16 *s, size_t from, size_t n)
{
	if (s->n && s->at >= from)
		s->at = (uint16_t)(s->at + n);
}

static size_t gate_reach(size_t end, struct span16 s, size_t more)
{
	size_t own = s.n ? (size_t)s.at + s.n + more : 0;

	return own > end ? own : end;
}

enum err gate_insert(struct exchange *x, struct view lines)
{
	struct span16 *all[] = { &x->path_at,	&x->host_at,	     &x->agent_at,
				 &x->origin_at, &x->asked_method_at, &x->asked_fields_at };
	size_t from = x->head->n - 2, end = x->head->n;
	uint8_t *p = x->head->p;
	struct wbuf w = { .p = p, .n = from, .cap = BUFFER_BYTES };

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		end = gate_reach(end, *all[i], i == 0 && x->query_n ? x->query_n + 1u : 0);
	if (end + lines.n > UINT16_MAX)
		return E_LIMIT;
	for (size_t i = end; i-- > from;) /* hot: overlapping, so from the end */
		p[i + lines.n] = p[i];
	wbuf_view_put(&w, lines);
	x->head->n += (uint32_t)lines.n;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		gate_shift(all[i], from, lines.n);
	return wbuf_check(&w);
}

void gate_wipe(struct edge *e, const struct conn *k, struct view v)
{
	const struct {
		uint8_t *p;
		size_t n;
	} places[] = { { e->plain, sizeof e->plain },
		       { e->in, sizeof e->in },
		       { e->piece, sizeof e->piece },
		       { k && k->in ? k->in->p : NULL, BUFFER_BYTES } };

	for (size_t i = 0; v.n && i < sizeof places / sizeof places[0]; i++) {
		size_t at = (uintptr_t)v.p - (uintptr_t)places[i].p;

		if (places[i].p && at < places[i].n && v.n <= places[i].n - at)
			secret_wipe(places[i].p + at, v.n);
	}
}

enum err gate_body(struct edge *e, struct exchange *x, struct wbuf *into)
{
	struct conn *k = &x->c->conn;

	while (!x->request.is_done) {
		struct view in = conn_pending(k), all = { 0 }, out = { 0 };
		struct wbuf scratch = wbuf_of(e->piece, sizeof e->piece);

		if (in.n == 0 || x->flags & X_BODY_MOVED)
			TRY(conn_fill(e, k, READ_BYTES, &in));
		all = in;
		TRY(body_next(&x->request, &in, &scratch, &out));
		x->flags |= X_BODY_MOVED;
		wbuf_view_put(into, out);
		gate_wipe(e, k, view_slice(all, 0, all.n - in.n));
		gate_wipe(e, k, wbuf_view(&scratch));
		TRY(conn_keep(e, k, in));
		if (wbuf_check(into) != E_OK)
			return E_LIMIT;
	}
	return E_OK;
}

void gate_answer(struct edge *e, struct exchange *x, const struct gate_answer *a)
{
	x->flags &= ~(uint32_t)X_GATE;
	local_own(e, x, a);
}

void gate_cut(struct edge *e, struct exchange *x)
{
	x->c->conn.is_broken = true;
	client_run_later(e, x->c);
}

enum err gate_set_authority(struct edge *e, int fd)
{
	loop_close(&e->authority);
	e->authority = (struct loop_source){ .fd = fd, .kind = SOURCE_AUTHORITY };
	if (fd_set_nonblocking(fd) == E_OK &&
	    loop_add(&e->loop, &e->authority, EPOLLIN | EPOLLOUT | EPOLLET) == E_OK) {
		if (e->gate && e->gate->joined)
			e->gate->joined(e);
		return E_OK;
	}
	loop_close(&e->authority);
	return E_SYS;
}

void gate_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct edge *e = owner;

	(void)source;
	e->gate->on_authority(e, events);
}
