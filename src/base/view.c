/* Bounded reads; pure, linked by every process, proved by tests that end at a guard page. */
#include "base/view.h"

#include <string.h>

struct view view_str(const char *s)
{
	return s ? view_of(s, strlen(s)) : (struct view){ 0 };
}

struct view view_slice(struct view v, size_t from, size_t n)
{
	if (from >= v.n)
		return (struct view){ 0 };
	return view_of(v.p + from, n < v.n - from ? n : v.n - from);
}

enum err view_take(struct view *v, size_t n, struct view *ret)
{
	if (n > v->n)
		return E_SHORT;
	*ret = view_of(v->p, n);
	if (n != 0)
		*v = view_of(v->p + n, v->n - n);
	return E_OK;
}

/* Big-endian number of n bytes. */
/*@ requires 1 <= n <= 8 && \valid(v) && \valid(ret) && \separated(v, ret) && view_ok(*v);
  @ assigns *v, *ret;
  @ ensures view_ok(*v);
  @ behavior short:
  @   assumes n > v->n;
  @   ensures \result == E_SHORT && *v == \old(*v) && *ret == \old(*ret);
  @ behavior enough:
  @   assumes n <= v->n;
  @   ensures \result == E_OK;
  @   ensures v->n == \old(v->n) - n && v->p == \old(v->p) + n;
  @ complete behaviors;
  @ disjoint behaviors;
  @*/
static enum err view_number(struct view *v, size_t n, uint64_t *ret)
{
	struct view b = { 0 };
	uint64_t x = 0;

	TRY(view_take(v, n, &b));
	/*@ loop invariant i <= n;
	  @ loop assigns i, x;
	  @ loop variant n - i;
	  @*/
	for (size_t i = 0; i < n; i++)
		x = x << 8 | b.p[i];
	*ret = x;
	return E_OK;
}

enum err view_u8(struct view *v, uint8_t *ret)
{
	uint64_t x = 0;

	TRY(view_number(v, 1, &x));
	*ret = (uint8_t)x;
	return E_OK;
}

enum err view_u16(struct view *v, uint16_t *ret)
{
	uint64_t x = 0;

	TRY(view_number(v, 2, &x));
	*ret = (uint16_t)x;
	return E_OK;
}

enum err view_u32(struct view *v, uint32_t *ret)
{
	uint64_t x = 0;

	TRY(view_number(v, 4, &x));
	*ret = (uint32_t)x;
	return E_OK;
}

enum err view_u64(struct view *v, uint64_t *ret)
{
	return view_number(v, 8, ret);
}

enum err view_str16(struct view *v, struct view *ret)
{
	struct view rest = *v;
	uint16_t n = 0;

	TRY(view_u16(&rest, &n));
	TRY(view_take(&rest, n, ret));
	*v = rest;
	return E_OK;
}

enum err view_end(const struct view *v)
{
	return v->n == 0 ? E_OK : E_PROTO;
}

bool view_eq(struct view a, struct view b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

//@ assigns \nothing;
static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool view_ieq(struct view a, struct view b)
{
	if (a.n != b.n)
		return false;
	/*@ loop invariant i <= a.n;
	  @ loop assigns i;
	  @ loop variant a.n - i;
	  @*/
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool view_starts(struct view v, struct view prefix)
{
	return v.n >= prefix.n && view_eq(view_slice(v, 0, prefix.n), prefix);
}

bool view_ends(struct view v, struct view suffix)
{
	return v.n >= suffix.n && view_eq(view_slice(v, v.n - suffix.n, suffix.n), suffix);
}

size_t view_find(struct view v, uint8_t b)
{
	const uint8_t *p = v.n ? memchr(v.p, b, v.n) : NULL;

	return p ? (size_t)(p - v.p) : v.n;
}

struct view view_trim(struct view v)
{
	/*@ loop invariant v.n <= \at(v.n, Pre) && v.p + v.n == \at(v.p + v.n, Pre);
	  @ loop invariant \at(v.p, Pre) <= v.p;
	  @ loop assigns v;
	  @ loop variant v.n;
	  @*/
	while (v.n && (v.p[0] == ' ' || v.p[0] == '\t'))
		v = view_of(v.p + 1, v.n - 1);
	/*@ loop invariant v.n <= \at(v.n, LoopEntry);
	  @ loop assigns v.n;
	  @ loop variant v.n;
	  @*/
	while (v.n && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '\t'))
		v.n--;
	return v;
}

/*@ axiomatic pow10 {
  @	logic integer pow10(integer i);
  @	axiom pow10_0: pow10(0) == 1;
  @	axiom pow10_n: \forall integer i; 0 <= i < 19 ==> pow10(i + 1) == 10 * pow10(i);
  @	axiom pow10_19: pow10(19) == 10000000000000000000;
  @	axiom pow10_up: \forall integer i, j; 0 <= i <= j <= 19 ==> pow10(i) <= pow10(j);
  @ }
  @*/
enum err view_dec(struct view v, uint64_t *ret)
{
	uint64_t x = 0;

	if (v.n == 0 || v.n > 19) /* 10^19 - 1 still fits */
		return E_PROTO;
	/*@ loop invariant i <= v.n;
	  @ loop invariant i == 0 ==> x == 0;
	  @ loop invariant x < pow10(i);
	  @ loop assigns i, x;
	  @ loop variant v.n - i;
	  @*/
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return E_PROTO;
		x = x * 10 + (uint64_t)(v.p[i] - '0');
	}
	*ret = x;
	return E_OK;
}
