/*
 * PROXY headers, read and written; pure. Runs in the edge before anything else that a connection
 * brings, so that every byte is checked against the one that the specification has in its place.
 */
#include "proto/proxy_protocol.h"

enum {
	PROXY_V2_HEAD = 16,
	PROXY_V2_VERSION = 0x20,
	PROXY_V2_LOCAL = 0,
	PROXY_V2_PROXY = 1,
	PROXY_V2_V4_BYTES = 12,
	PROXY_V2_V6_BYTES = 36,
	PROXY_V2_UNIX_BYTES = 216,
	PROXY_TLV_CRC32C = 0x03
};

enum proxy_family { PROXY_UNSPEC, PROXY_INET, PROXY_INET6, PROXY_UNIX, PROXY_FAMILIES };
enum proxy_transport { PROXY_ANY, PROXY_STREAM, PROXY_DGRAM, PROXY_TRANSPORTS };

/* §2.2: no text of any protocol starts like this. */
#define PROXY_V2_SIGNATURE VIEW("\r\n\r\n\0\r\nQUIT\n")

/* v and the longer text agree as far as the shorter goes. */
/*@ requires view_ok(v) && view_ok(text);
  @ assigns \nothing;
  @*/
static bool proxy_agrees(struct view v, struct view text)
{
	return view_eq(view_slice(v, 0, text.n), view_slice(text, 0, v.n));
}

/* ---- version 1 ---- */

/* The next word of the line; one space between two, none at the end. */
/*@ requires \valid(line) && \valid(ret) && \separated(line, ret) && view_ok(*line);
  @ requires line->n < SIZE_MAX;
  @ assigns *line, *ret;
  @ ensures view_ok(*line) && line->n <= \old(line->n);
  @ ensures \result == E_OK || \result == E_PROTO;
  @ ensures \result == E_OK ==> view_ok(*ret) && 0 < ret->n <= \old(line->n);
  @*/
static enum err proxy_word(struct view *line, bool is_last, struct view *ret)
{
	size_t n = view_find(*line, ' ');

	if (n == 0 || (n == line->n) != is_last)
		return E_PROTO;
	*ret = view_slice(*line, 0, n);
	*line = view_slice(*line, n + 1, line->n);
	return E_OK;
}

/*@ requires view_ok(text) && \valid(ret);
  @ assigns *ret;
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
static enum err proxy_port(struct view text, uint16_t *ret)
{
	uint64_t x = 0;

	if (text.n > 5 || (text.n > 1 && text.p[0] == '0'))
		return E_PROTO;
	TRY(view_dec(text, &x));
	if (x > UINT16_MAX)
		return E_PROTO;
	*ret = (uint16_t)x;
	return E_OK;
}

/* The textual form decides, not the value: ::ffff:192.0.2.1 is an address of TCP6. */
/*@ requires view_ok(text) && \valid(ret);
  @ assigns *ret;
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
static enum err proxy_address(struct view text, bool is_v6, struct ip *ret)
{
	if ((view_find(text, ':') != text.n) != is_v6)
		return E_PROTO;
	return ip_parse(text, ret);
}

/*@ requires view_ok(line) && line.n < SIZE_MAX && \valid(ret);
  @ assigns *ret;
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
static enum err proxy_parse_line(struct view line, struct proxy_protocol *ret)
{
	struct view word[5];
	bool is_v6 = false;

	line = view_slice(line, 6, line.n);
	if (view_eq(line, VIEW("UNKNOWN")) || view_starts(line, VIEW("UNKNOWN ")))
		return E_OK; /* §2.1: the rest of the line is ignored */
	/*@ loop invariant i <= 5 && view_ok(line) && line.n < SIZE_MAX;
	  @ loop invariant \forall integer k; 0 <= k < i ==> view_ok(word[k]);
	  @ loop assigns i, line, word[0 .. 4];
	  @ loop variant 5 - i;
	  @*/
	for (size_t i = 0; i < 5; i++)
		TRY(proxy_word(&line, i == 4, &word[i]));
	is_v6 = view_eq(word[0], VIEW("TCP6"));
	if (!is_v6 && !view_eq(word[0], VIEW("TCP4")))
		return E_PROTO;
	TRY(proxy_address(word[1], is_v6, &ret->source));
	TRY(proxy_address(word[2], is_v6, &ret->destination));
	TRY(proxy_port(word[3], &ret->source_port));
	TRY(proxy_port(word[4], &ret->destination_port));
	ret->has_addresses = true;
	return E_OK;
}

/*@ requires view_ok(v) && \valid(ret) && \valid(ret_n) && \separated(ret, ret_n);
  @ assigns *ret, *ret_n;
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO;
  @ ensures \result == E_OK ==> 2 <= *ret_n <= v.n && *ret_n <= PROXY_PROTOCOL_V1_MAX;
  @*/
static enum err proxy_parse_v1(struct view v, struct proxy_protocol *ret, size_t *ret_n)
{
	struct view in = view_slice(v, 0, PROXY_PROTOCOL_V1_MAX);
	size_t cr = view_find(in, '\r');

	if (view_find(in, '\n') < cr)
		return E_PROTO;
	if (cr + 1 >= in.n)
		return in.n == PROXY_PROTOCOL_V1_MAX ? E_PROTO : E_AGAIN;
	if (in.p[cr + 1] != '\n')
		return E_PROTO;
	TRY(proxy_parse_line(view_slice(in, 0, cr), ret));
	*ret_n = cr + 2;
	return E_OK;
}

/* ---- version 2 ---- */

/* RFC 3720 appendix B.4's CRC32c, bit by bit: headers are short and rare. */
/*@ requires view_ok(v);
  @ assigns \nothing;
  @*/
static uint32_t proxy_crc(uint32_t crc, struct view v)
{
	/*@ loop invariant i <= v.n;
	  @ loop assigns i, crc;
	  @ loop variant v.n - i;
	  @*/
	for (size_t i = 0; i < v.n; i++) {
		crc ^= v.p[i];
		/*@ loop invariant bit <= 8;
		  @ loop assigns bit, crc;
		  @ loop variant 8 - bit;
		  @*/
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return crc;
}

/* §2.2.2: over the whole header, the checksum itself taken as zero. at: where its value lies */
/*@ requires view_ok(header);
  @ assigns \nothing;
  @*/
static bool proxy_crc_is_good(struct view header, size_t at, uint32_t want)
{
	uint32_t crc = proxy_crc(UINT32_MAX, view_slice(header, 0, at));

	crc = proxy_crc(crc, VIEW("\0\0\0\0"));
	crc = proxy_crc(crc, view_slice(header, at + 4, header.n));
	return ~crc == want;
}

/*@ requires view_ok(header) && view_ok(rest);
  @ assigns \nothing;
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
static enum err proxy_tlvs(struct view header, struct view rest)
{
	/*@ loop invariant view_ok(rest);
	  @ loop assigns rest;
	  @ loop variant rest.n;
	  @*/
	while (rest.n) {
		uint8_t type = 0;
		uint32_t crc = 0;
		struct view value = { 0 };
		enum err got = view_u8(&rest, &type);

		if (got != E_OK || view_str16(&rest, &value) != E_OK)
			return E_PROTO;
		if (type != PROXY_TLV_CRC32C)
			continue;
		if (value.n != 4 || view_u32(&value, &crc) != E_OK ||
		    !proxy_crc_is_good(header, header.n - rest.n - 4, crc))
			return E_PROTO;
	}
	return E_OK;
}

/*@ requires \valid(in) && view_ok(*in) && \valid(ret) && \separated(in, ret);
  @ requires in->n > 0 ==> \separated(in->p + (0 .. in->n - 1), in, ret);
  @ assigns *in, *ret;
  @ ensures view_ok(*in) && in->n <= \old(in->n);
  @ ensures in->n > 0 ==> in->p == \old(in->p) + (\old(in->n) - in->n);
  @ ensures \result == E_OK || \result == E_SHORT || \result == E_LIMIT;
  @*/
static enum err proxy_take_ip(struct view *in, bool is_v6, struct ip *ret)
{
	static const struct ip mapped = { { [10] = 0xff, [11] = 0xff } };
	struct wbuf w = wbuf_of(ret->b, sizeof ret->b);
	struct view bytes = { 0 };

	TRY(view_take(in, is_v6 ? 16 : 4, &bytes));
	if (!is_v6)
		wbuf_put(&w, mapped.b, 12);
	wbuf_view_put(&w, bytes);
	return wbuf_check(&w);
}

/*@ requires \valid(in) && view_ok(*in) && \valid(ret) && \separated(in, ret);
  @ requires in->n > 0 ==> \separated(in->p + (0 .. in->n - 1), in, ret);
  @ assigns *in, *ret;
  @ ensures view_ok(*in) && in->n <= \old(in->n);
  @ ensures \result == E_OK || \result == E_SHORT || \result == E_LIMIT;
  @*/
static enum err proxy_parse_addresses(struct view *in, bool is_v6, struct proxy_protocol *ret)
{
	TRY(proxy_take_ip(in, is_v6, &ret->source));
	TRY(proxy_take_ip(in, is_v6, &ret->destination));
	TRY(view_u16(in, &ret->source_port));
	TRY(view_u16(in, &ret->destination_port));
	ret->has_addresses = true;
	return E_OK;
}

/* The part behind the fixed head, whole. */
/*@ requires view_ok(header) && \valid(ret);
  @ requires header.n > 0 ==> \separated(header.p + (0 .. header.n - 1), ret);
  @ assigns *ret;
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
static enum err proxy_parse_block(struct view header, unsigned family, unsigned transport,
				  struct proxy_protocol *ret)
{
	struct view in = view_slice(header, PROXY_V2_HEAD, header.n), skipped = { 0 };
	struct proxy_protocol p = { .is_datagram = transport == PROXY_DGRAM };
	enum err got = E_OK;

	if (family == PROXY_UNSPEC || transport == PROXY_ANY)
		return E_OK; /* §2.2: how long an unknown address is nobody knows */
	if (family == PROXY_UNIX)
		got = view_take(&in, PROXY_V2_UNIX_BYTES, &skipped);
	else
		got = proxy_parse_addresses(&in, family == PROXY_INET6, &p);
	if (got != E_OK)
		return E_PROTO;
	TRY(proxy_tlvs(header, in));
	*ret = p;
	return E_OK;
}

/*@ requires view_ok(v) && \valid(ret) && \valid(ret_n) && \separated(ret, ret_n);
  @ requires v.n > 0 ==> \separated(v.p + (0 .. v.n - 1), ret, ret_n);
  @ assigns *ret, *ret_n;
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO;
  @ ensures \result == E_OK ==> PROXY_V2_HEAD <= *ret_n <= v.n && *ret_n <= PROXY_PROTOCOL_MAX;
  @*/
static enum err proxy_parse_v2(struct view v, struct proxy_protocol *ret, size_t *ret_n)
{
	struct view in = view_slice(v, PROXY_V2_SIGNATURE.n, v.n);
	uint8_t command = 0, kind = 0;
	uint16_t n = 0;

	if (view_u8(&in, &command) != E_OK)
		return E_AGAIN;
	if (command != (PROXY_V2_VERSION | PROXY_V2_LOCAL) &&
	    command != (PROXY_V2_VERSION | PROXY_V2_PROXY))
		return E_PROTO;
	if (view_u8(&in, &kind) != E_OK)
		return E_AGAIN;
	if (kind >> 4 >= PROXY_FAMILIES || (kind & 15) >= PROXY_TRANSPORTS)
		return E_PROTO;
	if (view_u16(&in, &n) != E_OK)
		return E_AGAIN;
	if (n > PROXY_PROTOCOL_MAX - PROXY_V2_HEAD)
		return E_PROTO;
	if (in.n < n)
		return E_AGAIN;
	/* §2.2: a LOCAL connection's addresses are its own, whatever stands here */
	if ((command & 15) == PROXY_V2_PROXY)
		TRY(proxy_parse_block(view_slice(v, 0, PROXY_V2_HEAD + (size_t)n), kind >> 4,
				      kind & 15, ret));
	*ret_n = PROXY_V2_HEAD + (size_t)n;
	return E_OK;
}

enum err proxy_protocol_parse(struct view v, struct proxy_protocol *ret, size_t *ret_n)
{
	struct proxy_protocol p = { 0 };
	enum err got = E_PROTO;

	if (v.n == 0)
		return E_AGAIN;
	if (proxy_agrees(v, VIEW("PROXY ")))
		got = v.n < 6 ? E_AGAIN : proxy_parse_v1(v, &p, ret_n);
	else if (proxy_agrees(v, PROXY_V2_SIGNATURE))
		got = v.n < PROXY_V2_SIGNATURE.n ? E_AGAIN : proxy_parse_v2(v, &p, ret_n);
	if (got == E_OK)
		*ret = p;
	return got;
}

/* ---- writing ---- */

/*@ requires \valid_read(p);
  @ assigns \nothing;
  @*/
static bool proxy_is_v6(const struct proxy_protocol *p)
{
	return !ip_is_v4(&p->source) || !ip_is_v4(&p->destination);
}

/* One family for both: an IPv4 address beside an IPv6 one is written mapped. */
/*@ requires wbuf_ok(w) && \valid_read(ip);
  @ requires \separated(ip, w, w->p + (0 .. w->cap - 1));
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @*/
static void proxy_put_text(struct wbuf *w, const struct ip *ip, bool is_v6)
{
	if (is_v6 && ip_is_v4(ip))
		WBUF_LIT(w, "::ffff:");
	ip_put(w, ip);
}

void proxy_protocol_put_v1(struct wbuf *w, const struct proxy_protocol *p)
{
	bool is_v6 = proxy_is_v6(p);

	if (!p->has_addresses) {
		WBUF_LIT(w, "PROXY UNKNOWN\r\n");
		return;
	}
	wbuf_view_put(w, is_v6 ? VIEW("PROXY TCP6 ") : VIEW("PROXY TCP4 "));
	proxy_put_text(w, &p->source, is_v6);
	WBUF_LIT(w, " ");
	proxy_put_text(w, &p->destination, is_v6);
	WBUF_LIT(w, " ");
	wbuf_dec(w, p->source_port);
	WBUF_LIT(w, " ");
	wbuf_dec(w, p->destination_port);
	WBUF_LIT(w, "\r\n");
}

void proxy_protocol_put_v2(struct wbuf *w, const struct proxy_protocol *p)
{
	bool is_v6 = proxy_is_v6(p);
	size_t from = is_v6 ? 0 : 12;
	unsigned family = is_v6 ? PROXY_INET6 : PROXY_INET,
		 transport = p->is_datagram ? PROXY_DGRAM : PROXY_STREAM;

	wbuf_view_put(w, PROXY_V2_SIGNATURE);
	wbuf_u8(w, PROXY_V2_VERSION | (p->has_addresses ? PROXY_V2_PROXY : PROXY_V2_LOCAL));
	if (!p->has_addresses) {
		wbuf_u8(w, 0);
		wbuf_u16(w, 0);
		return;
	}
	wbuf_u8(w, (uint8_t)(family << 4 | transport));
	wbuf_u16(w, is_v6 ? PROXY_V2_V6_BYTES : PROXY_V2_V4_BYTES);
	wbuf_put(w, p->source.b + from, 16 - from);
	wbuf_put(w, p->destination.b + from, 16 - from);
	wbuf_u16(w, p->source_port);
	wbuf_u16(w, p->destination_port);
}
