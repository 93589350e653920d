/*
 * Requests. Canonical host and path are made once, here; routing sees them, and servers are sent
 * them (THREATS A4, G). Client-sent spellings of the fields that say who the client is are left
 * out before ours are written (A5, A6).
 */
#include "role/edge/request.h"

#include "base/base64.h"
#include "role/edge/abuse.h"
#include "role/edge/banner.h"
#include "role/edge/body.h"
#include "role/edge/buffer.h"
#include "role/edge/cache.h"
#include "role/edge/client.h"
#include "role/edge/compress.h"
#include "role/edge/conn.h"
#include "role/edge/exchange.h"
#include "role/edge/filter.h"
#include "role/edge/gate.h"
#include "role/edge/generation.h"
#include "role/edge/level.h"
#include "role/edge/local.h"
#include "role/edge/mirror.h"
#include "role/edge/persist.h"
#include "role/edge/store.h"
#include "role/edge/trace.h"
#include "role/edge/tripwire.h"

/* What one head says, while it is being decided about. */
struct request {
	struct view head;
	const struct http1_head *h;
	struct view authority; /* as sent, then canonical */
	struct uri_host host;
	struct uri_target target;
	const struct image_filter *filter; /* of the rule that takes it; NULL: none */
	bool is_trusted;		   /* its sender may say who the client is */
	bool is_traced, is_continued;	   /* tracing is configured; the trace is the sender's */
	bool asks_client;		   /* its listener asks for certificates */
	bool has_hops;			   /* Max-Forwards counts for it */
	uint64_t hops;			   /* how many may come behind this one */
	uint8_t host_name[256], address[64], canonical[264];
};

static void request_id(struct edge *e, struct exchange *x)
{
	struct wbuf w = wbuf_of(x->request_id, sizeof x->request_id);
	uint8_t bytes[16];
	struct wbuf b = wbuf_of(bytes, sizeof bytes);

	wbuf_u64(&b, rng_next(&e->rng));
	wbuf_u64(&b, rng_next(&e->rng) | 1); /* never all zero: W3C Trace Context §3.2.2.3 */
	wbuf_hex(&w, wbuf_view(&b));
}

struct exchange *request_exchange(struct edge *e, struct client *c)
{
	const struct image_listener *l = e->now->listener[c->slot];
	struct exchange *x = l ? store_exchange(e) : NULL;

	if (!x)
		return NULL;
	x->head = buffer_get(&e->buffers);
	if (!x->head) {
		store_exchange_free(e, x);
		return NULL;
	}
	list_init(&x->node);
	x->c = c;
	x->g = generation_hold(e->now);
	x->listener = l;
	x->start_ns = e->loop.now_ns;
	c->x = x;
	c->requests++;
	c->state = CLIENT_BUSY;
	PAGE_ADD(e->load->listener[c->slot].requests, 1);
	request_id(e, x);
	return x;
}

void request_refuse(struct edge *e, struct client *c, const struct http1_error *why)
{
	struct exchange *x = request_exchange(e, c);

	PAGE_ADD(e->load->listener[c->slot].bad_requests, 1);
	client_charge(e, c, why->status == 408 ? PAGE_ABUSE_SLOW : PAGE_ABUSE_REQUEST);
	if (!x) {
		client_close(e, c, true);
		return;
	}
	body_init(&x->request, BODY_NONE, 0, false);
	x->flags |= X_CLIENT_CLOSE;
	local_error(e, x, why->status, why->why);
}

/* ---- what it asks for ---- */

/* An HTTP/1.0 client need not say which host it means: the listener's own address then (RFC 9112
 * §3.3). */
static struct view request_own_authority(const struct image_address *a, struct request *q)
{
	struct wbuf w = wbuf_of(q->address, sizeof q->address);

	ip_put_endpoint(&w, &a->ip, a->port);
	return wbuf_view(&w);
}

/* What servers are told as Host: the name that routing sees, with the port that was given. */
static void request_put_authority(struct request *q)
{
	struct wbuf w = wbuf_of(q->canonical, sizeof q->canonical);

	wbuf_view_put(&w, q->host.name);
	if (q->host.port) {
		WBUF_LIT(&w, ":");
		wbuf_dec(&w, q->host.port);
	}
	q->authority = wbuf_view(&w);
}

/* Host and target in canonical form. E_PROTO: *ret_why */
static enum err request_canonical(struct edge *e, const struct exchange *x, struct request *q,
				  const char **ret_why)
{
	const struct http1_head *h = q->h;
	struct view target = view_of(q->head.p + h->target, h->target_n);
	struct wbuf path = wbuf_of(e->path, sizeof e->path),
		    name = wbuf_of(q->host_name, sizeof q->host_name);
	bool is_https = false, is_asterisk = h->target_form == TARGET_ASTERISK;

	if (h->host != UINT16_MAX)
		q->authority = field_value_view(q->head, &h->fields[h->host]);
	*ret_why = "the request's target is not valid";
	if (h->target_form == TARGET_ABSOLUTE) {
		struct view authority = { 0 };

		TRY(uri_absolute_split(target, &is_https, &authority, &target));
		*ret_why = "the target names another host than Host"; /* RFC 9112 §3.2.2, stricter:
									 both must agree */
		if (q->authority.n && !view_ieq(authority, q->authority))
			return E_PROTO;
		q->authority = authority;
		/* RFC 9112 §3.2.4: without a path it asks about the server */
		is_asterisk =
			h->method_id == METHOD_OPTIONS && target.p != authority.p + authority.n;
	}
	if (q->authority.n == 0)
		q->authority = request_own_authority(&x->listener->address, q);
	*ret_why = "Host is not valid";
	TRY(uri_host_parse(q->authority, &name, &q->host));
	request_put_authority(q);
	if (is_asterisk) {
		q->target.path = VIEW("*");
		return E_OK;
	}
	return uri_target_parse(target, &path, &q->target, ret_why);
}

/*
 * RFC 9110 §7.6.2: how far an OPTIONS or TRACE may go. The field is taken out here and written
 * anew, one less. E_PROTO: it is no number, or there are two
 */
static enum err request_take_hops(struct request *q)
{
	const struct http1_head *h = q->h;

	for (size_t i = 0; i < h->field_n; i++) {
		struct field *f = &h->fields[i];

		if (f->id != FIELD_MAX_FORWARDS)
			continue;
		if (q->has_hops || view_dec(field_value_view(q->head, f), &q->hops) != E_OK)
			return E_PROTO;
		q->has_hops = true;
		f->id = FIELD_TAKEN_OUT;
	}
	return E_OK;
}

static bool request_counts_hops(const struct exchange *x)
{
	return x->method == METHOD_OPTIONS || x->method == METHOD_TRACE;
}

/*
 * A TLS connection serves the name it was opened for, and others that the same certificate answers
 * for; any other host is misdirected (RFC 9110 §15.5.20): its certificate was never shown.
 */
static bool request_is_misdirected(const struct client *c, const struct exchange *x,
				   const struct request *q)
{
	struct view sni = { 0 };

	if (!conn_tls(&c->conn))
		return false;
	sni = tls_conn_sni(conn_tls(&c->conn));
	if (sni.n == 0 || view_eq(sni, q->host.name))
		return false;
	return image_find_sni(&x->g->image, x->listener, q->host.name) !=
	       image_find_sni(&x->g->image, x->listener, sni);
}

/* ---- what servers are sent ---- */

static bool request_drops(const struct request *q, const struct field *f)
{
	unsigned flags = field_flags((enum field_id)f->id);
	bool is_certificate = f->id == FIELD_CLIENT_CERT || f->id == FIELD_CLIENT_CERT_CHAIN;

	if (f->id == FIELD_CONTENT_LENGTH || f->id == FIELD_EXPECT)
		return f->id == FIELD_EXPECT && !(q->h->flags & HTTP1_EXPECT_CONTINUE);
	if (flags & (FIELD_HOP | FIELD_FRAMING))
		return true;
	if (f->id == FIELD_TRACEPARENT && q->is_traced)
		return true; /* ours, with the same trace when it was theirs */
	if (f->id == FIELD_TRACESTATE && q->is_traced)
		return !q->is_continued; /* W3C Trace Context §3.3.1.3: never without its parent */
	if (is_certificate && q->asks_client)
		return true; /* RFC 9440 §2.4: what is said of one is ours */
	if (flags & FIELD_TRUST)
		return !q->is_trusted;
	return (q->h->flags & HTTP1_CONNECTION) &&
	       http1_connection_has(q->head, q->h, field_name_view(q->head, f));
}

/* Where v stands, that has just been written. */
static struct span16 request_span(const struct wbuf *w, struct view v)
{
	return (struct span16){ .at = (uint16_t)(w->n - v.n), .n = (uint16_t)v.n };
}

static struct expand_facts request_facts(const struct exchange *x, const struct request *q)
{
	return (struct expand_facts){
		.source = &x->c->ip,
		.host = q->host.name,
		.path = q->target.path,
		.query = q->target.query,
		.request_id = view_of(x->request_id, sizeof x->request_id),
		.scheme = conn_tls(&x->c->conn) ? VIEW("https") : VIEW("http"),
		.prefix_n = x->rule ? expand_prefix(x->rule) : 0,
	};
}

static bool request_rewrites_path(const struct request *q)
{
	return q->filter && q->filter->path.n && q->target.path.p[0] == '/';
}

static void request_put_path(struct exchange *x, const struct request *q, struct wbuf *w)
{
	size_t from = w->n;

	if (request_rewrites_path(q)) {
		struct expand_facts facts = request_facts(x, q);

		expand_put(w, &x->g->image, q->filter->path, &facts);
	} else {
		wbuf_view_put(w, q->target.path);
	}
	x->path_at = (struct span16){ .at = (uint16_t)from, .n = (uint16_t)(w->n - from) };
	if (q->target.query.p) {
		WBUF_LIT(w, "?");
		wbuf_view_put(w, q->target.query);
		x->query_n = (uint32_t)q->target.query.n;
	}
}

/* Request line and Host first, as RFC 9110 §7.2 asks for. */
static void request_put_line(struct exchange *x, const struct request *q, struct wbuf *w)
{
	struct view method = view_of(q->head.p + q->h->method, q->h->method_n),
		    host = q->filter && q->filter->host.n
				   ? image_view(&x->g->image, q->filter->host)
				   : q->authority;

	wbuf_view_put(w, method);
	x->method_at = request_span(w, method);
	WBUF_LIT(w, " ");
	request_put_path(x, q, w);
	WBUF_LIT(w, " HTTP/1.1\r\nHost: ");
	wbuf_view_put(w, host);
	x->host_at = request_span(w, host);
	WBUF_LIT(w, "\r\n");
}

static void request_put_fields(struct exchange *x, const struct request *q, struct wbuf *w)
{
	const struct http1_head *h = q->h;
	size_t run = h->fields_at;

	for (size_t i = 0; i < h->field_n; i++) {
		const struct field *f = &h->fields[i];

		bool goes_on = f->id != FIELD_HOST && !request_drops(q, f);

		if (banner_is_due(x) && banner_drops_request(q->head, f))
			goes_on = false;
		if (goes_on && f->id == FIELD_USER_AGENT)
			x->agent_at = (struct span16){ .at = (uint16_t)(w->n + f->value - run),
						       .n = f->value_n };
		if (goes_on)
			continue;
		wbuf_put(w, q->head.p + run, f->name - run);
		run = f->name + http1_line(q->head, h, i).n;
	}
	wbuf_put(w, q->head.p + run, h->n - 2 - run);
}

static bool request_has(const struct request *q, enum field_id id)
{
	for (size_t i = 0; i < q->h->field_n; i++)
		if (q->h->fields[i].id == (uint16_t)id)
			return true;
	return false;
}

/* RFC 9440 §2.2: the certificate that the client has shown in TLS, as a byte sequence. */
static void request_put_certificate(struct edge *e, const struct exchange *x, struct wbuf *w)
{
	struct wbuf der = wbuf_of(e->frame, TLS_CERTIFICATE_MAX);

	if (tls_conn_certificate(conn_tls(&x->c->conn), &der) != E_OK)
		return;
	WBUF_LIT(w, "Client-Cert: :");
	base64_put(w, wbuf_view(&der));
	WBUF_LIT(w, ":\r\n");
}

/* Who the client is, in our words. A trusted sender's words stay in front of ours. */
static void request_put_client(struct edge *e, struct exchange *x, const struct request *q,
			       struct wbuf *w)
{
	bool keeps = q->is_trusted && (q->h->flags & HTTP1_TRUST), is_v4 = ip_is_v4(&x->c->ip);
	struct view proto = conn_tls(&x->c->conn) ? VIEW("https") : VIEW("http");

	WBUF_LIT(w, "X-Forwarded-For: ");
	ip_put(w, &x->c->ip);
	if (!keeps || !request_has(q, FIELD_X_FORWARDED_PROTO)) {
		WBUF_LIT(w, "\r\nX-Forwarded-Proto: ");
		wbuf_view_put(w, proto);
	}
	if (!keeps || !request_has(q, FIELD_X_FORWARDED_HOST)) {
		WBUF_LIT(w, "\r\nX-Forwarded-Host: ");
		wbuf_view_put(w, q->authority);
	}
	wbuf_view_put(w, is_v4 ? VIEW("\r\nForwarded: for=") : VIEW("\r\nForwarded: for=\"["));
	ip_put(w, &x->c->ip);
	wbuf_view_put(w, is_v4 ? VIEW(";host=\"") : VIEW("]\";host=\""));
	wbuf_view_put(w, q->authority);
	WBUF_LIT(w, "\";proto=");
	wbuf_view_put(w, proto);
	if (!keeps || !request_has(q, FIELD_X_REQUEST_ID)) {
		WBUF_LIT(w, "\r\nX-Request-Id: ");
		wbuf_put(w, x->request_id, sizeof x->request_id);
	}
	if (q->is_traced || !keeps || !request_has(q, FIELD_TRACEPARENT)) {
		WBUF_LIT(w, "\r\ntraceparent: ");
		trace_put(e, x, w);
	}
	WBUF_LIT(w, "\r\n");
}

static void request_put_hop(const struct exchange *x, const struct request *q, struct wbuf *w)
{
	if (q->h->body == BODY_CHUNKED)
		WBUF_LIT(w, "Transfer-Encoding: chunked\r\n");
	if (x->flags & X_WEBSOCKET)
		WBUF_LIT(w, "Connection: Upgrade\r\nUpgrade: websocket\r\n");
	else if (q->h->flags & HTTP1_TE_TRAILERS)
		WBUF_LIT(w, "Connection: TE\r\nTE: trailers\r\n");
	if (q->hops) {
		WBUF_LIT(w, "Max-Forwards: ");
		wbuf_dec(w, q->hops - 1);
		WBUF_LIT(w, "\r\n");
	}
	WBUF_LIT(w, "Via: "); /* with the version that it came in: RFC 9110 §7.6.3 */
	wbuf_view_put(w, x->c->conn.stream ? VIEW("2.0") : q->h->minor ? VIEW("1.1") : VIEW("1.0"));
	WBUF_LIT(w, " sluis\r\n\r\n");
}

static struct filter_request request_filtered(const struct request *q)
{
	return (struct filter_request){
		.head = q->head, .h = q->h, .host = q->host.name, .path = q->target.path
	};
}

/* What the client asked for, behind the head, when servers are sent something else: records and
 * placeholders of the answer speak of this. */
static void request_put_original(struct exchange *x, const struct request *q, struct wbuf *w)
{
	if (request_rewrites_path(q)) {
		wbuf_view_put(w, q->target.path);
		x->path_at = request_span(w, q->target.path);
		if (q->target.query.p) {
			WBUF_LIT(w, "?");
			wbuf_view_put(w, q->target.query);
		}
	}
	if (q->filter->host.n) {
		wbuf_view_put(w, q->authority);
		x->host_at = request_span(w, q->authority);
	}
	if (q->filter->cors.n) {
		struct filter_request facts = request_filtered(q);

		filter_keep_origin(w, x, q->filter, &facts);
	}
	for (size_t i = 0; q->filter->flags & IMAGE_FILTER_AGENT && i < q->h->field_n; i++) {
		const struct field *f = &q->h->fields[i];

		if (!view_ieq(field_name_view(q->head, f), field_name(FIELD_USER_AGENT)))
			continue;
		wbuf_view_put(w, field_value_view(q->head, f));
		x->agent_at = request_span(w, field_value_view(q->head, f));
	}
}

/* Which trace it belongs to: a trusted sender's, when it names one, or one that begins here. */
static void request_trace(struct edge *e, struct exchange *x, struct request *q)
{
	struct view parent = { 0 };

	q->is_traced = x->g->image.header->tracing.kind;
	for (size_t i = 0; q->is_traced && q->is_trusted && i < q->h->field_n; i++)
		if (q->h->fields[i].id == FIELD_TRACEPARENT)
			parent = field_value_view(q->head, &q->h->fields[i]);
	trace_begin(e, x, parent);
	q->is_continued = x->trace.is_continued;
}

static enum err request_build(struct edge *e, struct exchange *x, struct request *q)
{
	struct wbuf w = wbuf_of(x->head->p, BUFFER_BYTES);

	request_trace(e, x, q);
	if (q->filter)
		filter_drop(&x->g->image, q->filter->request_drops, q->head, q->h);
	request_put_line(x, q, &w);
	request_put_fields(x, q, &w);
	if (q->filter) {
		struct expand_facts facts = request_facts(x, q);

		expand_put(&w, &x->g->image, q->filter->request_lines, &facts);
	}
	if (x->flags & X_GATE)
		e->gate->put(e, x, &w);
	request_put_client(e, x, q, &w);
	if (q->asks_client)
		request_put_certificate(e, x, &w);
	request_put_hop(x, q, &w);
	x->head->n = (uint32_t)w.n;
	if (q->filter)
		request_put_original(x, q, &w);
	tripwire_behind(e, &w);
	return w.n > UINT16_MAX ? E_LIMIT : wbuf_check(&w);
}

/* ---- who takes it ---- */

void request_ask(struct edge *e, struct exchange *x)
{
	uint32_t pool =
		route_split(&x->g->image, x->rule, rng_below(&e->rng, x->rule->weight_total));

	if (pool == IMAGE_NONE) {
		local_error(e, x, 503, "no backend has a weight");
		return;
	}
	x->pool_index = pool;
	x->pool = image_pool_at(&x->g->image, pool);
	if (x->pool->persist)
		persist_begin(e, x);
	if (x->rule->mirror_percent)
		mirror_begin(e, x);
	exchange_ask(e, x);
}

void request_pass(struct edge *e, struct exchange *x)
{
	/* What one client got is kept for no other: a cell has no cache */
	if (x->rule->cache == IMAGE_NONE || e->serves_cells || !cache_begin(e, x))
		request_ask(e, x);
}

static const struct image_rule *request_rule(const struct exchange *x, const struct request *q)
{
	struct route_request facts = {
		.host = q->host.name,
		.target = q->target,
		.method = (enum http_method)q->h->method_id,
		.method_name = view_of(q->head.p + q->h->method, q->h->method_n),
		.head = q->head,
		.fields = q->h,
		.source = &x->c->ip,
	};

	return route_find(&x->g->image, x->listener, &facts, x->g->regexes);
}

static bool request_is_grpc(const struct request *q)
{
	for (size_t i = 0; i < q->h->field_n; i++)
		if (q->h->fields[i].id == FIELD_CONTENT_TYPE)
			return view_starts(field_value_view(q->head, &q->h->fields[i]),
					   VIEW("application/grpc"));
	return false;
}

static void request_note_head(struct exchange *x, const struct request *q)
{
	const struct http1_head *h = q->h;
	bool wants_upgrade = (h->flags & HTTP1_WEBSOCKET) && h->minor && h->method_id == METHOD_GET;

	x->method = h->method_id;
	if (!(h->flags & HTTP1_KEEP_ALIVE))
		x->flags |= X_CLIENT_CLOSE;
	if (h->minor == 0)
		x->flags |= X_OLD_CLIENT;
	body_init(&x->request, (enum http_body)h->body, h->content_length, h->body == BODY_CHUNKED);
	x->request.limit = x->listener->body_size;
	if (!x->request.is_done)
		x->pace.is_grpc = request_is_grpc(q);
	if (wants_upgrade && x->request.is_done)
		x->flags |= X_WEBSOCKET;
}

/* Why a request goes no further than here; status 0: it may go on. */
struct request_verdict {
	uint16_t status;
	const char *why;
};

/* What needs no rule to be refused. */
static struct request_verdict request_admit(const struct exchange *x, const struct request *q)
{
	if (q->h->method_id == METHOD_CONNECT)
		return (struct request_verdict){ 501, "CONNECT is not offered here" };
	if (request_is_misdirected(x->c, x, q))
		return (struct request_verdict){ 421,
						 "this host is not served on this connection" };
	if (x->listener->body_size && q->h->body == BODY_LENGTH &&
	    q->h->content_length > x->listener->body_size)
		return (struct request_verdict){
			413, "the request's body is larger than this listener takes"
		};
	return (struct request_verdict){ 0 };
}

/* It may not go on to a server, so the answer is ours (RFC 9110 §7.6.2). A TRACE would have to show
 * what fields came in: that shows cookies to scripts, and is not done. */
static struct request_verdict request_last_hop(const struct exchange *x)
{
	if (x->method == METHOD_OPTIONS)
		return (struct request_verdict){ 200, "OPTIONS for this hop" };
	return (struct request_verdict){ 501, "TRACE is not answered here" };
}

/* The log-in portal and applications are a cell's to decide about. */
static struct request_verdict request_ask_gate(struct edge *e, struct exchange *x,
					       const struct request *q)
{
	struct gate_request facts = { .head = q->head,
				      .h = q->h,
				      .host = q->host.name,
				      .path = q->target.path,
				      .query = q->target.query };
	struct gate_refusal v = gate_judge(e, x, &facts);

	return (struct request_verdict){ v.status, v.why };
}

static bool request_is_gate(const struct exchange *x)
{
	return x->rule->action == IMAGE_ACTION_PORTAL || x->rule->action == IMAGE_ACTION_APP;
}

/* The rule that takes it, and what that rule's filters have against it. */
static struct request_verdict request_decide(struct edge *e, struct exchange *x, struct request *q)
{
	struct filter_verdict v = { 0 };

	if (x->listener->flags & IMAGE_REDIRECT_TO_HTTPS)
		return (struct request_verdict){ 0 };
	x->rule = request_rule(x, q);
	if (!x->rule)
		return (struct request_verdict){ 404, "no route takes this request" };
	q->filter = filter_of(x);
	if (q->filter) {
		struct filter_request facts = request_filtered(q);

		v = filter_judge(e, x, q->filter, &facts);
	}
	if (x->rule->compress != IMAGE_NONE)
		compress_ask(x, q->head, q->h);
	if (!v.status && q->has_hops && !q->hops &&
	    (x->rule->action == IMAGE_ACTION_BACKEND || request_is_gate(x)))
		return request_last_hop(x);
	if (!v.status && request_is_gate(x))
		return request_ask_gate(e, x, q);
	return (struct request_verdict){ v.status, v.why };
}

/* Isolation has the last word: whatever else was found, a level that holds is what counts (P8). */
static struct request_verdict request_isolate(struct edge *e, struct exchange *x,
					      const struct request *q, struct request_verdict v)
{
	const struct level_request facts = { .head = q->head, .h = q->h, .path = q->target.path };
	struct level_refusal r = level_admit(e, x, &facts);

	return r.status ? (struct request_verdict){ r.status, r.why } : v;
}

/* What did not fit has no place that could be spoken of: positions have 16 bits. */
static void request_forget(struct exchange *x)
{
	x->method_at = x->path_at = x->host_at = x->agent_at = (struct span16){ 0 };
	x->origin_at = x->asked_method_at = x->asked_fields_at = (struct span16){ 0 };
	x->query_n = 0;
}

static struct request_verdict request_judge(struct edge *e, struct exchange *x, struct request *q)
{
	struct request_verdict v = { 0 };
	const char *why = NULL;

	enum err made = request_canonical(e, x, q, &why);

	if (made == E_OK && request_counts_hops(x)) {
		why = "Max-Forwards is not valid";
		made = request_take_hops(q);
	}
	if (made != E_OK) {
		PAGE_ADD(e->load->listener[x->c->slot].bad_requests, 1);
		client_charge(e, x->c, PAGE_ABUSE_REQUEST);
		x->flags |= X_CLIENT_CLOSE;
		return (struct request_verdict){ 400, why };
	}
	q->is_trusted = abuse_speaks_for_others(e, &x->c->ip);
	q->asks_client = x->listener->client_mode != IMAGE_CLIENT_OFF;
	v = request_admit(x, q);
	if (!v.status)
		v = request_isolate(e, x, q, request_decide(e, x, q));
	if (request_build(e, x, q) == E_OK)
		return v;
	request_forget(x);
	x->level_by = LEVEL_OPEN;
	return (struct request_verdict){ 431, "the request's head is too large to pass on" };
}

static void request_act(struct edge *e, struct exchange *x, const struct request *q,
			struct request_verdict v)
{
	if (x->level_by)
		level_refuse(e, x);
	else if (v.status == 204)
		local_preflight(e, x);
	else if (v.status == 200)
		local_options(e, x);
	else if (v.status)
		local_error(e, x, v.status, v.why);
	else if (!x->rule)
		local_to_https(e, x, q->host.name);
	else if (x->rule->action == IMAGE_ACTION_BACKEND)
		request_pass(e, x);
	else if (x->flags & X_GATE)
		gate_act(e, x);
	else
		local_rule(e, x);
}

enum err request_begin(struct edge *e, struct client *c, struct view head,
		       const struct http1_head *h, struct view rest)
{
	struct exchange *x = request_exchange(e, c);
	struct request q = { .head = head, .h = h };
	struct request_verdict v = { 0 };

	if (!x)
		return E_NOMEM;
	request_note_head(x, &q);
	v = request_judge(e, x, &q);
	/* From here on head's bytes may be another's: what is needed of them has been built or
	 * decided. */
	if (conn_keep(e, &c->conn, rest) != E_OK)
		v = (struct request_verdict){ 503, "no buffer is free" };
	if (x->gate)
		gate_wipe(e, NULL, rest); /* a form: what is kept of it is the only copy */
	request_act(e, x, &q, v);
	return E_OK;
}
