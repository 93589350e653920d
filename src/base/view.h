/*
 * A borrowed run of bytes, and the bounded reads from it.
 *
 * All bytes that come from outside travel as a view; no other module does pointer arithmetic
 * on them. Reads consume from the front, or consume nothing and say E_SHORT.
 */
#ifndef BASE_VIEW_H
#define BASE_VIEW_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct view {
	const uint8_t *p; /* borrowed; never outlives its source; may be NULL when n is 0 */
	size_t n;
};

/* VIEW - a view of a string literal, without its NUL */
#define VIEW(lit) ((struct view){ (const uint8_t *)("" lit), sizeof(lit) - 1 })

/* VIEW_INIT - the same as an initialiser, for tables */
#define VIEW_INIT(lit)                                                                             \
	{                                                                                          \
		(const uint8_t *)("" lit), sizeof(lit) - 1                                         \
	}

/*@ predicate view_ok(struct view v) = v.n == 0 || \valid_read(v.p + (0 .. v.n - 1));
  @ // r is a part of v
  @ predicate view_in(struct view r, struct view v) =
  @	r.n == 0 || (r.n <= v.n && \base_addr(r.p) == \base_addr(v.p) && v.p <= r.p &&
  @		     r.p + r.n <= v.p + v.n);
  @*/

/*@ assigns \nothing;
  @ ensures \result.p == p && \result.n == n;
  @*/
static inline struct view view_of(const void *p, size_t n)
{
	return (struct view){ (const uint8_t *)p, n };
}

/* view_str - a view of a NUL-terminated string; NULL gives the empty view */
/*@ requires s == \null || valid_read_string(s);
  @ assigns \nothing;
  @ ensures view_ok(\result);
  @*/
struct view view_str(const char *s);

/* view_slice - at most n bytes from position from; clipped to what is there */
/*@ requires view_ok(v);
  @ assigns \nothing;
  @ ensures view_ok(\result);
  @ ensures from >= v.n ==> \result.n == 0;
  @ ensures from < v.n ==> \result.p == v.p + from && \result.n == \min(n, v.n - from);
  @*/
struct view view_slice(struct view v, size_t from, size_t n);

/* view_take - moves the first n bytes of v to *ret. E_SHORT: v has fewer, nothing moved */
/*@ requires \valid(v) && \valid(ret) && \separated(v, ret) && view_ok(*v);
  @ assigns *v, *ret;
  @ ensures view_ok(*v);
  @ behavior short:
  @   assumes n > v->n;
  @   ensures \result == E_SHORT && *v == \old(*v) && *ret == \old(*ret);
  @ behavior enough:
  @   assumes n <= v->n;
  @   ensures \result == E_OK && view_ok(*ret);
  @   ensures ret->n == n && ret->p == \old(v->p);
  @   ensures v->n == \old(v->n) - n;
  @   ensures v->p == \old(v->p) + n;
  @ complete behaviors;
  @ disjoint behaviors;
  @*/
enum err view_take(struct view *v, size_t n, struct view *ret);

/* view_u8 .. view_u64 - consume one big-endian number. E_SHORT: nothing consumed */
/*@ requires \valid(v) && \valid(ret) && \separated(v, ret) && view_ok(*v);
  @ assigns *v, *ret;
  @ ensures view_ok(*v);
  @ behavior short:
  @   assumes 1 > v->n;
  @   ensures \result == E_SHORT && *v == \old(*v) && *ret == \old(*ret);
  @ behavior enough:
  @   assumes 1 <= v->n;
  @   ensures \result == E_OK;
  @   ensures v->n == \old(v->n) - 1 && v->p == \old(v->p) + 1;
  @ complete behaviors;
  @ disjoint behaviors;
  @*/
enum err view_u8(struct view *v, uint8_t *ret);
/*@ requires \valid(v) && \valid(ret) && \separated(v, ret) && view_ok(*v);
  @ assigns *v, *ret;
  @ ensures view_ok(*v);
  @ behavior short:
  @   assumes 2 > v->n;
  @   ensures \result == E_SHORT && *v == \old(*v) && *ret == \old(*ret);
  @ behavior enough:
  @   assumes 2 <= v->n;
  @   ensures \result == E_OK;
  @   ensures v->n == \old(v->n) - 2 && v->p == \old(v->p) + 2;
  @ complete behaviors;
  @ disjoint behaviors;
  @*/
enum err view_u16(struct view *v, uint16_t *ret);
/*@ requires \valid(v) && \valid(ret) && \separated(v, ret) && view_ok(*v);
  @ assigns *v, *ret;
  @ ensures view_ok(*v);
  @ behavior short:
  @   assumes 4 > v->n;
  @   ensures \result == E_SHORT && *v == \old(*v) && *ret == \old(*ret);
  @ behavior enough:
  @   assumes 4 <= v->n;
  @   ensures \result == E_OK;
  @   ensures v->n == \old(v->n) - 4 && v->p == \old(v->p) + 4;
  @ complete behaviors;
  @ disjoint behaviors;
  @*/
enum err view_u32(struct view *v, uint32_t *ret);
/*@ requires \valid(v) && \valid(ret) && \separated(v, ret) && view_ok(*v);
  @ assigns *v, *ret;
  @ ensures view_ok(*v);
  @ behavior short:
  @   assumes 8 > v->n;
  @   ensures \result == E_SHORT && *v == \old(*v) && *ret == \old(*ret);
  @ behavior enough:
  @   assumes 8 <= v->n;
  @   ensures \result == E_OK;
  @   ensures v->n == \old(v->n) - 8 && v->p == \old(v->p) + 8;
  @ complete behaviors;
  @ disjoint behaviors;
  @*/
enum err view_u64(struct view *v, uint64_t *ret);

/* view_str16 - consume a u16 length and that many bytes. E_SHORT: nothing consumed */
/*@ requires \valid(v) && \valid(ret) && \separated(v, ret) && view_ok(*v);
  @ assigns *v, *ret;
  @ ensures view_ok(*v);
  @ ensures \result == E_OK || \result == E_SHORT;
  @ ensures \result == E_OK ==> view_ok(*ret) && ret->p == \old(v->p) + 2 &&
  @	v->n == \old(v->n) - 2 - ret->n && v->p == \old(v->p) + 2 + ret->n;
  @ ensures \result == E_SHORT ==> *v == \old(*v);
  @*/
enum err view_str16(struct view *v, struct view *ret);

/* view_end - E_PROTO unless everything was consumed: a message has no unread tail */
/*@ requires \valid_read(v);
  @ assigns \nothing;
  @ ensures \result == (v->n == 0 ? E_OK : E_PROTO);
  @*/
enum err view_end(const struct view *v);

/* view_eq - same bytes (not constant time: never for secrets) */
/*@ requires view_ok(a) && view_ok(b);
  @ assigns \nothing;
  @ ensures \result ==> a.n == b.n;
  @*/
bool view_eq(struct view a, struct view b);

/* view_ieq - same bytes, ASCII letters compared without case */
/*@ requires view_ok(a) && view_ok(b);
  @ assigns \nothing;
  @ ensures \result ==> a.n == b.n;
  @*/
bool view_ieq(struct view a, struct view b);

/*@ requires view_ok(v) && view_ok(prefix);
  @ assigns \nothing;
  @ ensures \result ==> prefix.n <= v.n;
  @*/
bool view_starts(struct view v, struct view prefix);
/*@ requires view_ok(v) && view_ok(suffix);
  @ assigns \nothing;
  @ ensures \result ==> suffix.n <= v.n;
  @*/
bool view_ends(struct view v, struct view suffix);

/* view_find - position of the first byte b, or v.n */
/*@ requires view_ok(v);
  @ assigns \nothing;
  @ ensures \result <= v.n;
  @ ensures \result < v.n ==> v.p[\result] == b;
  @ ensures \forall size_t i; i < \result ==> v.p[i] != b;
  @*/
size_t view_find(struct view v, uint8_t b);

/* view_trim - without SP and HTAB at both ends (RFC 9110 §5.6.3 OWS) */
/*@ requires view_ok(v);
  @ assigns \nothing;
  @ ensures view_ok(\result) && view_in(\result, v);
  @*/
struct view view_trim(struct view v);

/* view_dec - the whole view as a decimal number: digits only, 1 to 19 of them. E_PROTO otherwise */
/*@ requires view_ok(v) && \valid(ret);
  @ assigns *ret;
  @ ensures \result == E_OK || \result == E_PROTO;
  @ ensures \result == E_PROTO ==> *ret == \old(*ret);
  @ ensures \result == E_OK ==> *ret < 10000000000000000000;
  @ ensures \result == E_OK ==> 0 < v.n <= 19;
  @*/
enum err view_dec(struct view v, uint64_t *ret);

#endif
