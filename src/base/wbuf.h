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

static inline struct wbuf wbuf_of(void *p, size_t cap)
{
	return (struct wbuf){ .p = (uint8_t *)p, .cap = cap };
}

static inline struct view wbuf_view(const struct wbuf *w)
{
	return view_of(w->p, w->n);
}

static inline size_t wbuf_room(const struct wbuf *w)
{
	return w->bad ? 0 : w->cap - w->n;
}

/* wbuf_put - appends n bytes, all or nothing */
static inline void wbuf_put(struct wbuf *w, const void *src, size_t n)
{
	if (w->bad || n > w->cap - w->n) {
		w->bad = true;
	} else if (n) {
		memcpy(w->p + w->n, src, n);
		w->n += n;
	}
}

static inline void wbuf_view_put(struct wbuf *w, struct view v)
{
	wbuf_put(w, v.p, v.n);
}

/* WBUF_LIT - appends a string literal */
#define WBUF_LIT(w, lit) wbuf_put((w), "" lit, sizeof(lit) - 1)

/* wbuf_str - appends a NUL-terminated string without its NUL */
void wbuf_str(struct wbuf *w, const char *s);

/* wbuf_u8 .. wbuf_u64 - append one number, big-endian */
void wbuf_u8(struct wbuf *w, uint8_t x);
void wbuf_u16(struct wbuf *w, uint16_t x);
void wbuf_u32(struct wbuf *w, uint32_t x);
void wbuf_u64(struct wbuf *w, uint64_t x);

/* wbuf_str16 - appends a u16 length and the bytes; longer than 65535 fails */
void wbuf_str16(struct wbuf *w, struct view v);

/* wbuf_dec - appends x in decimal; wbuf_dec_pad with zeros to at least width digits (at most 20) */
void wbuf_dec(struct wbuf *w, uint64_t x);
void wbuf_dec_pad(struct wbuf *w, uint64_t x, unsigned width);

/* wbuf_hex - appends v as lower-case hexadecimal; wbuf_hex_u64 a number without leading zeros */
void wbuf_hex(struct wbuf *w, struct view v);
void wbuf_hex_u64(struct wbuf *w, uint64_t x);

/* wbuf_check - E_LIMIT when anything did not fit */
enum err wbuf_check(const struct wbuf *w);

#endif
