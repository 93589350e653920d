/* The bounded writer's number formats; pure, linked by every process. */
#include "base/wbuf.h"

void wbuf_str(struct wbuf *w, const char *s)
{
	wbuf_put(w, s, strlen(s));
}

static void wbuf_number(struct wbuf *w, uint64_t x, size_t n)
{
	uint8_t b[8] = { 0 };

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

void wbuf_dec_pad(struct wbuf *w, uint64_t x, unsigned width)
{
	uint8_t b[20];
	size_t at = sizeof b;

	do {
		b[--at] = (uint8_t)('0' + x % 10);
		x /= 10;
	} while (x);
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
	for (size_t i = 0; i < v.n; i++) {
		w->p[w->n++] = (uint8_t)wbuf_digits[v.p[i] >> 4];
		w->p[w->n++] = (uint8_t)wbuf_digits[v.p[i] & 15];
	}
}

void wbuf_hex_u64(struct wbuf *w, uint64_t x)
{
	uint8_t b[16];
	size_t at = sizeof b;

	do {
		b[--at] = (uint8_t)wbuf_digits[x & 15];
		x >>= 4;
	} while (x);
	wbuf_put(w, b + at, sizeof b - at);
}

enum err wbuf_check(const struct wbuf *w)
{
	return w->bad ? E_LIMIT : E_OK;
}
