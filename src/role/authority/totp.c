/* Comparing codes takes the same time wherever they differ; all steps are always looked at. */
#include "role/authority/totp.h"

#include "base/ct.h"
#include "base/sha1.h"

enum { TOTP_MODULUS = 1000000 };

static void totp_pad(struct view key, uint8_t with, uint8_t ret[SHA1_BLOCK])
{
	for (size_t i = 0; i < SHA1_BLOCK; i++)
		ret[i] = (uint8_t)((i < key.n ? key.p[i] : 0) ^ with);
}

void totp_hmac(struct view key, struct view text, uint8_t ret[20])
{
	uint8_t pad[SHA1_BLOCK];
	struct sha1 inner = sha1_begin(), outer = sha1_begin();

	INVARIANT(key.n <= SHA1_BLOCK);
	totp_pad(key, 0x36, pad); /* RFC 2104 §2 */
	sha1_add(&inner, view_of(pad, sizeof pad));
	sha1_add(&inner, text);
	sha1_end(&inner, ret);
	totp_pad(key, 0x5c, pad);
	sha1_add(&outer, view_of(pad, sizeof pad));
	sha1_add(&outer, view_of(ret, SHA1_BYTES));
	sha1_end(&outer, ret);
}

uint32_t totp_at(struct view key, uint64_t step)
{
	uint8_t text[8], mac[SHA1_BYTES];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct view at = { 0 };
	uint32_t x = 0;

	wbuf_u64(&w, step);
	totp_hmac(key, wbuf_view(&w), mac);
	/* RFC 4226 §5.3: dynamic truncation */
	at = view_slice(view_of(mac, sizeof mac), mac[SHA1_BYTES - 1] & 0xf, 4);
	INVARIANT(view_u32(&at, &x) == E_OK);
	return (x & 0x7fffffffu) % TOTP_MODULUS;
}

enum err totp_check(struct view key, struct view code, uint64_t wall_s, uint64_t last_step,
		    uint64_t *ret_step)
{
	uint64_t now = wall_s / TOTP_STEP_S, found = 0;

	for (uint64_t step = now > TOTP_SKEW ? now - TOTP_SKEW : 0; step <= now + TOTP_SKEW;
	     step++) {
		uint8_t text[TOTP_DIGITS];
		struct wbuf w = wbuf_of(text, sizeof text);

		wbuf_dec_pad(&w, totp_at(key, step), TOTP_DIGITS);
		if (ct_equal(wbuf_view(&w), code) && step > last_step)
			found = step;
	}
	if (!found)
		return E_DENIED;
	*ret_step = found;
	return E_OK;
}

void totp_put_base32(struct wbuf *w, struct view v)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	uint32_t bits = 0;
	unsigned n = 0;

	for (size_t i = 0; i < v.n; i++) {
		bits = bits << 8 | v.p[i];
		for (n += 8; n >= 5; n -= 5)
			wbuf_u8(w, (uint8_t)alphabet[bits >> (n - 5) & 31]);
	}
	if (n)
		wbuf_u8(w, (uint8_t)alphabet[bits << (5 - n) & 31]);
}
