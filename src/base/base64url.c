/* Base64 for URLs; pure. */
#include "base/base64url.h"

static const char base64url_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url_put(struct wbuf *w, struct view v)
{
	uint32_t bits = 0;
	unsigned n = 0;

	/*@ loop invariant i <= v.n && (n == 0 || n == 2 || n == 4);
	  @ loop invariant wbuf_ok(w) && wbuf_grew{Pre, Here}(w);
	  @ loop assigns i, n, bits, w->n, w->bad, w->p[\at(w->n, Pre) .. w->cap - 1];
	  @ loop variant v.n - i;
	  @*/
	for (size_t i = 0; i < v.n; i++) {
		bits = bits << 8 | v.p[i];
		/*@ loop invariant n <= 12 && n % 2 == 0;
		  @ loop invariant wbuf_ok(w) && wbuf_grew{Pre, Here}(w);
		  @ loop assigns n, w->n, w->bad, w->p[\at(w->n, Pre) .. w->cap - 1];
		  @ loop variant n;
		  @*/
		for (n += 8; n >= 6; n -= 6)
			wbuf_u8(w, (uint8_t)base64url_digits[(bits >> (n - 6)) % 64]);
		bits &= (1u << n) - 1;
	}
	if (n)
		wbuf_u8(w, (uint8_t)base64url_digits[(bits << (6 - n)) % 64]);
}

/*@ assigns \nothing;
  @ ensures \result <= 64;
  @*/
static unsigned base64url_value(unsigned c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26u;
	if (c >= '0' && c <= '9')
		return c - '0' + 52u;
	if (c == '-' || c == '_')
		return c == '-' ? 62 : 63;
	return 64;
}

enum err base64url_get(struct view text, struct wbuf *w)
{
	uint32_t bits = 0;
	unsigned n = 0;

	if (text.n % 4 == 1)
		return E_PROTO;
	/*@ loop invariant i <= text.n && n < 8;
	  @ loop invariant wbuf_ok(w) && wbuf_grew{Pre, Here}(w);
	  @ loop assigns i, n, bits, w->n, w->bad, w->p[\at(w->n, Pre) .. w->cap - 1];
	  @ loop variant text.n - i;
	  @*/
	for (size_t i = 0; i < text.n; i++) {
		unsigned x = base64url_value(text.p[i]);

		if (x > 63)
			return E_PROTO;
		bits = bits << 6 | x;
		n += 6;
		if (n < 8)
			continue;
		n -= 8;
		wbuf_u8(w, (uint8_t)(bits >> n));
		bits &= (1u << n) - 1;
	}
	if (bits)
		return E_PROTO;
	return w->bad ? E_LIMIT : E_OK;
}
