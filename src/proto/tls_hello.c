/*
 * The first message of a TLS connection, by its lengths; pure. Runs in the edge on bytes that
 * belong to somebody else's TLS: nothing is judged here but what routing needs.
 */
#include "proto/tls_hello.h"

enum {
	TLS_RECORD_HEAD = 5,
	TLS_RECORD_MAX = 16 * 1024,
	TLS_HANDSHAKE = 22,
	TLS_ALERT = 21,
	TLS_ALERT_FATAL = 2,
	TLS_CLIENT_HELLO = 1,
	TLS_MESSAGE_HEAD = 4,
	TLS_EXTENSION_SNI = 0,
	TLS_EXTENSION_ALPN = 16,
	TLS_HOST_NAME = 0,
	TLS_NAME_MAX = 253
};

/* ---- records ---- */

/* One record from the front. E_AGAIN it is not whole */
/*@ requires \valid(v) && \valid(ret) && \separated(v, ret) && view_ok(*v);
  @ assigns *v, *ret;
  @ ensures view_ok(*v);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO;
  @ ensures \result != E_OK ==> *v == \old(*v);
  @ ensures \result == E_OK ==> view_ok(*ret) && ret->n > 0 && ret->p == \old(v->p) + 5;
  @ ensures \result == E_OK ==> v->n == \old(v->n) - 5 - ret->n && v->p == ret->p + ret->n;
  @*/
static enum err hello_record(struct view *v, struct view *ret)
{
	struct view head = view_slice(*v, 0, TLS_RECORD_HEAD), body = { 0 };
	uint8_t type = 0;
	uint16_t version = 0, n = 0;

	if (view_u8(&head, &type) != E_OK)
		return E_AGAIN;
	if (type != TLS_HANDSHAKE)
		return E_PROTO;
	if (view_u16(&head, &version) != E_OK)
		return v->n > 1 && v->p[1] != 3 ? E_PROTO : E_AGAIN;
	if (version >> 8 != 3)
		return E_PROTO;
	if (view_u16(&head, &n) != E_OK)
		return E_AGAIN;
	if (n == 0 || n > TLS_RECORD_MAX) /* RFC 8446 §5.1: no empty fragments of handshakes */
		return E_PROTO;
	if (v->n < (size_t)TLS_RECORD_HEAD + n)
		return E_AGAIN;
	TRY(view_take(v, TLS_RECORD_HEAD, &body));
	TRY(view_take(v, n, ret));
	return E_OK;
}

/*@ requires \valid(v) && \valid(ret) && \separated(v, ret) && view_ok(*v);
  @ assigns *v, *ret;
  @ ensures view_ok(*v);
  @ ensures \result == E_OK || \result == E_SHORT;
  @ ensures \result == E_OK ==> *ret < 0x1000000;
  @ ensures \result == E_OK ==> v->n == \old(v->n) - 3 && v->p == \old(v->p) + 3;
  @*/
static enum err hello_u24(struct view *v, uint32_t *ret)
{
	uint8_t high = 0;
	uint16_t low = 0;

	TRY(view_u8(v, &high));
	TRY(view_u16(v, &low));
	*ret = (uint32_t)high * 65536 + low;
	return E_OK;
}

/* The message in front of these bytes. E_AGAIN some of it is missing */
/*@ requires view_ok(bytes) && \valid(ret);
  @ assigns *ret;
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO || \result == E_LIMIT;
  @ ensures \result == E_OK ==> view_ok(*ret) && ret->n <= TLS_HELLO_MAX;
  @*/
static enum err hello_message(struct view bytes, struct view *ret)
{
	uint8_t type = 0;
	uint32_t n = 0;

	if (view_u8(&bytes, &type) != E_OK)
		return E_AGAIN;
	if (type != TLS_CLIENT_HELLO)
		return E_PROTO;
	if (hello_u24(&bytes, &n) != E_OK)
		return E_AGAIN;
	if (n > TLS_HELLO_MAX - TLS_MESSAGE_HEAD)
		return E_LIMIT;
	if (bytes.n < n)
		return E_AGAIN;
	*ret = view_slice(bytes, 0, n);
	return E_OK;
}

/* ---- the message ---- */

/* RFC 6066 §3: one name of type host_name; other types don't exist. */
/*@ requires view_ok(in) && \valid(ret);
  @ assigns *ret;
  @ ensures \result == E_OK || \result == E_SHORT || \result == E_PROTO;
  @ ensures \result != E_OK ==> *ret == \old(*ret);
  @ ensures \result == E_OK ==> view_ok(*ret) && 0 < ret->n <= TLS_NAME_MAX;
  @*/
static enum err hello_sni(struct view in, struct view *ret)
{
	struct view list = { 0 }, name = { 0 };
	uint8_t type = 0;

	TRY(view_str16(&in, &list));
	TRY(view_end(&in));
	TRY(view_u8(&list, &type));
	TRY(view_str16(&list, &name));
	TRY(view_end(&list));
	if (type != TLS_HOST_NAME || name.n == 0 || name.n > TLS_NAME_MAX)
		return E_PROTO;
	/*@ loop invariant i <= name.n;
	  @ loop assigns i;
	  @ loop variant name.n - i;
	  @*/
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] >= 0x7f)
			return E_PROTO;
	*ret = name;
	return E_OK;
}

/*@ requires \valid(in) && \valid(ret) && \separated(in, ret) && view_ok(*in);
  @ assigns *in, *ret;
  @ ensures view_ok(*in) && in->n <= \old(in->n);
  @ ensures \result == E_OK || \result == E_SHORT;
  @ ensures \result == E_OK ==> view_ok(*ret) && in->n == \old(in->n) - 1 - ret->n;
  @*/
static enum err hello_str8(struct view *in, struct view *ret)
{
	uint8_t n = 0;

	TRY(view_u8(in, &n));
	return view_take(in, n, ret);
}

/* RFC 7301 §3.1: names of one byte and more. */
/*@ requires view_ok(in) && \valid(ret);
  @ assigns *ret;
  @ ensures \result == E_OK || \result == E_SHORT || \result == E_PROTO;
  @ ensures \result == E_OK ==> view_ok(*ret) && ret->n > 0;
  @ ensures \result != E_OK ==> view_ok(*ret) || *ret == \old(*ret);
  @*/
static enum err hello_alpn(struct view in, struct view *ret)
{
	struct view list = { 0 }, all = { 0 }, name = { 0 };

	TRY(view_str16(&in, &list));
	TRY(view_end(&in));
	all = list;
	/*@ loop invariant view_ok(list);
	  @ loop assigns list, name;
	  @ loop variant list.n;
	  @*/
	while (list.n) {
		TRY(hello_str8(&list, &name));
		if (name.n == 0)
			return E_PROTO;
	}
	*ret = all;
	return all.n ? E_OK : E_PROTO;
}

/*@ requires view_ok(in) && \valid(ret) && view_ok(ret->sni) && view_ok(ret->alpn);
  @ requires ret->sni.n <= TLS_NAME_MAX;
  @ assigns *ret;
  @ ensures \result == E_OK || \result == E_SHORT || \result == E_PROTO;
  @ ensures view_ok(ret->sni) && view_ok(ret->alpn) && ret->sni.n <= TLS_NAME_MAX;
  @*/
static enum err hello_extensions(struct view in, struct tls_hello *ret)
{
	bool has_sni = false, has_alpn = false;

	/*@ loop invariant view_ok(in) && view_ok(ret->sni) && view_ok(ret->alpn);
	  @ loop invariant ret->sni.n <= TLS_NAME_MAX;
	  @ loop assigns in, has_sni, has_alpn, *ret;
	  @ loop variant in.n;
	  @*/
	while (in.n) {
		uint16_t type = 0;
		struct view content = { 0 };

		TRY(view_u16(&in, &type));
		TRY(view_str16(&in, &content));
		/* RFC 8446 §4.2: no more than one of a kind; two could be read differently there */
		if ((type == TLS_EXTENSION_SNI && has_sni) ||
		    (type == TLS_EXTENSION_ALPN && has_alpn))
			return E_PROTO;
		has_sni |= type == TLS_EXTENSION_SNI;
		has_alpn |= type == TLS_EXTENSION_ALPN;
		if (type == TLS_EXTENSION_SNI)
			TRY(hello_sni(content, &ret->sni));
		if (type == TLS_EXTENSION_ALPN)
			TRY(hello_alpn(content, &ret->alpn));
	}
	return E_OK;
}

/* RFC 8446 §4.1.2, which is RFC 5246 §7.4.1.2 with other names. */
/*@ requires view_ok(in) && \valid(ret) && view_ok(ret->sni) && view_ok(ret->alpn);
  @ requires ret->sni.n <= TLS_NAME_MAX;
  @ assigns *ret;
  @ ensures \result == E_OK || \result == E_SHORT || \result == E_PROTO;
  @ ensures view_ok(ret->sni) && view_ok(ret->alpn) && ret->sni.n <= TLS_NAME_MAX;
  @*/
static enum err hello_body(struct view in, struct tls_hello *ret)
{
	struct view random = { 0 }, session = { 0 }, suites = { 0 }, compression = { 0 };
	struct view extensions = { 0 };
	uint16_t version = 0;

	TRY(view_u16(&in, &version));
	TRY(view_take(&in, 32, &random));
	TRY(hello_str8(&in, &session));
	TRY(view_str16(&in, &suites));
	TRY(hello_str8(&in, &compression));
	if (version >> 8 != 3 || session.n > 32 || suites.n < 2 || suites.n % 2 || !compression.n)
		return E_PROTO;
	if (in.n == 0)
		return E_OK; /* before extensions there were */
	TRY(view_str16(&in, &extensions));
	TRY(view_end(&in));
	return hello_extensions(extensions, ret);
}

/* The message out of its records, which are whole up to `upto`. */
/*@ requires view_ok(v) && upto <= v.n && wbuf_ok(scratch) && \valid(ret);
  @ requires \separated(ret, scratch, scratch->p + (0 .. scratch->cap - 1));
  @ requires v.n > 0 ==>
  @	\separated(v.p + (0 .. v.n - 1), scratch, scratch->p + (0 .. scratch->cap - 1));
  @ assigns *ret, scratch->n, scratch->bad, scratch->p[0 .. scratch->cap - 1];
  @ ensures wbuf_ok(scratch) && scratch->p == \old(scratch->p) && scratch->cap ==
  \old(scratch->cap);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO || \result == E_LIMIT;
  @ ensures \result == E_OK ==> view_ok(*ret) && ret->n <= TLS_HELLO_MAX;
  @*/
static enum err hello_gather(struct view v, size_t upto, struct wbuf *scratch, struct view *ret)
{
	struct view rest = view_slice(v, 0, upto), part = { 0 };
	enum err got = E_OK;

	TRY(hello_record(&rest, &part));
	got = hello_message(part, ret);
	if (got != E_AGAIN || rest.n == 0)
		return got;
	scratch->n = 0;
	wbuf_view_put(scratch, part);
	/*@ loop invariant view_ok(rest) && wbuf_ok(scratch) && rest.n <= v.n;
	  @ loop invariant rest.n <= upto && (rest.n > 0 ==> rest.p == v.p + (upto - rest.n));
	  @ loop invariant scratch->p == \at(scratch->p, Pre) && scratch->cap == \at(scratch->cap,
	  Pre);
	  @ loop assigns rest, part, scratch->n, scratch->bad, scratch->p[0 .. scratch->cap - 1];
	  @ loop variant rest.n;
	  @*/
	while (rest.n) {
		TRY(hello_record(&rest, &part));
		wbuf_view_put(scratch, view_slice(part, 0, wbuf_room(scratch)));
	}
	return hello_message(wbuf_view(scratch), ret);
}

enum err tls_hello_parse(struct view v, size_t *progress, struct wbuf *scratch,
			 struct tls_hello *ret)
{
	struct view in = view_slice(v, *progress, v.n), part = { 0 }, message = { 0 };
	struct tls_hello h = { 0 };
	enum err got = hello_record(&in, &part), body = E_OK;
	bool is_new = got == E_OK;

	/*@ loop invariant view_ok(in) && in.n <= v.n - \at(*progress, Pre);
	  @ loop invariant got == E_OK || got == E_AGAIN || got == E_PROTO;
	  @ loop assigns in, part, got;
	  @ loop variant in.n + (got == E_OK ? 1 : 0);
	  @*/
	while (got == E_OK)
		got = hello_record(&in, &part);
	*progress = v.n - in.n;
	/* the rest may be another message's, or no handshake at all: only the first one counts */
	if (is_new) {
		enum err gathered = hello_gather(v, *progress, scratch, &message);

		if (gathered == E_OK)
			body = hello_body(message, &h);
		if (gathered == E_OK && body == E_OK)
			*ret = h;
		if (gathered != E_AGAIN)
			return body == E_SHORT ? E_PROTO : body != E_OK ? body : gathered;
	}
	if (got == E_AGAIN && v.n > TLS_HELLO_WIRE_MAX)
		return E_LIMIT;
	return got;
}

void tls_hello_put_alert(struct wbuf *w, uint8_t description)
{
	wbuf_u8(w, TLS_ALERT);
	wbuf_u16(w, 0x0303);
	wbuf_u16(w, 2);
	wbuf_u8(w, TLS_ALERT_FATAL);
	wbuf_u8(w, description);
}
