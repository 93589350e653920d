/*
 * The meaning of the fields that HTTP/1 itself is made of; pure. One function per field, in a
 * table by id. Trusts nothing; the hard part is that two programs must never read two lengths
 * from one message (THREATS A1), so whatever could be read twice is refused.
 */
#include "proto/http1_rules.h"

#include "proto/scan.h"

/* Bits of http1_rules.seen. */
enum {
	SEEN_LENGTH = 1,
	SEEN_CODING = 2,
	SEEN_CLOSE = 4,
	SEEN_KEEP_ALIVE = 8,
	SEEN_CONNECTION_UPGRADE = 16,
	SEEN_UPGRADE = 32,
	SEEN_WEBSOCKET = 64,
	SEEN_EXPECT = 128,
};

enum { LENGTH_DIGITS_MAX = 18 };

enum err http1_rules_refuse(struct http1_error *why, uint16_t status, const char *text)
{
	*why = (struct http1_error){ .status = status, .why = text };
	return E_PROTO;
}

struct http1_rules http1_rules_start(bool is_request, uint8_t minor, struct http1_error *why)
{
	return (struct http1_rules){
		.why = why, .host = UINT16_MAX, .minor = minor, .is_request = is_request
	};
}

/* RFC 9112 §3.2: exactly one, with a value; never a list (THREATS A4). */
/*@ requires http1_rules_ok(r) && view_ok(v) && v.n < SIZE_MAX;
  @ assigns r->length, r->seen, r->flags, r->host, *r->why;
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
static enum err on_host(struct http1_rules *r, struct view v, uint16_t index)
{
	if (!r->is_request)
		return E_OK;
	if (r->host != UINT16_MAX)
		return http1_rules_refuse(r->why, 400, "second Host");
	if (v.n == 0)
		return http1_rules_refuse(r->why, 400, "empty Host");
	if (scan_vchar(v) != v.n || view_find(v, ',') != v.n)
		return http1_rules_refuse(r->why, 400, "Host is not one host");
	r->host = index;
	return E_OK;
}

/* RFC 9112 §6.3 rule 5, and stricter: a repeated equal length is refused too. */
/*@ requires http1_rules_ok(r) && view_ok(v) && v.n < SIZE_MAX;
  @ assigns r->length, r->seen, r->flags, r->host, *r->why;
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
static enum err on_content_length(struct http1_rules *r, struct view v, uint16_t index)
{
	(void)index;
	if (r->seen & SEEN_LENGTH)
		return http1_rules_refuse(r->why, 400, "second Content-Length");
	if (r->seen & SEEN_CODING) /* RFC 9112 §6.1 */
		return http1_rules_refuse(r->why, 400, "Content-Length beside Transfer-Encoding");
	if (v.n > LENGTH_DIGITS_MAX || view_dec(v, &r->length) != E_OK)
		return http1_rules_refuse(r->why, 400, "Content-Length is not a number");
	r->seen |= SEEN_LENGTH;
	return E_OK;
}

/* Bytes of the quoted string at the front of v, or 0 (RFC 9110 §5.6.4). */
/*@ requires view_ok(v) && v.n < SIZE_MAX;
  @ assigns \nothing;
  @ ensures \result <= v.n;
  @*/
static size_t quoted_bytes(struct view v)
{
	if (v.n == 0 || v.p[0] != '"')
		return 0;
	/*@ loop invariant 1 <= i <= v.n + 1;
	  @ loop assigns i;
	  @ loop variant v.n + 1 - i;
	  @*/
	for (size_t i = 1; i < v.n; i++) {
		if (v.p[i] == '"')
			return i + 1;
		if (v.p[i] == '\\')
			i++;
	}
	return 0;
}

/* The whole of v is *( OWS ";" OWS token "=" ( token / quoted-string ) ), RFC 9112 §7. */
/*@ requires view_ok(v) && v.n < SIZE_MAX;
  @ assigns \nothing;
  @*/
static bool are_parameters(struct view v)
{
	/*@ loop invariant view_ok(v) && v.n < SIZE_MAX;
	  @ loop assigns v;
	  @ loop variant v.n;
	  @*/
	while (v.n) {
		size_t n = 0;

		v = view_trim(v);
		if (v.n == 0 || v.p[0] != ';')
			return false;
		v = view_trim(view_slice(v, 1, v.n));
		n = scan_token(v);
		if (n == 0 || n == v.n || v.p[n] != '=')
			return false;
		v = view_slice(v, n + 1, v.n);
		n = scan_token(v);
		if (n == 0)
			n = quoted_bytes(v);
		if (n == 0)
			return false;
		v = view_slice(v, n, v.n);
	}
	return true;
}

/* A well-formed list of codings that ends in its only "chunked" (RFC 9112 §6.1, §7). */
/*@ requires view_ok(v) && v.n < SIZE_MAX;
  @ assigns \nothing;
  @*/
static bool is_coding_list(struct view v)
{
	struct view element = { 0 };
	bool is_chunked = false;

	/*@ loop invariant view_ok(v) && v.n < SIZE_MAX;
	  @ loop assigns v, element, is_chunked;
	  @ loop variant v.n;
	  @*/
	while (field_list_next(&v, &element)) {
		size_t n = scan_token(element);

		if (is_chunked || n == 0 || !are_parameters(view_slice(element, n, element.n)))
			return false;
		is_chunked = view_ieq(element, VIEW("chunked"));
	}
	return is_chunked;
}

/* RFC 9112 §6.1: what is not exactly "chunked" is not framed here; an unknown coding is a 501. */
/*@ requires http1_rules_ok(r) && view_ok(v) && v.n < SIZE_MAX;
  @ assigns r->length, r->seen, r->flags, r->host, *r->why;
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
static enum err on_transfer_encoding(struct http1_rules *r, struct view v, uint16_t index)
{
	(void)index;
	if (r->minor == 0)
		return http1_rules_refuse(r->why, 400, "Transfer-Encoding in HTTP/1.0");
	if (r->seen & SEEN_CODING)
		return http1_rules_refuse(r->why, 400, "second Transfer-Encoding");
	if (r->seen & SEEN_LENGTH)
		return http1_rules_refuse(r->why, 400, "Transfer-Encoding beside Content-Length");
	if (!view_ieq(v, VIEW("chunked")))
		return http1_rules_refuse(r->why, is_coding_list(v) ? 501 : 400,
					  "Transfer-Encoding is not chunked");
	r->seen |= SEEN_CODING;
	return E_OK;
}

/* One connection option: a known one, or the name of a field that ends here (RFC 9110 §7.6.1). */
/*@ requires http1_rules_ok(r) && view_ok(v);
  @ assigns r->seen, r->flags, *r->why;
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
static enum err on_connection_option(struct http1_rules *r, struct view v)
{
	enum field_id id = FIELD_OTHER;
	bool is_alias = false;

	if (view_ieq(v, VIEW("keep-alive"))) {
		r->seen |= SEEN_KEEP_ALIVE;
		return E_OK;
	}
	if (view_ieq(v, VIEW("close"))) {
		r->seen |= SEEN_CLOSE;
		return E_OK;
	}
	if (view_ieq(v, VIEW("upgrade"))) {
		r->seen |= SEEN_CONNECTION_UPGRADE;
		return E_OK;
	}
	if (view_ieq(v, VIEW("te")))
		return E_OK;
	if (!field_is_token(v))
		return http1_rules_refuse(r->why, 400, "Connection is not a list of tokens");
	/* Dropping a field that frames or routes would change the message (THREATS A5). */
	id = field_id_of(v, &is_alias);
	if (id == FIELD_HOST || (field_flags(id) & FIELD_FRAMING))
		return http1_rules_refuse(r->why, 400, "Connection names a field it may not");
	r->flags |= HTTP1_CONNECTION;
	return E_OK;
}

/*@ requires http1_rules_ok(r) && view_ok(v) && v.n < SIZE_MAX;
  @ assigns r->length, r->seen, r->flags, r->host, *r->why;
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
static enum err on_connection(struct http1_rules *r, struct view v, uint16_t index)
{
	struct view option = { 0 };

	(void)index;
	/*@ loop invariant view_ok(v) && v.n < SIZE_MAX;
	  @ loop invariant http1_rules_ok(r) && r->why == \at(r->why, Pre);
	  @ loop assigns v, option, r->seen, r->flags, *\at(r->why, Pre);
	  @ loop variant v.n;
	  @*/
	while (field_list_next(&v, &option))
		TRY(on_connection_option(r, option));
	return E_OK;
}

/* RFC 9110 §7.8; from an HTTP/1.0 client it means nothing. */
/*@ requires http1_rules_ok(r) && view_ok(v) && v.n < SIZE_MAX;
  @ assigns r->length, r->seen, r->flags, r->host, *r->why;
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
static enum err on_upgrade(struct http1_rules *r, struct view v, uint16_t index)
{
	(void)index;
	if (v.n == 0 || (r->is_request && r->minor == 0))
		return E_OK;
	if (!(r->seen & SEEN_UPGRADE) && view_ieq(v, VIEW("websocket")))
		r->seen |= SEEN_WEBSOCKET;
	else
		r->seen &= (uint16_t)~SEEN_WEBSOCKET;
	r->seen |= SEEN_UPGRADE;
	return E_OK;
}

/* RFC 9110 §10.1.1: one expectation exists; from an HTTP/1.0 client it means nothing. */
/*@ requires http1_rules_ok(r) && view_ok(v) && v.n < SIZE_MAX;
  @ assigns r->length, r->seen, r->flags, r->host, *r->why;
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
static enum err on_expect(struct http1_rules *r, struct view v, uint16_t index)
{
	(void)index;
	if (!r->is_request || r->minor == 0)
		return E_OK;
	if ((r->seen & SEEN_EXPECT) || !view_ieq(v, VIEW("100-continue")))
		return http1_rules_refuse(r->why, 417, "unknown expectation");
	r->seen |= SEEN_EXPECT;
	r->flags |= HTTP1_EXPECT_CONTINUE;
	return E_OK;
}

/*@ requires http1_rules_ok(r) && view_ok(v) && v.n < SIZE_MAX;
  @ assigns r->length, r->seen, r->flags, r->host, *r->why;
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
static enum err on_te(struct http1_rules *r, struct view v, uint16_t index)
{
	struct view coding = { 0 };

	(void)index;
	/*@ loop invariant view_ok(v) && v.n < SIZE_MAX;
	  @ loop assigns v, coding, r->flags;
	  @ loop variant v.n;
	  @*/
	while (field_list_next(&v, &coding))
		if (view_ieq(coding, VIEW("trailers")))
			r->flags |= HTTP1_TE_TRAILERS;
	return E_OK;
}

static enum err (*const rules_by_id[FIELD_N])(struct http1_rules *r, struct view v,
					      uint16_t index) = {
	[FIELD_HOST] = on_host,
	[FIELD_CONNECTION] = on_connection,
	[FIELD_CONTENT_LENGTH] = on_content_length,
	[FIELD_TRANSFER_ENCODING] = on_transfer_encoding,
	[FIELD_TE] = on_te,
	[FIELD_UPGRADE] = on_upgrade,
	[FIELD_EXPECT] = on_expect,
};

enum err http1_rules_add(struct http1_rules *r, struct view head, const struct field *f,
			 uint16_t index)
{
	if (field_flags((enum field_id)f->id) & FIELD_TRUST)
		r->flags |= HTTP1_TRUST;
	if (!rules_by_id[f->id])
		return E_OK;
	/*@ admit tables: rules_by_id[f->id] == on_host || rules_by_id[f->id] == on_connection ||
	  @	rules_by_id[f->id] == on_content_length ||
	  @	rules_by_id[f->id] == on_transfer_encoding || rules_by_id[f->id] == on_te ||
	  @	rules_by_id[f->id] == on_upgrade || rules_by_id[f->id] == on_expect;
	  @*/
	/*@ calls on_host, on_connection, on_content_length, on_transfer_encoding, on_te,
	  @	on_upgrade, on_expect;
	  @*/
	return rules_by_id[f->id](r, field_value_view(head, f), index);
}

/* RFC 9112 §9.3: "close" wins; HTTP/1.0 persists only when asked. RFC 9110 §7.8 for Upgrade. */
/*@ requires \valid_read(r);
  @ assigns \nothing;
  @*/
static uint8_t connection_flags(const struct http1_rules *r)
{
	unsigned flags = r->flags;
	unsigned asked = r->minor ? r->seen | SEEN_KEEP_ALIVE : r->seen;

	if ((asked & SEEN_KEEP_ALIVE) && !(asked & SEEN_CLOSE))
		flags |= HTTP1_KEEP_ALIVE;
	if ((asked & SEEN_UPGRADE) && (asked & SEEN_CONNECTION_UPGRADE))
		flags |= HTTP1_UPGRADE | (asked & SEEN_WEBSOCKET ? HTTP1_WEBSOCKET : 0u);
	return (uint8_t)flags;
}

enum err http1_rules_end_request(struct http1_rules *r, struct http1_head *h)
{
	if (r->host == UINT16_MAX && r->minor != 0)
		return http1_rules_refuse(r->why, 400, "no Host"); /* RFC 9112 §3.2 */
	h->host = r->host;
	h->flags = connection_flags(r);
	h->content_length = r->length;
	/* RFC 9112 §6.3 rules 4, 6 and 7 */
	h->body = BODY_NONE;
	if (r->seen & SEEN_CODING)
		h->body = BODY_CHUNKED;
	else if (r->seen & SEEN_LENGTH)
		h->body = BODY_LENGTH;
	return E_OK;
}

/* RFC 9112 §6.1, §6.3 rules 1 and 2: these end with their head, whatever their fields say. */
//@ assigns \nothing;
static bool is_head_only(uint16_t status, enum http_method method)
{
	return status < 200 || status == 204 || (method == METHOD_CONNECT && status < 300);
}

enum err http1_rules_end_response(struct http1_rules *r, enum http_method method,
				  struct http1_head *h)
{
	h->host = UINT16_MAX;
	h->flags = connection_flags(r);
	h->content_length = r->length;
	h->body = BODY_NONE;
	if (is_head_only(h->status, method)) {
		/* A server that states a body here and one that sends it can't be told apart. */
		if ((r->seen & SEEN_CODING) || r->length != 0)
			return http1_rules_refuse(r->why, 502, "a body where none may be");
		return E_OK;
	}
	if (method == METHOD_HEAD || h->status == 304)
		return E_OK;
	if (r->seen & SEEN_CODING) {
		h->body = BODY_CHUNKED;
	} else if (r->seen & SEEN_LENGTH) {
		h->body = BODY_LENGTH;
	} else {
		h->body = BODY_UNTIL_CLOSE; /* rule 8 */
		h->flags &= (uint8_t)~HTTP1_KEEP_ALIVE;
	}
	return E_OK;
}
