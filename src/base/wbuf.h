/*
 * A bounded writer with sticky failure: write everything, check once.
 *
 * The count of bytes is what was really written; there is no other length in the tree
 * (THREATS A: an over-read starts with a length that was only intended).
 */
#ifndef BASE_WBUF_H
#define BASE_WBUF_H

#include "base/view.h"

#include <string.h>

struct wbuf {
	uint8_t *p; /* borrowed from the creator */
	size_t n, cap;
	bool bad; /* something did not fit; n is what fitted before it */
};

/*@ predicate wbuf_ok(struct wbuf *w) =
  @	\valid(w) && w->n <= w->cap && \valid(w->p + (0 .. w->cap - 1)) &&
  @	\separated(w, w->p + (0 .. w->cap - 1));
  @ // what every writer keeps to: it only appends, inside cap, all or nothing
  @ predicate wbuf_grew{A, B}(struct wbuf *w) =
  @	\at(w->p, A) == \at(w->p, B) && \at(w->cap, A) == \at(w->cap, B) &&
  @	\at(w->n, A) <= \at(w->n, B) <= \at(w->cap, B);
  @*/

/*@ assigns \nothing;
  @ ensures \result.p == p && \result.n == 0 && \result.cap == cap && !\result.bad;
  @*/
static inline struct wbuf wbuf_of(void *p, size_t cap)
{
	return (struct wbuf){ .p = (uint8_t *)p, .cap = cap };
}

/*@ requires \valid_read(w);
  @ assigns \nothing;
  @ ensures \result.p == w->p && \result.n == w->n;
  @*/
static inline struct view wbuf_view(const struct wbuf *w)
{
	return view_of(w->p, w->n);
}

/*@ requires \valid_read(w) && w->n <= w->cap;
  @ assigns \nothing;
  @ ensures \result == (w->bad ? 0 : w->cap - w->n);
  @*/
static inline size_t wbuf_room(const struct wbuf *w)
{
	return w->bad ? 0 : w->cap - w->n;
}

/* wbuf_put - appends n bytes, all or nothing */
/*@ requires wbuf_ok(w) && (n == 0 || \valid_read((char *)src + (0 .. n - 1)));
  @ requires n == 0 || \separated((uint8_t *)src + (0 .. n - 1), w->p + (0 .. w->cap - 1), w);
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @ ensures w->n == \old(w->n) + (!\old(w->bad) && n <= \old(w->cap - w->n) ? n : 0);
  @ ensures w->bad == (\old(w->bad) || n > \old(w->cap - w->n));
  @*/
static inline void wbuf_put(struct wbuf *w, const void *src, size_t n)
{
	if (w->bad || n > w->cap - w->n) {
		w->bad = true;
	} else if (n) {
		memcpy(w->p + w->n, src, n);
		w->n += n;
	}
}

/*@ requires wbuf_ok(w) && view_ok(v);
  @ requires v.n == 0 || \separated(v.p + (0 .. v.n - 1), w->p + (0 .. w->cap - 1), w);
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @ ensures w->n == \old(w->n) + (!\old(w->bad) && v.n <= \old(w->cap - w->n) ? v.n : 0);
  @ ensures w->bad == (\old(w->bad) || v.n > \old(w->cap - w->n));
  @*/
static inline void wbuf_view_put(struct wbuf *w, struct view v)
{
	wbuf_put(w, v.p, v.n);
}

/* WBUF_LIT - appends a string literal */
#define WBUF_LIT(w, lit) wbuf_put((w), "" lit, sizeof(lit) - 1)

/* wbuf_str - appends a NUL-terminated string without its NUL */
/*@ requires wbuf_ok(w) && valid_read_string(s);
  @ requires \separated(s + (0 .. ), w->p + (0 .. w->cap - 1), w);
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @*/
void wbuf_str(struct wbuf *w, const char *s);

/* wbuf_u8 .. wbuf_u64 - append one number, big-endian */
/*@ requires wbuf_ok(w);
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @ ensures \old(!w->bad && 1 <= w->cap - w->n) ? !w->bad && w->n == \old(w->n) + 1 :
  @	w->n == \old(w->n);
  @*/
void wbuf_u8(struct wbuf *w, uint8_t x);
/*@ requires wbuf_ok(w);
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @ ensures \old(!w->bad && 2 <= w->cap - w->n) ? !w->bad && w->n == \old(w->n) + 2 :
  @	w->n == \old(w->n);
  @*/
void wbuf_u16(struct wbuf *w, uint16_t x);
/*@ requires wbuf_ok(w);
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @ ensures \old(!w->bad && 4 <= w->cap - w->n) ? !w->bad && w->n == \old(w->n) + 4 :
  @	w->n == \old(w->n);
  @*/
void wbuf_u32(struct wbuf *w, uint32_t x);
/*@ requires wbuf_ok(w);
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @ ensures \old(!w->bad && 8 <= w->cap - w->n) ? !w->bad && w->n == \old(w->n) + 8 :
  @	w->n == \old(w->n);
  @*/
void wbuf_u64(struct wbuf *w, uint64_t x);

/* wbuf_str16 - appends a u16 length and the bytes; longer than 65535 fails */
/*@ requires wbuf_ok(w) && view_ok(v);
  @ requires v.n == 0 || \separated(v.p + (0 .. v.n - 1), w->p + (0 .. w->cap - 1), w);
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @ ensures w->n == \old(w->n) || w->n == \old(w->n) + 2 + v.n;
  @*/
void wbuf_str16(struct wbuf *w, struct view v);

/* wbuf_dec - appends x in decimal; wbuf_dec_pad with zeros to at least width digits (at most 20) */
/*@ requires wbuf_ok(w);
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @ ensures w->n <= \old(w->n) + 20;
  @*/
void wbuf_dec(struct wbuf *w, uint64_t x);
/*@ requires wbuf_ok(w);
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @ ensures w->n <= \old(w->n) + 20;
  @*/
void wbuf_dec_pad(struct wbuf *w, uint64_t x, unsigned width);

/* wbuf_hex - appends v as lower-case hexadecimal; wbuf_hex_u64 a number without leading zeros */
/*@ requires wbuf_ok(w) && view_ok(v);
  @ requires v.n == 0 || \separated(v.p + (0 .. v.n - 1), w->p + (0 .. w->cap - 1), w);
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @ ensures w->n == \old(w->n) || w->n == \old(w->n) + 2 * v.n;
  @*/
void wbuf_hex(struct wbuf *w, struct view v);
/*@ requires wbuf_ok(w);
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @ ensures w->n <= \old(w->n) + 16;
  @*/
void wbuf_hex_u64(struct wbuf *w, uint64_t x);

/* wbuf_check - E_LIMIT when anything did not fit */
/*@ requires \valid_read(w);
  @ assigns \nothing;
  @ ensures \result == (w->bad ? E_LIMIT : E_OK);
  @*/
enum err wbuf_check(const struct wbuf *w);

#endif
