/* Base64, written three bytes at a time; pure. */
#include "base/base64.h"

void base64_put(struct wbuf *w, struct view v)
{
	static const uint8_t digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	/*@ loop invariant i <= v.n + 2 && wbuf_ok(w) && wbuf_grew{Pre, Here}(w);
	  @ loop assigns i, w->n, w->bad, w->p[\at(w->n, Pre) .. w->cap - 1];
	  @ loop variant v.n + 2 - i;
	  @*/
	for (size_t i = 0; i < v.n; i += 3) {
		struct view part = view_slice(v, i, 3);
		uint32_t high = part.p[0], mid = part.n > 1 ? part.p[1] : 0,
			 low = part.n > 2 ? part.p[2] : 0;

		wbuf_u8(w, digits[high / 4]);
		wbuf_u8(w, digits[high % 4 * 16 + mid / 16]);
		wbuf_u8(w, part.n > 1 ? digits[mid % 16 * 4 + low / 64] : '=');
		wbuf_u8(w, part.n > 2 ? digits[low % 64] : '=');
	}
}
