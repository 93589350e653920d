/*
 * HTTP/2 fields to HTTP/1.1 text; pure. The input is hostile and decoded by an HPACK decoder that
 * checks nothing.
 *
 * The buffer: values of pseudo-fields in front, since the start line needs them together; behind
 * them the text; from the end downwards the crumbs of Cookie, which become one line (RFC 9113
 * §8.2.3).
 */
#include "proto/h2_message.h"

#include "base/base64.h"
#include "base/sha1.h"
#include "proto/scan.h"

static const struct view pseudo_names[H2_PSEUDO_N] = {
	[H2_PSEUDO_METHOD] = VIEW(":method"),	  [H2_PSEUDO_SCHEME] = VIEW(":scheme"),
	[H2_PSEUDO_PATH] = VIEW(":path"),	  [H2_PSEUDO_AUTHORITY] = VIEW(":authority"),
	[H2_PSEUDO_PROTOCOL] = VIEW(":protocol"), [H2_PSEUDO_STATUS] = VIEW(":status"),
};

/* What a message of each kind may have. */
static const uint8_t pseudo_allowed[] = {
	[H2_MESSAGE_REQUEST] = 1 << H2_PSEUDO_METHOD | 1 << H2_PSEUDO_SCHEME | 1 << H2_PSEUDO_PATH |
			       1 << H2_PSEUDO_AUTHORITY | 1 << H2_PSEUDO_PROTOCOL,
	[H2_MESSAGE_RESPONSE] = 1 << H2_PSEUDO_STATUS,
	[H2_MESSAGE_TRAILERS] = 0,
};

enum { CRUMB_HEAD = 4, FIELD_COST = 32, LENGTH_DIGITS = 18 };

void h2_message_begin(struct h2_message *m, enum h2_message_kind kind, struct wbuf memory,
		      enum http_method method)
{
	*m = (struct h2_message){ .w = memory,
				  .cookies_at = memory.cap,
				  .kind = (uint8_t)kind,
				  .method = (uint8_t)method };
	m->has_line = kind == H2_MESSAGE_TRAILERS;
	m->text_at = m->w.n;
}

static struct view pseudo_view(const struct h2_message *m, enum h2_message_pseudo p)
{
	return view_of(m->w.p + m->pseudo[p].at, m->pseudo[p].n);
}

static bool has(const struct h2_message *m, enum h2_message_pseudo p)
{
	return m->seen & 1u << p;
}

/* ---- start lines ---- */

/* RFC 9113 §8.3.1: http and https; Sluis speaks for no other scheme. */
static enum err check_scheme(const struct h2_message *m)
{
	struct view scheme = pseudo_view(m, H2_PSEUDO_SCHEME);

	return view_eq(scheme, VIEW("https")) || view_eq(scheme, VIEW("http")) ? E_OK : E_PROTO;
}

/* RFC 9113 §8.3.1: origin-form, or "*" for OPTIONS; never empty, never another URI (THREATS A4) */
static enum err check_path(const struct h2_message *m)
{
	struct view path = pseudo_view(m, H2_PSEUDO_PATH);

	if (path.n == 0 || scan_vchar(path) != path.n)
		return E_PROTO;
	if (path.p[0] == '/')
		return E_OK;
	return view_eq(path, VIEW("*")) && m->method == METHOD_OPTIONS ? E_OK : E_PROTO;
}

/* RFC 9113 §8.5: neither scheme nor path with CONNECT; RFC 8441 §4: both with :protocol. */
static enum err check_request(struct h2_message *m)
{
	const unsigned needed =
		1u << H2_PSEUDO_METHOD | 1u << H2_PSEUDO_SCHEME | 1u << H2_PSEUDO_PATH;
	struct view method = pseudo_view(m, H2_PSEUDO_METHOD);

	if (!has(m, H2_PSEUDO_METHOD) || !field_is_token(method))
		return E_PROTO;
	m->method = (uint8_t)http_method_of(method);
	if (has(m, H2_PSEUDO_PROTOCOL)) {
		if (m->method != METHOD_CONNECT || !has(m, H2_PSEUDO_AUTHORITY))
			return E_PROTO;
		m->is_extended = view_eq(pseudo_view(m, H2_PSEUDO_PROTOCOL), VIEW("websocket"));
	} else if (m->method == METHOD_CONNECT) {
		return m->seen == (1u << H2_PSEUDO_METHOD | 1u << H2_PSEUDO_AUTHORITY) ? E_OK
										       : E_PROTO;
	}
	if ((m->seen & needed) != needed)
		return E_PROTO;
	TRY(check_scheme(m));
	return check_path(m);
}

/*
 * The request line and Host. An extended CONNECT for something else than a WebSocket is shown as a
 * CONNECT, which is refused as one.
 */
static void put_request_line(struct h2_message *m)
{
	struct view target = pseudo_view(m, H2_PSEUDO_PATH);

	if (m->is_extended)
		m->method = METHOD_GET;
	if (m->method == METHOD_CONNECT)
		target = pseudo_view(m, H2_PSEUDO_AUTHORITY);
	if (m->is_extended)
		WBUF_LIT(&m->w, "GET");
	else
		wbuf_view_put(&m->w, pseudo_view(m, H2_PSEUDO_METHOD));
	WBUF_LIT(&m->w, " ");
	wbuf_view_put(&m->w, target);
	WBUF_LIT(&m->w, " HTTP/1.1\r\n");
	if (!has(m, H2_PSEUDO_AUTHORITY))
		return;
	WBUF_LIT(&m->w, "Host: ");
	wbuf_view_put(&m->w, pseudo_view(m, H2_PSEUDO_AUTHORITY));
	WBUF_LIT(&m->w, "\r\n");
	m->has_host = true;
}

/* RFC 9113 §8.3.2; §8.6: 101 does not exist. */
static enum err put_status_line(struct h2_message *m)
{
	struct view v = pseudo_view(m, H2_PSEUDO_STATUS);
	uint64_t status = 0;

	if (v.n != 3 || view_dec(v, &status) != E_OK || status < 100 || status > 599 ||
	    status == 101)
		return E_PROTO;
	m->status = (uint16_t)status;
	if (m->is_extended && status >= 200 && status < 300) {
		m->status = 101;
		WBUF_LIT(&m->w, "HTTP/1.1 101 Switching Protocols\r\n");
		return E_OK;
	}
	m->is_head_only =
		status < 200 || status == 204 || status == 304 || m->method == METHOD_HEAD;
	WBUF_LIT(&m->w, "HTTP/1.1 ");
	wbuf_view_put(&m->w, v);
	WBUF_LIT(&m->w, " \r\n");
	return E_OK;
}

/* Before the first other field, or at the end. */
static enum err put_line(struct h2_message *m)
{
	if (m->has_line)
		return E_OK;
	m->has_line = true;
	m->text_at = m->w.n;
	if (m->kind == H2_MESSAGE_RESPONSE)
		return put_status_line(m);
	TRY(check_request(m));
	put_request_line(m);
	return E_OK;
}

/* ---- fields ---- */

/* The text may not reach the crumbs. */
static void put(struct h2_message *m, struct view v)
{
	if (v.n > m->cookies_at - m->w.n || m->is_full)
		m->is_full = true;
	else
		wbuf_view_put(&m->w, v);
}

static enum err on_pseudo(struct h2_message *m, struct view name, struct view value)
{
	unsigned p = 0;

	while (p < H2_PSEUDO_N && !view_eq(name, pseudo_names[p]))
		p++;
	if (p == H2_PSEUDO_N || !(pseudo_allowed[m->kind] & 1u << p) || m->has_line ||
	    m->seen & 1u << p)
		return E_PROTO;
	if (value.n == 0 || scan_vchar(value) != value.n)
		return E_PROTO;
	m->seen |= (uint8_t)(1u << p);
	m->pseudo[p] = (struct h2_message_at){ (uint32_t)m->w.n, (uint32_t)value.n };
	put(m, value);
	if (m->is_full)
		m->pseudo[p].n = 0;
	return E_OK;
}

/* RFC 9113 §8.2.3: kept until the end. */
static void keep_crumb(struct h2_message *m, struct view v)
{
	size_t need = v.n + CRUMB_HEAD;
	struct wbuf w = { 0 };

	if (m->is_full || need > m->cookies_at - m->w.n) {
		m->is_full = true;
		return;
	}
	m->cookies_at -= need;
	w = wbuf_of(m->w.p + m->cookies_at, need);
	wbuf_view_put(&w, v);
	wbuf_u32(&w, (uint32_t)v.n);
}

static void put_cookies(struct h2_message *m)
{
	size_t end = m->w.cap;

	if (end == m->cookies_at)
		return;
	put(m, VIEW("Cookie: "));
	while (end > m->cookies_at && !m->is_full) {
		struct view at = view_of(m->w.p + end - CRUMB_HEAD, CRUMB_HEAD);
		uint32_t n = 0;

		if (end != m->w.cap)
			put(m, VIEW("; "));
		if (view_u32(&at, &n) != E_OK)
			return; /* never: four bytes are there */
		end -= n + CRUMB_HEAD;
		put(m, view_of(m->w.p + end, n));
	}
	put(m, VIEW("\r\n"));
}

enum h2_field {
	H2_PLAIN,     /* goes on */
	H2_FORBIDDEN, /* RFC 9113 §8.2.2: of a connection */
	H2_TE,
	H2_HOST,
	H2_LENGTH,
	H2_COOKIE,
	H2_TYPE,
	H2_TRAILER,
	H2_KEY,	    /* of a WebSocket's handshake: made by this side */
	H2_ACCEPT,  /* ... checked by this side */
	H2_SETTINGS /* meant for an upgrade that never comes */
};

struct field_row {
	struct view name;
	uint8_t what; /* enum h2_field */
};

static const struct field_row field_rows[] = {
	{ VIEW("host"), H2_HOST },
	{ VIEW("cookie"), H2_COOKIE },
	{ VIEW("content-length"), H2_LENGTH },
	{ VIEW("content-type"), H2_TYPE },
	{ VIEW("te"), H2_TE },
	{ VIEW("trailer"), H2_TRAILER },
	{ VIEW("connection"), H2_FORBIDDEN },
	{ VIEW("proxy-connection"), H2_FORBIDDEN },
	{ VIEW("keep-alive"), H2_FORBIDDEN },
	{ VIEW("transfer-encoding"), H2_FORBIDDEN },
	{ VIEW("upgrade"), H2_FORBIDDEN },
	{ VIEW("sec-websocket-key"), H2_KEY },
	{ VIEW("sec-websocket-accept"), H2_ACCEPT },
	{ VIEW("http2-settings"), H2_SETTINGS },
};

static enum h2_field field_what(struct view name)
{
	for (size_t i = 0; i < sizeof field_rows / sizeof field_rows[0]; i++)
		if (name.p[0] == field_rows[i].name.p[0] && view_eq(name, field_rows[i].name))
			return (enum h2_field)field_rows[i].what;
	return H2_PLAIN;
}

/* RFC 9113 §8.2.1: a token without upper case. */
static bool is_name(struct view name)
{
	if (!field_is_token(name))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] >= 'A' && name.p[i] <= 'Z')
			return false;
	return true;
}

/* RFC 9113 §8.2.1: no NUL, CR, LF, and no space around it. */
static bool is_value(struct view v)
{
	return scan_value(v) == v.n && view_trim(v).n == v.n;
}

static void put_field(struct h2_message *m, struct view name, struct view value)
{
	put(m, name);
	put(m, VIEW(": "));
	put(m, value);
	put(m, VIEW("\r\n"));
}

static enum err on_length(struct h2_message *m, struct view v)
{
	if (m->has_length || v.n > LENGTH_DIGITS || view_dec(v, &m->length) != E_OK)
		return E_PROTO;
	m->has_length = true; /* written at the end */
	return E_OK;
}

/* RFC 9113 §8.3.1: the two must say the same; stricter than it: byte for byte but for case. */
static enum err on_host(struct h2_message *m, struct view name, struct view value)
{
	if (m->kind == H2_MESSAGE_REQUEST && has(m, H2_PSEUDO_AUTHORITY))
		return view_ieq(value, pseudo_view(m, H2_PSEUDO_AUTHORITY)) ? E_OK : E_PROTO;
	put_field(m, name, value);
	return E_OK;
}

static enum err on_field(struct h2_message *m, struct view name, struct view value)
{
	bool is_request = m->kind == H2_MESSAGE_REQUEST;

	switch (field_what(name)) {
	case H2_FORBIDDEN:
		return E_PROTO;
	case H2_TE: /* RFC 9113 §8.2.2 */
		if (!view_ieq(value, VIEW("trailers")))
			return E_PROTO;
		put(m, VIEW("te: trailers\r\nconnection: te\r\n"));
		return E_OK;
	case H2_HOST:
		return on_host(m, name, value);
	case H2_LENGTH:
		return on_length(m, value);
	case H2_COOKIE:
		if (is_request)
			keep_crumb(m, value);
		else
			put_field(m, name, value);
		return E_OK;
	case H2_KEY:
	case H2_ACCEPT:
		if (!m->is_extended && m->kind != H2_MESSAGE_RESPONSE)
			break;
		return E_OK;
	case H2_SETTINGS:
		return E_OK;
	case H2_TYPE:
		m->is_grpc = view_starts(value, VIEW("application/grpc"));
		break;
	case H2_TRAILER:
		m->has_trailer = true;
		break;
	case H2_PLAIN:
		break;
	}
	put_field(m, name, value);
	return E_OK;
}

enum err h2_message_field(struct h2_message *m, struct view name, struct view value)
{
	m->bytes += name.n + value.n + FIELD_COST;
	if (name.n && name.p[0] == ':')
		return on_pseudo(m, name, value);
	if (!is_name(name) || !is_value(value))
		return E_PROTO;
	if (m->is_full)
		return E_OK;
	TRY(put_line(m));
	if (m->kind != H2_MESSAGE_TRAILERS)
		return on_field(m, name, value);
	if (field_what(name) == H2_FORBIDDEN)
		return E_PROTO;
	put_field(m, name, value);
	return E_OK;
}

/* ---- the end ---- */

static void put_length(struct h2_message *m)
{
	put(m, VIEW("content-length: "));
	wbuf_dec(&m->w, m->length);
	put(m, VIEW("\r\n"));
}

/* An answer that ends with its head; a length may be what GET would have had (RFC 9110 §8.6). */
static enum err put_no_content(struct h2_message *m)
{
	if (!m->has_length)
		return E_OK;
	if (m->method == METHOD_HEAD || m->status == 304)
		put_length(m);
	else if (m->length)
		return E_PROTO;
	return E_OK;
}

/*
 * How content follows. A length that is stated goes on; with announced trailers, or with gRPC,
 * which always has some, the content goes in chunks all the same: HTTP/1.1 has trailers nowhere
 * else.
 */
static enum err put_framing(struct h2_message *m, bool is_last)
{
	if (m->is_head_only)
		return put_no_content(m);
	if (is_last) { /* RFC 9113 §8.1.1: a length that is not that of the content */
		if (m->length)
			return E_PROTO;
		if (!m->has_length && m->kind == H2_MESSAGE_REQUEST)
			return E_OK;
		/* an answer of trailers alone stays one on both sides */
		m->is_chunked = !m->has_length && m->is_grpc;
	} else {
		m->is_chunked = !m->has_length || m->has_trailer || m->is_grpc;
	}
	if (m->is_chunked)
		put(m, VIEW("transfer-encoding: chunked\r\n"));
	else
		put_length(m);
	return E_OK;
}

void h2_message_accept(struct view key, uint8_t ret[H2_MESSAGE_ACCEPT])
{
	struct wbuf w = wbuf_of(ret, H2_MESSAGE_ACCEPT);
	struct sha1 hash = sha1_begin();
	uint8_t digest[SHA1_BYTES];

	sha1_add(&hash, key);
	sha1_add(&hash, VIEW("258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
	sha1_end(&hash, digest);
	base64_put(&w, view_of(digest, sizeof digest));
}

/* RFC 6455 §4.1 and §4.2.2, as RFC 8441 §5 leaves them to whoever leaves HTTP/2. */
static void put_websocket(struct h2_message *m, struct view secret)
{
	put(m, VIEW("connection: Upgrade\r\nupgrade: websocket\r\n"));
	if (m->kind == H2_MESSAGE_REQUEST) {
		put(m, VIEW("sec-websocket-key: "));
		base64_put(&m->w, secret);
	} else {
		put(m, VIEW("sec-websocket-accept: "));
		put(m, secret);
	}
	put(m, VIEW("\r\n"));
}

enum err h2_message_end(struct h2_message *m, bool is_last, struct view secret, struct view *ret)
{
	if (m->is_full)
		return E_LIMIT;
	TRY(put_line(m));
	if (m->kind == H2_MESSAGE_TRAILERS) {
		*ret = view_slice(wbuf_view(&m->w), m->text_at, m->w.n);
		return is_last ? E_OK : E_PROTO; /* RFC 9113 §8.1 */
	}
	put_cookies(m);
	if (m->is_extended && (m->kind == H2_MESSAGE_REQUEST || m->status == 101)) {
		/* RFC 8441 §5.1: there is no content, but a stream of bytes behind the answer */
		if (m->has_length)
			return E_PROTO;
		put_websocket(m, secret);
	} else {
		TRY(put_framing(m, is_last));
	}
	put(m, VIEW("\r\n"));
	/* numbers and the key were written without a look at the crumbs, which are used up by now
	 */
	if (m->is_full || wbuf_check(&m->w) != E_OK)
		return E_LIMIT;
	*ret = view_slice(wbuf_view(&m->w), m->text_at, m->w.n);
	return E_OK;
}
