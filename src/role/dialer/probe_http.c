/* HTTP of health checks; run by the dialer. */
#include "role/dialer/probe_http.h"

void probe_http_borders(struct view needle, uint16_t *ret)
{
	uint16_t k = 0;

	for (size_t i = 0; i < needle.n; i++) {
		if (i == 0) {
			ret[0] = 0;
			continue;
		}
		while (k && needle.p[i] != needle.p[k])
			k = ret[k - 1];
		if (needle.p[i] == needle.p[k])
			k++;
		ret[i] = k;
	}
}

struct view probe_http_method(const struct image *im, const struct image_pool *pool)
{
	return pool->health_method.n ? image_view(im, pool->health_method) : VIEW("GET");
}

void probe_http_begin(struct probe_http *p, const struct image *im, const struct image_pool *pool)
{
	p->range_n = pool->status.n;
	p->range = pool->status.n ? image_status_range_at(im, pool->status.first) : NULL;
	p->method = (uint8_t)http_method_of(probe_http_method(im, pool));
	p->chunked = (struct chunked){ 0 };
	p->body_left = p->progress = 0;
	p->body_seen = p->status = p->matched = p->interim = 0;
	p->body = BODY_NONE;
}

void probe_http_host(struct wbuf *w, const struct image *im, const struct image_server *s,
		     const struct image_pool *pool)
{
	uint16_t usual = pool->protocol == IMAGE_HTTPS ? 443 : 80;

	if (pool->health_host.n) {
		wbuf_view_put(w, image_view(im, pool->health_host));
	} else if (s->address.kind == IMAGE_ADDRESS_IP) {
		ip_put_endpoint(w, &s->address.ip, s->address.port);
	} else if (s->address.kind == IMAGE_ADDRESS_NAME) {
		wbuf_view_put(w, image_view(im, s->address.name));
		if (s->address.port != usual) {
			WBUF_LIT(w, ":");
			wbuf_dec(w, s->address.port);
		}
	} else {
		WBUF_LIT(w, "localhost");
	}
}

void probe_http_request(struct wbuf *w, const struct image *im, const struct image_server *s)
{
	const struct image_pool *pool = image_pool_at(im, s->pool);
	struct view method = probe_http_method(im, pool);
	enum http_method id = http_method_of(method);

	wbuf_view_put(w, method);
	WBUF_LIT(w, " ");
	wbuf_view_put(w, pool->health_path.n ? image_view(im, pool->health_path) : VIEW("/"));
	WBUF_LIT(w, " HTTP/1.1\r\nHost: ");
	probe_http_host(w, im, s, pool);
	WBUF_LIT(w, "\r\nUser-Agent: sluis-health\r\nAccept: */*\r\nConnection: close\r\n");
	/* RFC 9110 §8.6: a method that expects content says that there is none */
	if (id == METHOD_POST || id == METHOD_PUT || id == METHOD_PATCH)
		WBUF_LIT(w, "Content-Length: 0\r\n");
	WBUF_LIT(w, "\r\n");
}

bool probe_http_is_expected(const struct probe_http *p)
{
	for (size_t i = 0; i < p->range_n; i++)
		if (p->status >= p->range[i].from && p->status <= p->range[i].to)
			return true;
	/* Without a range: what CONFIG says is the default. */
	return p->range_n == 0 && p->status >= 200 && p->status <= 399;
}

/* One head; PAGE_CHECK_OK means: go on with the body. */
static enum page_check probe_http_head(struct probe_http *p, struct view *in, bool is_end)
{
	struct field fields[PROBE_HTTP_FIELDS];
	struct http1_head h = { .fields = fields, .field_cap = PROBE_HTTP_FIELDS };
	struct http1_error why = { 0 };
	enum err e = http1_parse_response(*in, PROBE_HTTP_HEAD_MAX, (enum http_method)p->method,
					  &p->progress, &h, &why);

	if (e == E_AGAIN)
		return is_end ? PAGE_CHECK_PROTOCOL : PAGE_CHECK_NONE;
	if (e != E_OK)
		return PAGE_CHECK_PROTOCOL;
	*in = view_slice(*in, h.n, in->n);
	p->progress = 0;
	if (h.status < 200) {
		/* 101 was not asked for; any other 1xx is followed by the answer (RFC 9110 §15.2)
		 */
		p->interim++;
		return h.status == 101 || p->interim > PROBE_HTTP_INTERIM_MAX ? PAGE_CHECK_PROTOCOL
									      : PAGE_CHECK_NONE;
	}
	p->status = h.status;
	p->body = h.body;
	p->body_left = h.content_length;
	return probe_http_is_expected(p) ? PAGE_CHECK_OK : PAGE_CHECK_STATUS;
}

/* True when the whole text has been seen. */
static bool probe_http_search(struct probe_http *p, struct view piece)
{
	for (size_t i = 0; i < piece.n; i++) {
		while (p->matched && piece.p[i] != p->needle.p[p->matched])
			p->matched = p->border[p->matched - 1];
		if (piece.p[i] == p->needle.p[p->matched])
			p->matched++;
		if (p->matched == p->needle.n)
			return true;
	}
	return false;
}

enum page_check probe_http_content(struct probe_http *p, struct view piece)
{
	piece = view_slice(piece, 0, PROBE_HTTP_BODY_MAX - p->body_seen);
	p->body_seen += (uint32_t)piece.n;
	if (probe_http_search(p, piece))
		return PAGE_CHECK_OK;
	return p->body_seen >= PROBE_HTTP_BODY_MAX ? PAGE_CHECK_BODY : PAGE_CHECK_NONE;
}

/* The next piece of the body: E_OK, E_AGAIN (nothing there), E_CLOSED (it is over), E_PROTO. */
static enum err probe_http_piece(struct probe_http *p, struct view *in, struct view *ret)
{
	enum chunked_piece kind = CHUNKED_DATA;

	switch ((enum http_body)p->body) {
	case BODY_LENGTH:
		if (p->body_left == 0)
			return E_CLOSED;
		if (in->n == 0)
			return E_AGAIN;
		*ret = view_slice(*in, 0, p->body_left < in->n ? (size_t)p->body_left : in->n);
		p->body_left -= ret->n;
		break;
	case BODY_UNTIL_CLOSE:
		if (in->n == 0)
			return E_AGAIN;
		*ret = *in;
		break;
	case BODY_CHUNKED:
		TRY(chunked_next(&p->chunked, in, &kind, ret));
		if (kind == CHUNKED_TRAILER)
			*ret = (struct view){ 0 };
		return kind == CHUNKED_END ? E_CLOSED : E_OK;
	case BODY_NONE:
	default:
		return E_CLOSED;
	}
	*in = view_slice(*in, ret->n, in->n);
	return E_OK;
}

static enum page_check probe_http_body(struct probe_http *p, struct view *in, bool is_end)
{
	for (;;) {
		struct view piece = { 0 };
		enum page_check seen = PAGE_CHECK_NONE;
		enum err e = probe_http_piece(p, in, &piece);

		if (e == E_AGAIN && !is_end)
			return PAGE_CHECK_NONE;
		if (e == E_AGAIN) /* cut off; only a body that is read until the end may just end */
			return p->body == BODY_UNTIL_CLOSE ? PAGE_CHECK_BODY : PAGE_CHECK_PROTOCOL;
		if (e == E_CLOSED)
			return PAGE_CHECK_BODY;
		if (e != E_OK)
			return PAGE_CHECK_PROTOCOL;
		seen = probe_http_content(p, piece);
		if (seen != PAGE_CHECK_NONE)
			return seen;
	}
}

enum page_check probe_http_feed(struct probe_http *p, struct view *in, bool is_end)
{
	while (p->status == 0) {
		uint8_t interim = p->interim;
		enum page_check r = probe_http_head(p, in, is_end);

		if (r == PAGE_CHECK_NONE && p->interim != interim)
			continue;
		if (r != PAGE_CHECK_OK)
			return r;
	}
	return p->needle.n ? probe_http_body(p, in, is_end) : PAGE_CHECK_OK;
}
