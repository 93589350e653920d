/* Filters on the way of requests and answers. */
#include "role/edge/filter.h"

#include "base/hash.h"
#include "proto/cookie.h"
#include "role/edge/address.h"
#include "role/edge/conn.h"
#include "role/edge/count.h"
#include "role/edge/flight.h"
#include "role/edge/rate.h"
#include "route/allow.h"
#include "route/cors.h"
#include "sys/clock.h"

/* ---- limits ---- */

/*
 * The value of the named cookie; nothing when there are two: servers differ in which one they take,
 * and whoever may say something else in front of his key has as many as he likes (THREATS A5).
 */
static struct view filter_cookie(const struct filter_request *q, struct view name)
{
	struct view found = { 0 }, pair = { 0 }, value = { 0 };
	bool is_there = false;

	for (size_t i = 0; i < q->h->field_n; i++) {
		struct view rest = field_value_view(q->head, &q->h->fields[i]);

		if (q->h->fields[i].id != FIELD_COOKIE)
			continue;
		while (cookie_next(&rest, &pair) == E_OK) {
			if (!cookie_is(pair, name, &value))
				continue;
			if (is_there)
				return (struct view){ 0 };
			is_there = true;
			found = value;
		}
	}
	return found;
}

/* What a limit counts by, of this request; empty: the source address. */
static struct view filter_key(const struct exchange *x, const struct image_limit *l,
			      const struct filter_request *q)
{
	struct view name = image_view(&x->g->image, l->key);

	switch ((enum image_limit_key)l->key_kind) {
	case IMAGE_BY_HEADER:
		return cors_field(q->head, q->h, name); /* nothing when there are two */
	case IMAGE_BY_COOKIE:
		return filter_cookie(q, name);
	case IMAGE_BY_PATH:
		return q->path;
	case IMAGE_BY_HOST:
		return q->host;
	case IMAGE_BY_ROUTE:
		return VIEW("*");
	case IMAGE_BY_SOURCE_ADDRESS:
	case IMAGE_BY_N:
		break;
	}
	return (struct view){ 0 };
}

static uint64_t filter_hash(const struct edge *e, const struct exchange *x,
			    const struct image_limit *l, const struct filter_request *q)
{
	struct view key = filter_key(x, l, q);
	uint64_t secret[2] = { e->address_key[0] ^ l->id, e->address_key[1] };

	return key.n ? hash_keyed(secret, key) : address_hash_pool(e, &x->c->ip, l->id);
}

static bool filter_is_client(const struct image_limit *l)
{
	return l->key_kind == IMAGE_BY_SOURCE_ADDRESS || l->key_kind == IMAGE_BY_HEADER ||
	       l->key_kind == IMAGE_BY_COOKIE;
}

static struct filter_verdict filter_rate(struct edge *e, struct exchange *x,
					 const struct image_limit *l, uint64_t hash)
{
	struct rate_pages pages = { .own = e->load, .all = e->loads, .n = e->load_n };
	uint64_t wait_ns = 0;

	if (rate_take(&pages, l, hash, clock_mono_ns(), &wait_ns) == E_OK)
		return (struct filter_verdict){ 0 };
	x->limit = l;
	x->retry_after_s = (uint32_t)((wait_ns + 999999999) / 1000000000);
	PAGE_ADD(count_rule(e, x->rule)->limited, 1);
	return (struct filter_verdict){ 429, "a rate limit is reached" };
}

static struct filter_verdict filter_flight(struct edge *e, struct exchange *x,
					   const struct image_limit *l, uint64_t hash)
{
	if (flight_enter(e, x, hash, l->requests) == E_OK)
		return (struct filter_verdict){ 0 };
	x->limit = l;
	x->retry_after_s = 1;
	PAGE_ADD(count_rule(e, x->rule)->busy, 1);
	return (struct filter_verdict){ filter_is_client(l) ? 429 : 503,
					"a concurrency limit is reached" };
}

/* The limits of one kind, the route's before the rule's. */
static struct filter_verdict filter_limits(struct edge *e, struct exchange *x,
					   const struct image_filter *f,
					   const struct filter_request *q, bool is_flight)
{
	struct filter_verdict v = { 0 };

	for (uint32_t i = 0; i < 2; i++) {
		for (uint32_t k = 0; k < f->limits[i].n && !v.status; k++) {
			const struct image_limit *l =
				image_limit_at(&x->g->image, f->limits[i].first + k);

			if ((l->kind == IMAGE_LIMIT_CONCURRENCY) != is_flight)
				continue;
			v = is_flight ? filter_flight(e, x, l, filter_hash(e, x, l, q))
				      : filter_rate(e, x, l, filter_hash(e, x, l, q));
		}
	}
	return v;
}

struct filter_verdict filter_judge(struct edge *e, struct exchange *x, const struct image_filter *f,
				   const struct filter_request *q)
{
	struct filter_verdict v = { 0 };

	if (f->access.n && !allow_source(&x->g->image, f, &x->c->ip)) {
		PAGE_ADD(count_rule(e, x->rule)->denied, 1);
		return (struct filter_verdict){ 403, "the client's address is not allowed" };
	}
	if (f->limits[0].n || f->limits[1].n)
		v = filter_limits(e, x, f, q, false);
	if (!v.status && (f->limits[0].n || f->limits[1].n))
		v = filter_limits(e, x, f, q, true);
	if (!v.status && f->cors.n && cors_is_preflight(q->head, q->h))
		v = (struct filter_verdict){ 204, NULL };
	return v;
}

/* ---- header fields ---- */

static uint8_t filter_fold(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint8_t)(c | 0x20);
	return c == '_' ? '-' : c;
}

static bool filter_name_is(struct view name, struct view folded)
{
	if (name.n != folded.n)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (filter_fold(name.p[i]) != folded.p[i])
			return false;
	return true;
}

bool filter_drops_name(const struct image *im, struct image_range drops, struct view name)
{
	for (uint32_t i = 0; i < drops.n; i++)
		if (filter_name_is(name, image_view(im, *image_drop_at(im, drops.first + i))))
			return true;
	return false;
}

void filter_drop(const struct image *im, struct image_range drops, struct view head,
		 const struct http1_head *h)
{
	if (drops.n == 0)
		return;
	for (size_t i = 0; i < h->field_n; i++)
		if (filter_drops_name(im, drops, field_name_view(head, &h->fields[i])))
			h->fields[i].id = FIELD_TAKEN_OUT;
}

static struct view filter_span(const struct exchange *x, struct span16 at)
{
	return view_of(x->head->p + at.at, at.n);
}

/* A canonical authority without its port. */
static struct view filter_host(struct view authority)
{
	size_t end = view_find(authority, ':');

	if (view_starts(authority, VIEW("[")))
		end = view_find(authority, ']') + 1;
	return view_slice(authority, 0, end);
}

struct expand_facts filter_facts(const struct exchange *x)
{
	struct view path = filter_span(x, x->path_at);

	return (struct expand_facts){
		.source = &x->c->ip,
		.host = filter_host(filter_span(x, x->host_at)),
		.path = path,
		.query = x->query_n ? view_of(path.p + path.n + 1, x->query_n) : (struct view){ 0 },
		.request_id = view_of(x->request_id, sizeof x->request_id),
		.scheme = conn_tls(&x->c->conn) ? VIEW("https") : VIEW("http"),
		.prefix_n = x->rule ? expand_prefix(x->rule) : 0,
	};
}

/* Field lines with their placeholders. */
static void filter_put_lines(struct wbuf *w, const struct exchange *x, struct image_range lines)
{
	struct expand_facts facts = { 0 };

	if (lines.n == 0)
		return;
	facts = filter_facts(x);
	expand_put(w, &x->g->image, lines, &facts);
}

/* ---- other origins ---- */

static const struct image_cors *filter_cors(const struct exchange *x, const struct image_filter *f)
{
	return image_cors_at(&x->g->image, f->cors.first);
}

static void filter_keep(struct wbuf *w, struct view v, struct span16 *ret)
{
	wbuf_view_put(w, v);
	*ret = (struct span16){ .at = (uint16_t)(w->n - v.n), .n = (uint16_t)v.n };
}

void filter_keep_origin(struct wbuf *w, struct exchange *x, const struct image_filter *f,
			const struct filter_request *q)
{
	struct view origin = cors_field(q->head, q->h, VIEW("Origin"));

	if (!cors_allows(&x->g->image, filter_cors(x, f), origin))
		return;
	filter_keep(w, origin, &x->origin_at);
	if (!cors_is_preflight(q->head, q->h))
		return;
	filter_keep(w, cors_field(q->head, q->h, VIEW("Access-Control-Request-Method")),
		    &x->asked_method_at);
	filter_keep(w, cors_field(q->head, q->h, VIEW("Access-Control-Request-Headers")),
		    &x->asked_fields_at);
}

static void filter_put_origin(struct wbuf *w, const struct exchange *x, const struct image_cors *c)
{
	bool is_any = c->flags & IMAGE_CORS_ANY_ORIGIN && !(c->flags & IMAGE_CORS_CREDENTIALS);

	if (!is_any)
		WBUF_LIT(w, "Vary: Origin\r\n");
	if (x->origin_at.n == 0)
		return;
	WBUF_LIT(w, "Access-Control-Allow-Origin: ");
	wbuf_view_put(w, is_any ? VIEW("*") : filter_span(x, x->origin_at));
	if (c->flags & IMAGE_CORS_CREDENTIALS)
		WBUF_LIT(w, "\r\nAccess-Control-Allow-Credentials: true");
	WBUF_LIT(w, "\r\n");
}

void filter_put_answer(struct wbuf *w, const struct exchange *x, const struct image_filter *f,
		       bool is_page)
{
	const struct image_cors *c = f->cors.n ? filter_cors(x, f) : NULL;

	filter_put_lines(w, x, is_page ? f->page_lines : f->answer_lines);
	if (!c)
		return;
	filter_put_origin(w, x, c);
	if (x->origin_at.n == 0 || x->asked_method_at.n || c->expose.n == 0)
		return;
	WBUF_LIT(w, "Access-Control-Expose-Headers: ");
	wbuf_view_put(w, image_view(&x->g->image, c->expose));
	WBUF_LIT(w, "\r\n");
}

/* A list of the answer; "*" means any only without credentials, so that what was asked for is
 * said back. */
static void filter_put_list(struct wbuf *w, struct view name, struct view list, struct view asked)
{
	if (view_eq(list, VIEW("*")))
		list = asked;
	if (list.n == 0)
		return;
	wbuf_view_put(w, name);
	wbuf_view_put(w, list);
	WBUF_LIT(w, "\r\n");
}

void filter_put_preflight(struct wbuf *w, const struct exchange *x, const struct image_filter *f)
{
	const struct image *im = &x->g->image;
	const struct image_cors *c = filter_cors(x, f);

	WBUF_LIT(w, "Vary: Access-Control-Request-Method, Access-Control-Request-Headers\r\n");
	if (x->origin_at.n == 0)
		return;
	filter_put_list(w, VIEW("Access-Control-Allow-Methods: "), image_view(im, c->methods),
			filter_span(x, x->asked_method_at));
	filter_put_list(w, VIEW("Access-Control-Allow-Headers: "), image_view(im, c->headers),
			filter_span(x, x->asked_fields_at));
	WBUF_LIT(w, "Access-Control-Max-Age: ");
	wbuf_dec(w, c->max_age_s);
	WBUF_LIT(w, "\r\n");
}
