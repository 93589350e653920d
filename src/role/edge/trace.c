/*
 * Traces. Of a request that is not traced nothing is kept but the decision. Spans are collected and
 * sent a few at a time, without waiting: a channel that is full costs them (THREATS A22).
 */
#include "role/edge/trace.h"

#include "ipc/edge_exporter.h"
#include "ipc/span.h"
#include "proto/traceparent.h"
#include "role/edge/access.h"
#include "role/edge/conn.h"
#include "sys/clock.h"
#include "sys/fd.h"

enum { TRACE_PERCENT = 100 };

/* n hexadecimal digits that are not all zero (W3C Trace Context §3.2.2.3, §3.2.2.4) */
static void trace_new_id(struct edge *e, char *ret, size_t n)
{
	struct wbuf w = wbuf_of(ret, n);

	while (w.n < n) {
		uint8_t bytes[8];
		struct wbuf b = wbuf_of(bytes, sizeof bytes);

		wbuf_u64(&b, rng_next(&e->rng) | 1);
		wbuf_hex(&w, wbuf_view(&b));
	}
}

static void trace_copy(char *ret, size_t n, struct view from)
{
	struct wbuf w = wbuf_of(ret, n);

	wbuf_view_put(&w, from);
}

void trace_begin(struct edge *e, struct exchange *x, struct view parent)
{
	struct trace *t = &x->trace;
	struct traceparent p = { 0 };
	const struct image_header *h = x->g->image.header;
	unsigned percent = h->tracing.kind ? h->tracing_percent : 0;

	t->is_continued = parent.n && traceparent_parse(parent, &p) == E_OK;
	if (t->is_continued) {
		trace_copy(t->trace_id, sizeof t->trace_id, p.trace_id);
		trace_copy(t->parent_id, sizeof t->parent_id, p.parent_id);
		t->is_sampled = p.is_sampled;
	} else {
		trace_copy(t->trace_id, sizeof t->trace_id,
			   view_of(x->request_id, sizeof x->request_id));
		t->is_sampled = percent && rng_below(&e->rng, TRACE_PERCENT) < percent;
	}
	if (!t->is_sampled)
		return;
	t->wall_ns = (uint64_t)clock_wall_us() * 1000;
	trace_new_id(e, t->id, sizeof t->id);
}

void trace_put(struct edge *e, struct exchange *x, struct wbuf *w)
{
	struct trace *t = &x->trace;
	struct traceparent p = { .trace_id = view_of(t->trace_id, sizeof t->trace_id),
				 .parent_id = view_of(t->try_id, sizeof t->try_id),
				 .is_sampled = t->is_sampled };

	trace_new_id(e, t->try_id, sizeof t->try_id);
	traceparent_put(w, &p);
	t->at = (uint16_t)(w->n - TRACEPARENT_BYTES + 3 + TRACEPARENT_TRACE + 1);
}

void trace_try(struct edge *e, struct exchange *x)
{
	struct trace *t = &x->trace;
	struct wbuf head = wbuf_of(x->head->p, x->head->n);

	if (!t->is_sampled)
		return;
	trace_new_id(e, t->try_id, sizeof t->try_id);
	head.n = t->at; /* each try has a span of its own, which is what its server continues */
	if (t->at && x->head->at == 0)
		wbuf_put(&head, t->try_id, sizeof t->try_id);
	t->is_trying = true;
}

/* ---- telling ---- */

static void trace_flush(struct edge *e)
{
	struct page_load_page *l = e->load;
	enum err sent = E_CLOSED;

	if (e->spans.n == 0)
		return;
	if (e->exporter_fd >= 0)
		sent = frame_send(e->exporter_fd, EDGE_SPANS, 0,
				  view_of(e->spans_bytes, e->spans.n), NULL, 0);
	if (sent == E_OK)
		PAGE_ADD(l->spans, e->spans_n);
	else
		PAGE_ADD(l->spans_dropped, e->spans_n);
	if (sent == E_CLOSED)
		e->exporter_fd = fd_close(e->exporter_fd);
	e->spans.n = 0;
	e->spans_n = 0;
}

static void trace_tell(struct edge *e, const struct span *s)
{
	e->spans.p = e->spans_bytes;
	e->spans.cap = sizeof e->spans_bytes;
	e->spans.bad = false;
	if (wbuf_room(&e->spans) < SPAN_BYTES_MAX)
		trace_flush(e);
	span_put(&e->spans, s);
	e->spans_n++;
}

static struct view trace_span(const struct exchange *x, struct span16 at)
{
	return view_of(x->head->p + at.at, at.n);
}

/* What both kinds of span say. begin_ns: of the loop's clock */
static struct span trace_common(const struct edge *e, const struct exchange *x, uint64_t begin_ns)
{
	uint64_t from_ns = x->trace.wall_ns - x->start_ns; /* from the loop's clock; may wrap */

	return (struct span){ .start_ns = from_ns + begin_ns,
			      .end_ns = from_ns + e->loop.now_ns,
			      .trace_id = view_of(x->trace.trace_id, sizeof x->trace.trace_id),
			      .method = trace_span(x, x->method_at),
			      .path = access_path(x),
			      .status = x->flags & X_ANSWERED ? x->status : 0 };
}

static void trace_peer(const struct exchange *x, struct wbuf *w, struct span *s)
{
	const struct image_address *a = &x->server->address;

	if (a->kind == IMAGE_ADDRESS_IP)
		ip_put(w, &a->ip);
	else
		wbuf_view_put(w, view_slice(image_view(&x->g->image, a->name), 0, w->cap));
	s->peer = wbuf_view(w);
	s->port = a->kind == IMAGE_ADDRESS_UNIX ? 0 : a->port;
}

void trace_try_end(struct edge *e, struct exchange *x, const char *error)
{
	uint8_t peer[255];
	struct wbuf w = wbuf_of(peer, sizeof peer);
	struct span s = { 0 };

	if (!x->trace.is_trying)
		return;
	x->trace.is_trying = false;
	s = trace_common(e, x, x->asked_ns);
	s.kind = SPAN_CLIENT;
	s.resends = x->tries ? (uint8_t)(x->tries - 1) : 0;
	s.id = view_of(x->trace.try_id, sizeof x->trace.try_id);
	s.parent_id = view_of(x->trace.id, sizeof x->trace.id);
	s.scheme = x->pool->protocol == IMAGE_HTTPS ? VIEW("https") : VIEW("http");
	s.version = x->pool->is_h2 ? VIEW("2") : VIEW("1.1");
	s.pool = image_view(&x->g->image, x->pool->name);
	s.server = image_view(&x->g->image, x->server->name);
	if (error) {
		s.error = view_str(error);
		s.status = 0;
	}
	trace_peer(x, &w, &s);
	trace_tell(e, &s);
}

static const char *trace_error(const struct exchange *x)
{
	static const char *const ends[] = { [X_END_WELL] = NULL,
					    [X_END_CLIENT] = "client_disconnected",
					    [X_END_SERVER] = "server_disconnected",
					    [X_END_TIMEOUT] = "timeout" };

	return ends[x->end];
}

void trace_end(struct edge *e, struct exchange *x)
{
	const char *error = trace_error(x);
	uint8_t peer[64];
	struct wbuf w = wbuf_of(peer, sizeof peer);
	struct span s = { 0 };

	if (!x->trace.is_sampled)
		return;
	trace_try_end(e, x, error);
	s = trace_common(e, x, x->start_ns);
	s.kind = SPAN_SERVER;
	s.id = view_of(x->trace.id, sizeof x->trace.id);
	if (x->trace.is_continued)
		s.parent_id = view_of(x->trace.parent_id, sizeof x->trace.parent_id);
	s.scheme = conn_tls(&x->c->conn) ? VIEW("https") : VIEW("http");
	s.version = x->flags & X_OLD_CLIENT ? VIEW("1.0") : VIEW("1.1");
	if (x->c->is_stream)
		s.version = VIEW("2");
	s.host = trace_span(x, x->host_at);
	ip_put(&w, &x->c->ip);
	s.peer = wbuf_view(&w);
	s.listener = image_view(&x->g->image, x->listener->name);
	if (x->rule) {
		s.rule = image_view(&x->g->image, x->rule->name);
		s.pattern = image_view(&x->g->image, x->rule->path);
	}
	if (error)
		s.error = view_str(error);
	trace_tell(e, &s);
	x->trace.is_sampled = false;
}

void trace_set_channel(struct edge *e, int fd)
{
	(void)fd_close(e->exporter_fd);
	e->exporter_fd = fd;
}

void trace_tick(struct edge *e)
{
	trace_flush(e);
}
