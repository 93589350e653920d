/* IP addresses as values; pure text and bit work, no system call. */
#include "base/ip.h"

static const uint8_t ip_mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

bool ip_is_v4(const struct ip *a)
{
	return memcmp(a->b, ip_mapped, sizeof ip_mapped) == 0;
}

/* Four decimal parts; "01" is refused because other software reads it as octal. */
/*@ requires view_ok(t) && \valid(ret + (0 .. 3));
  @ assigns ret[0 .. 3];
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
static enum err ip_parse_v4(struct view t, uint8_t ret[4])
{
	/*@ loop invariant i <= 4 && view_ok(t);
	  @ loop assigns i, t, ret[0 .. 3];
	  @ loop variant 4 - i;
	  @*/
	for (size_t i = 0; i < 4; i++) {
		size_t dot = view_find(t, '.');
		struct view part = view_slice(t, 0, dot);
		uint64_t x = 0;

		if ((dot == t.n) != (i == 3) || part.n > 3 || (part.n > 1 && part.p[0] == '0'))
			return E_PROTO;
		TRY(view_dec(part, &x));
		if (x > 255)
			return E_PROTO;
		ret[i] = (uint8_t)x;
		t = view_slice(t, dot + 1, t.n);
	}
	return E_OK;
}

/*@ assigns \nothing;
  @ ensures -1 <= \result <= 15;
  @*/
static int ip_hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*@ requires view_ok(t) && \valid(ret);
  @ assigns *ret;
  @ ensures \result == E_OK || \result == E_PROTO;
  @ ensures \result == E_OK ==> 1 <= t.n <= 4;
  @*/
static enum err ip_group(struct view t, uint16_t *ret)
{
	unsigned x = 0;

	if (t.n < 1 || t.n > 4)
		return E_PROTO;
	/*@ loop invariant i <= t.n;
	  @ loop assigns i, x;
	  @ loop variant t.n - i;
	  @*/
	for (size_t i = 0; i < t.n; i++) {
		int d = ip_hex_digit(t.p[i]);

		if (d < 0)
			return E_PROTO;
		x = x << 4 | (unsigned)d;
	}
	*ret = (uint16_t)x;
	return E_OK;
}

/* A dotted last part: four bytes that must still fit. */
/*@ requires view_ok(part) && \valid(out + (0 .. 15)) && \valid(n) && *n <= 16;
  @ requires \separated(out + (0 .. 15), n);
  @ assigns *n, out[0 .. 15];
  @ ensures *n <= 16;
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
static enum err ip_dotted(struct view part, uint8_t out[16], size_t *n)
{
	if (*n > 12)
		return E_PROTO;
	TRY(ip_parse_v4(part, out + *n));
	*n += 4;
	return E_OK;
}

/* Groups up to "::" or the end; *ret_n bytes are written to out (at most 16). Only the last part of
 * an address may be dotted (RFC 4291 §2.2 form 3). */
/*@ requires view_ok(t) && \valid(out + (0 .. 15)) && \valid(ret_n);
  @ requires \separated(out + (0 .. 15), ret_n);
  @ assigns *ret_n, out[0 .. 15];
  @ ensures *ret_n <= 16;
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
static enum err ip_groups(struct view t, bool is_last, uint8_t out[16], size_t *ret_n)
{
	*ret_n = 0;
	/*@ loop invariant *ret_n <= 16 && view_ok(t);
	  @ loop assigns t, *ret_n, out[0 .. 15];
	  @ loop variant t.n;
	  @*/
	while (t.n) {
		size_t colon = view_find(t, ':');
		struct view part = view_slice(t, 0, colon);
		uint16_t g = 0;

		if (is_last && colon == t.n && view_find(part, '.') != part.n)
			return ip_dotted(part, out, ret_n);
		if (*ret_n > 14 || (colon != t.n && colon + 1 == t.n))
			return E_PROTO;
		TRY(ip_group(part, &g));
		out[(*ret_n)++] = (uint8_t)(g >> 8);
		out[(*ret_n)++] = (uint8_t)g;
		t = view_slice(t, colon + 1, t.n);
	}
	return E_OK;
}

/*@ requires view_ok(t);
  @ assigns \nothing;
  @ ensures \result <= t.n;
  @*/
static size_t ip_find_gap(struct view t)
{
	/*@ loop invariant i == 0 || i < t.n;
	  @ loop assigns i;
	  @ loop variant t.n - i;
	  @*/
	for (size_t i = 0; i + 1 < t.n; i++)
		if (t.p[i] == ':' && t.p[i + 1] == ':')
			return i;
	return t.n;
}

/*@ requires view_ok(t) && \valid(ret);
  @ assigns *ret;
  @ ensures \result == E_OK || \result == E_PROTO;
  @ ensures \result == E_PROTO ==> *ret == \old(*ret);
  @*/
static enum err ip_parse_v6(struct view t, struct ip *ret)
{
	uint8_t head[16] = { 0 }, tail[16] = { 0 };
	size_t gap = ip_find_gap(t), nh = 0, nt = 0;
	struct ip out = { 0 };

	TRY(ip_groups(view_slice(t, 0, gap), gap == t.n, head, &nh));
	if (gap != t.n)
		TRY(ip_groups(view_slice(t, gap + 2, t.n), true, tail, &nt));
	if (gap == t.n ? nh != 16 : nh + nt > 14)
		return E_PROTO;
	memcpy(out.b, head, nh);
	if (nt)
		memcpy(out.b + 16 - nt, tail, nt);
	*ret = out;
	return E_OK;
}

enum err ip_parse(struct view text, struct ip *ret)
{
	struct ip out = { 0 };

	if (view_find(text, ':') != text.n)
		return ip_parse_v6(text, ret);
	memcpy(out.b, ip_mapped, sizeof ip_mapped);
	TRY(ip_parse_v4(text, out.b + 12));
	*ret = out;
	return E_OK;
}

enum err ip_net_parse(struct view text, struct ip_net *ret)
{
	size_t slash = view_find(text, '/');
	struct ip_net out = { .bits = 128 };
	uint64_t bits = 0;

	TRY(ip_parse(view_slice(text, 0, slash), &out.ip));
	if (slash != text.n) {
		uint64_t widest = ip_is_v4(&out.ip) ? 32 : 128;

		TRY(view_dec(view_slice(text, slash + 1, text.n), &bits));
		if (bits > widest)
			return E_PROTO;
		out.bits = (uint8_t)(bits + 128 - widest);
	}
	/*@ loop invariant out.bits <= i <= 128;
	  @ loop assigns i;
	  @ loop variant 128 - i;
	  @*/
	for (size_t i = out.bits; i < 128; i++)
		if (out.ip.b[i / 8] & (0x80u >> (i % 8)))
			return E_PROTO;
	*ret = out;
	return E_OK;
}

bool ip_net_has(const struct ip_net *net, const struct ip *a)
{
	size_t whole = net->bits / 8, rest = net->bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	if (memcmp(net->ip.b, a->b, whole) != 0)
		return false;
	return rest == 0 || ((net->ip.b[whole] ^ a->b[whole]) & mask) == 0;
}

bool ip_eq(const struct ip *a, const struct ip *b)
{
	return memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* RFC 5952 §4.2: the longest run of two or more zero groups, the first of equals. */
/*@ requires \valid_read(a) && \valid(ret_at) && \valid(ret_n) && \separated(ret_at, ret_n);
  @ assigns *ret_at, *ret_n;
  @ ensures *ret_at + *ret_n <= 8;
  @ ensures *ret_at < 8 ==> *ret_n >= 2;
  @*/
static void ip_longest_zeros(const struct ip *a, size_t *ret_at, size_t *ret_n)
{
	size_t best = 8, best_n = 1, run = 0;

	/*@ loop invariant run <= i <= 8;
	  @ loop invariant best == 8 ? best_n == 1 : 2 <= best_n <= i - best;
	  @ loop assigns i, best, best_n, run;
	  @ loop variant 8 - i;
	  @*/
	for (size_t i = 0; i < 8; i++) {
		run = a->b[2 * i] | a->b[2 * i + 1] ? 0 : run + 1;
		if (run > best_n) {
			best_n = run;
			best = i + 1 - run;
		}
	}
	*ret_at = best;
	*ret_n = best == 8 ? 0 : best_n;
}

void ip_put(struct wbuf *w, const struct ip *a)
{
	size_t gap = 8, gap_n = 0;

	if (ip_is_v4(a)) {
		/*@ loop invariant 12 <= i <= 16 && wbuf_ok(w) && wbuf_grew{Pre, Here}(w);
		  @ loop assigns i, w->n, w->bad, w->p[\at(w->n, Pre) .. w->cap - 1];
		  @ loop variant 16 - i;
		  @*/
		for (size_t i = 12; i < 16; i++) {
			if (i > 12)
				WBUF_LIT(w, ".");
			wbuf_dec(w, a->b[i]);
		}
		return;
	}
	ip_longest_zeros(a, &gap, &gap_n);
	/*@ loop invariant i <= 8 && wbuf_ok(w) && wbuf_grew{Pre, Here}(w);
	  @ loop assigns i, w->n, w->bad, w->p[\at(w->n, Pre) .. w->cap - 1];
	  @ loop variant 8 - i;
	  @*/
	for (size_t i = 0; i < 8; i++) {
		if (i == gap) {
			WBUF_LIT(w, "::");
			i += gap_n - 1;
			continue;
		}
		if (i && i != gap + gap_n)
			WBUF_LIT(w, ":");
		wbuf_hex_u64(w, (uint64_t)a->b[2 * i] << 8 | a->b[2 * i + 1]);
	}
}

void ip_put_endpoint(struct wbuf *w, const struct ip *a, uint16_t port)
{
	if (!ip_is_v4(a))
		WBUF_LIT(w, "[");
	ip_put(w, a);
	if (!ip_is_v4(a))
		WBUF_LIT(w, "]");
	WBUF_LIT(w, ":");
	wbuf_dec(w, port);
}

struct ip ip_source(const struct ip *a)
{
	struct ip who = *a;

	/*@ loop invariant 8 <= i <= 16;
	  @ loop assigns i, who.b[8 .. 15];
	  @ loop variant 16 - i;
	  @*/
	for (unsigned i = 8; i < sizeof who.b && !ip_is_v4(a); i++)
		who.b[i] = 0;
	return who;
}
