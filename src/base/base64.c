/* Base64, written three bytes at a time; pure. */
#include "base/base64.h"

void base64_put(struct wbuf *w, struct view v)
{
	static const uint8_t digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < v.n; i += 3) {
		struct view part = view_slice(v, i, 3);
		uint32_t bits = (uint32_t)part.p[0] << 16;

		bits |= part.n > 1 ? (uint32_t)part.p[1] << 8 : 0;
		bits |= part.n > 2 ? part.p[2] : 0;
		wbuf_u8(w, digits[bits >> 18]);
		wbuf_u8(w, digits[bits >> 12 & 63]);
		wbuf_u8(w, part.n > 1 ? digits[bits >> 6 & 63] : '=');
		wbuf_u8(w, part.n > 2 ? digits[bits & 63] : '=');
	}
}
