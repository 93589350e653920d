/*
 * Local answers. Whatever a client sent appears in none of them but for the redirect to https,
 * whose host and path are canonical (THREATS 3a A5: error pages never echo input).
 */
#include "role/edge/local.h"

#include "role/edge/access.h"
#include "role/edge/answer.h"
#include "role/edge/body.h"
#include "role/edge/conn.h"
#include "role/edge/exchange.h"
#include "role/edge/filter.h"
#include "role/edge/gate.h"
#include "role/edge/passthrough.h"

struct local_status {
	uint16_t status;
	const char *reason;
	const char *advice; /* for a person who sees the page */
};

static const struct local_status local_statuses[] = {
	{ 200, "OK", "" },
	{ 204, "No Content", "" },
	{ 301, "Moved Permanently", "" },
	{ 302, "Found", "" },
	{ 303, "See Other", "" },
	{ 304, "Not Modified", "" },
	{ 307, "Temporary Redirect", "" },
	{ 308, "Permanent Redirect", "" },
	{ 400, "Bad Request", "Your browser sent something that this server can't accept." },
	{ 401, "Unauthorized", "Please log in first." },
	{ 403, "Forbidden", "You may not see this page." },
	{ 404, "Not Found", "There is no page at this address." },
	{ 405, "Method Not Allowed", "" },
	{ 408, "Request Timeout", "The request took too long to arrive. Please try again." },
	{ 410, "Gone", "This page no longer exists." },
	{ 413, "Content Too Large", "What you sent is larger than this server accepts." },
	{ 414, "URI Too Long", "The address is too long." },
	{ 415, "Unsupported Media Type", "" },
	{ 417, "Expectation Failed", "Your browser expects something that this server can't do." },
	{ 421, "Misdirected Request", "Please open the page again." },
	{ 429, "Too Many Requests",
	  "Too many requests have come from you at once. Please wait a moment." },
	{ 431, "Request Header Fields Too Large",
	  "Your browser sent too many or too large cookies. Deleting this site's cookies may "
	  "help." },
	{ 501, "Not Implemented", "This server can't do what was asked." },
	{ 502, "Bad Gateway",
	  "The server behind this address gave no usable answer. Please try again later." },
	{ 503, "Service Unavailable",
	  "The service is not available at the moment. Please try again later." },
	{ 504, "Gateway Timeout",
	  "The server behind this address did not answer in time. Please try again later." },
	{ 505, "HTTP Version Not Supported",
	  "Your browser speaks a version of HTTP that this server does not." },
};

static const struct local_status *local_find(uint16_t status)
{
	static const struct local_status other = { 0, "Response", "" };

	for (size_t i = 0; i < sizeof local_statuses / sizeof local_statuses[0]; i++)
		if (local_statuses[i].status == status)
			return &local_statuses[i];
	return &other;
}

/* What a local answer consists of. */
struct local {
	uint16_t status;
	struct view type, location, body;
	bool is_page; /* one of ours: never cached, nothing may be loaded or framed */
};

/* One of our own fields; a filter of the rule may take it out of all but our own pages. */
static void local_put_field(struct wbuf *w, const struct exchange *x, const struct local *a,
			    struct view name, struct view value)
{
	const struct image_filter *f = filter_of(x);

	if (f && !a->is_page && filter_drops_name(&x->g->image, f->answer_drops, name))
		return;
	wbuf_view_put(w, name);
	WBUF_LIT(w, ": ");
	wbuf_view_put(w, value);
	WBUF_LIT(w, "\r\n");
}

static void local_put_head(struct edge *e, struct wbuf *w, const struct exchange *x,
			   const struct local *a)
{
	const struct image_filter *f = filter_of(x);

	WBUF_LIT(w, "HTTP/1.1 ");
	wbuf_dec(w, a->status);
	WBUF_LIT(w, " ");
	wbuf_str(w, local_find(a->status)->reason);
	if (a->status != 204 && a->status != 304) { /* RFC 9110 §8.6 */
		WBUF_LIT(w, "\r\nContent-Length: ");
		wbuf_dec(w, a->body.n);
	}
	WBUF_LIT(w, "\r\n");
	if (a->type.n)
		local_put_field(w, x, a, VIEW("Content-Type"), a->type);
	local_put_field(w, x, a, VIEW("X-Request-Id"),
			view_of(x->request_id, sizeof x->request_id));
	local_put_field(w, x, a, VIEW("X-Content-Type-Options"), VIEW("nosniff"));
	if (a->is_page)
		WBUF_LIT(w,
			 "Cache-Control: no-store\r\nContent-Security-Policy: default-src 'none'; "
			 "frame-ancestors 'none'; "
			 "base-uri 'none'; form-action 'none'\r\nReferrer-Policy: no-referrer\r\n");
	if (f)
		filter_put_answer(w, x, f, a->is_page);
	answer_put_security(w, x);
	if (a->is_page || !f || !filter_drops_name(&x->g->image, f->answer_drops, VIEW("Date")))
		answer_put_date(e, w);
}

/* The one way out of this file: sends the answer and ends the exchange. */
static void local_send(struct edge *e, struct exchange *x, struct wbuf *w, const struct local *a)
{
	if (!x->request.is_done)
		x->flags |= X_CLIENT_CLOSE;
	if (x->flags & X_CLIENT_CLOSE)
		WBUF_LIT(w, "Connection: close\r\n");
	WBUF_LIT(w, "\r\n");
	if (x->method != METHOD_HEAD)
		wbuf_view_put(w, a->body);
	x->status = a->status;
	x->first_byte_ns = e->loop.now_ns;
	x->flags |= X_ANSWERED | X_SERVER_CLOSE; /* a server that was asked has not answered */
	body_init(&x->answer, BODY_NONE, 0, false);
	x->bytes_out += w->n;
	if (wbuf_check(w) != E_OK || conn_send(e, &x->c->conn, wbuf_view(w)) != E_OK) {
		x->c->conn.is_broken = true;
		exchange_abort(e, x);
		return;
	}
	exchange_finish(e, x);
}

/*
 * When to come back: RFC 9110 §10.2.3, and RateLimit fields as in
 * draft-ietf-httpapi-ratelimit-headers-10.
 */
static void local_put_wait(struct wbuf *w, const struct exchange *x, uint16_t status)
{
	uint32_t wait_s = x->limit && x->retry_after_s ? x->retry_after_s : 5;

	if (status != 503 && status != 429)
		return;
	WBUF_LIT(w, "Retry-After: ");
	wbuf_dec(w, wait_s);
	WBUF_LIT(w, "\r\n");
	if (!x->limit || x->limit->kind == IMAGE_LIMIT_CONCURRENCY)
		return;
	WBUF_LIT(w, "RateLimit-Policy: \"rate\";q=");
	wbuf_dec(w, x->limit->requests);
	if (x->limit->per_ms % 1000 == 0) {
		WBUF_LIT(w, ";w=");
		wbuf_dec(w, x->limit->per_ms / 1000);
	}
	WBUF_LIT(w, "\r\nRateLimit: \"rate\";r=0;t=");
	wbuf_dec(w, wait_s);
	WBUF_LIT(w, "\r\n");
}

void local_error(struct edge *e, struct exchange *x, uint16_t status, const char *why)
{
	const struct local_status *s = local_find(status);
	uint8_t page[1024];
	struct wbuf b = wbuf_of(page, sizeof page), w = wbuf_of(e->piece, sizeof e->piece);
	struct local a = { .status = status,
			   .type = VIEW("text/html; charset=utf-8"),
			   .is_page = true };

	if (x->flags & X_ANSWERED) {
		exchange_abort(e, x);
		return;
	}
	access_why(x, why);
	if (x->flags & X_RAW) {
		passthrough_failed(e, x, status);
		return;
	}
	WBUF_LIT(&b, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		     "<meta name=\"viewport\" content=\"width=device-width\"><title>");
	wbuf_dec(&b, status);
	WBUF_LIT(&b, " ");
	wbuf_str(&b, s->reason);
	WBUF_LIT(&b, "</title></head>\n<body><main><h1>");
	wbuf_str(&b, s->reason);
	WBUF_LIT(&b, "</h1><p>");
	wbuf_str(&b, s->advice);
	WBUF_LIT(&b, "</p><p>Request <code>");
	wbuf_put(&b, x->request_id, sizeof x->request_id);
	WBUF_LIT(&b, "</code></p></main></body></html>\n");
	a.body = wbuf_view(&b);
	local_put_head(e, &w, x, &a);
	local_put_wait(&w, x, status);
	local_send(e, x, &w, &a);
}

static void local_redirect(struct edge *e, struct exchange *x, struct local *a)
{
	struct wbuf w = wbuf_of(e->piece, sizeof e->piece);

	local_put_head(e, &w, x, a);
	local_put_field(&w, x, a, VIEW("Location"), a->location);
	local_send(e, x, &w, a);
}

void local_rule(struct edge *e, struct exchange *x)
{
	const struct image *im = &x->g->image;
	struct wbuf w = wbuf_of(e->piece, sizeof e->piece);
	struct local a = { .status = x->rule->status };

	if (x->rule->action == IMAGE_ACTION_REDIRECT) {
		struct wbuf to = wbuf_of(e->frame, sizeof e->frame);
		struct expand_facts facts = filter_facts(x);

		if (!view_starts(facts.path, VIEW("/")))
			facts.path = VIEW("/"); /* "*" is nowhere to be sent to */
		expand_put(&to, im, x->rule->to, &facts);
		a.location = wbuf_view(&to);
		local_redirect(e, x, &a);
		return;
	}
	a.body = image_view(im, x->rule->body);
	a.type = image_view(im, x->rule->content_type);
	local_put_head(e, &w, x, &a);
	local_send(e, x, &w, &a);
}

void local_preflight(struct edge *e, struct exchange *x)
{
	struct wbuf w = wbuf_of(e->piece, sizeof e->piece);
	struct local a = { .status = 204 };

	access_why(x, "a preflight request");
	local_put_head(e, &w, x, &a);
	filter_put_preflight(&w, x, filter_of(x));
	local_send(e, x, &w, &a);
}

void local_options(struct edge *e, struct exchange *x)
{
	struct wbuf w = wbuf_of(e->piece, sizeof e->piece);
	struct local a = { .status = 200 };

	access_why(x, "the last hop that Max-Forwards allows");
	local_put_head(e, &w, x, &a);
	local_send(e, x, &w, &a);
}

void local_own(struct edge *e, struct exchange *x, const struct gate_answer *own)
{
	struct wbuf w = wbuf_of(e->piece, sizeof e->piece);
	struct local a = { .status = own->status, .type = own->type, .body = own->body };

	if (x->flags & X_ANSWERED) {
		exchange_abort(e, x);
		return;
	}
	access_why(x, own->why);
	local_put_head(e, &w, x, &a);
	wbuf_view_put(&w, own->lines);
	local_send(e, x, &w, &a);
}

void local_to_https(struct edge *e, struct exchange *x, struct view host)
{
	bool keeps_method = x->method != METHOD_GET && x->method != METHOD_HEAD;
	struct wbuf w = wbuf_of(e->frame, sizeof e->frame);
	struct local a = { .status = keeps_method ? 308 : 301 };
	uint16_t port = x->g->https_port;

	if (host.n == 0 || x->path_at.n == 0 || x->head->p[x->path_at.at] != '/') {
		local_error(e, x, 400, "nothing to redirect to: no host");
		return;
	}
	WBUF_LIT(&w, "https://");
	wbuf_view_put(&w, host);
	if (port && port != 443) {
		WBUF_LIT(&w, ":");
		wbuf_dec(&w, port);
	}
	/* path, and the query behind it with its '?' */
	wbuf_put(&w, x->head->p + x->path_at.at,
		 (size_t)x->path_at.n + (x->query_n ? x->query_n + 1 : 0));
	a.location = wbuf_view(&w);
	local_redirect(e, x, &a);
}
