/* The bounded writer's number formats; pure, linked by every process. */
#include "base/wbuf.h"

void wbuf_str(struct wbuf *w, const char *s)
{
	wbuf_put(w, s, strlen(s));
}

/*@ requires wbuf_ok(w) && 1 <= n <= 8;
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @ ensures \old(!w->bad && n <= w->cap - w->n) ? !w->bad && w->n == \old(w->n) + n :
  @	w->n == \old(w->n);
  @*/
static void wbuf_number(struct wbuf *w, uint64_t x, size_t n)
{
	uint8_t b[8] = { 0 };

	/*@ loop invariant i <= n;
	  @ loop assigns i, b[0 .. 7];
	  @ loop variant n - i;
	  @*/
	for (size_t i = 0; i < n; i++)
		b[n - 1 - i] = (uint8_t)(x >> (8 * i));
	wbuf_put(w, b, n);
}

void wbuf_u8(struct wbuf *w, uint8_t x)
{
	wbuf_number(w, x, 1);
}

void wbuf_u16(struct wbuf *w, uint16_t x)
{
	wbuf_number(w, x, 2);
}

void wbuf_u32(struct wbuf *w, uint32_t x)
{
	wbuf_number(w, x, 4);
}

void wbuf_u64(struct wbuf *w, uint64_t x)
{
	wbuf_number(w, x, 8);
}

void wbuf_str16(struct wbuf *w, struct view v)
{
	if (v.n > UINT16_MAX || wbuf_room(w) < v.n + 2) {
		w->bad = true;
		return;
	}
	wbuf_u16(w, (uint16_t)v.n);
	wbuf_view_put(w, v);
}

/*@ axiomatic dec_bound { // 10 to the power of i: numbers below it have at most i digits
  @	logic integer dec_bound(integer i);
  @	axiom dec_bound_0: dec_bound(0) == 1;
  @	axiom dec_bound_n: \forall integer i; 0 <= i < 20 ==> dec_bound(i + 1) == 10 * dec_bound(i);
  @	axiom dec_bound_20: dec_bound(20) == 100000000000000000000;
  @ }
  @*/
void wbuf_dec_pad(struct wbuf *w, uint64_t x, unsigned width)
{
	uint8_t b[20];
	size_t at = sizeof b;

	/*@ loop invariant 1 <= at <= 20 && x < dec_bound(at);
	  @ loop assigns at, x, b[0 .. 19];
	  @ loop variant at;
	  @*/
	do {
		b[--at] = (uint8_t)('0' + x % 10);
		x /= 10;
	} while (x);
	/*@ loop invariant at <= 20;
	  @ loop assigns at, b[0 .. 19];
	  @ loop variant at;
	  @*/
	while (sizeof b - at < width && at > 0)
		b[--at] = '0';
	wbuf_put(w, b + at, sizeof b - at);
}

void wbuf_dec(struct wbuf *w, uint64_t x)
{
	wbuf_dec_pad(w, x, 1);
}

static const char wbuf_digits[16] = "0123456789abcdef";

void wbuf_hex(struct wbuf *w, struct view v)
{
	if (wbuf_room(w) / 2 < v.n) {
		w->bad = true;
		return;
	}
	/*@ loop invariant i <= v.n && w->n == \at(w->n, Pre) + 2 * i;
	  @ loop assigns i, w->n, w->p[\at(w->n, Pre) .. w->cap - 1];
	  @ loop variant v.n - i;
	  @*/
	for (size_t i = 0; i < v.n; i++) {
		w->p[w->n++] = (uint8_t)wbuf_digits[v.p[i] / 16];
		w->p[w->n++] = (uint8_t)wbuf_digits[v.p[i] % 16];
	}
}

/*@ axiomatic hex_most {
  @	logic integer hex_most(integer at);
  @	axiom hex_most_16: hex_most(16) == 0xffffffffffffffff;
  @	axiom hex_most_0: hex_most(0) == 0;
  @	axiom hex_most_n:
  @		\forall integer i; 0 <= i < 16 ==> hex_most(i + 1) == 16 * hex_most(i) + 15;
  @ }
  @*/
void wbuf_hex_u64(struct wbuf *w, uint64_t x)
{
	uint8_t b[16];
	size_t at = sizeof b;

	/*@ loop invariant 1 <= at <= 16 && x <= hex_most(at);
	  @ loop assigns at, x, b[0 .. 15];
	  @ loop variant at;
	  @*/
	do {
		b[--at] = (uint8_t)wbuf_digits[x % 16];
		x /= 16;
	} while (x);
	wbuf_put(w, b + at, sizeof b - at);
}

enum err wbuf_check(const struct wbuf *w)
{
	return w->bad ? E_LIMIT : E_OK;
}
