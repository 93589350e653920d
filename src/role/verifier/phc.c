/* Strings of hashes. They come from the store, which may be a taken-over authority's (A20). */
#include "role/verifier/phc.h"

#include "base/base64url.h"

enum { PHC_TEXT_MAX = 96 /* of one field in base64 */, PHC_PART_DIGITS = 10 };

/* The two alphabets of RFC 4648 differ in two letters: §4 has + and /, §5 has - and _. */
static enum err phc_swap(struct view from, const char *have, const char *want, struct wbuf *w)
{
	for (size_t i = 0; i < from.n; i++) {
		uint8_t c = from.p[i];

		if (c == (uint8_t)want[0] || c == (uint8_t)want[1])
			return E_PROTO;
		wbuf_u8(w, c == (uint8_t)have[0]   ? (uint8_t)want[0]
			   : c == (uint8_t)have[1] ? (uint8_t)want[1]
						   : c);
	}
	return wbuf_check(w);
}

static void phc_put_base64(struct wbuf *w, struct view v)
{
	uint8_t room[PHC_TEXT_MAX];
	struct wbuf text = wbuf_of(room, sizeof room);

	base64url_put(&text, v);
	w->bad |= text.bad || phc_swap(wbuf_view(&text), "-_", "+/", w) != E_OK;
}

static enum err phc_get_base64(struct view v, struct wbuf *ret, size_t min)
{
	uint8_t room[PHC_TEXT_MAX];
	struct wbuf text = wbuf_of(room, sizeof room);

	if (phc_swap(v, "+/", "-_", &text) != E_OK ||
	    base64url_get(wbuf_view(&text), ret) != E_OK || ret->n < min)
		return E_PROTO;
	return E_OK;
}

void phc_put(struct wbuf *w, const struct phc *h)
{
	WBUF_LIT(w, "$argon2id$v=19$m=");
	wbuf_dec(w, h->kib);
	WBUF_LIT(w, ",t=");
	wbuf_dec(w, h->passes);
	WBUF_LIT(w, ",p=1$");
	phc_put_base64(w, view_of(h->salt, h->salt_n));
	WBUF_LIT(w, "$");
	phc_put_base64(w, view_of(h->tag, h->tag_n));
}

static enum err phc_expect(struct view *rest, struct view text)
{
	if (!view_starts(*rest, text))
		return E_PROTO;
	*rest = view_slice(*rest, text.n, rest->n);
	return E_OK;
}

/* Up to the byte `end`, which is consumed. */
static enum err phc_part(struct view *rest, uint8_t end, struct view *ret)
{
	size_t n = view_find(*rest, end);

	if (n == rest->n)
		return E_PROTO;
	*ret = view_slice(*rest, 0, n);
	*rest = view_slice(*rest, n + 1, rest->n);
	return E_OK;
}

static enum err phc_number(struct view *rest, uint8_t end, uint32_t *ret)
{
	struct view digits = { 0 };
	uint64_t x = 0;

	TRY(phc_part(rest, end, &digits));
	if (digits.n > PHC_PART_DIGITS || digits.n == 0 || digits.p[0] == '0' ||
	    view_dec(digits, &x) != E_OK || x > UINT32_MAX)
		return E_PROTO;
	*ret = (uint32_t)x;
	return E_OK;
}

enum err phc_get(struct view text, struct phc *ret)
{
	struct phc h = { 0 };
	struct wbuf salt = wbuf_of(h.salt, sizeof h.salt), tag = wbuf_of(h.tag, sizeof h.tag);
	struct view part = { 0 };

	TRY(phc_expect(&text, VIEW("$argon2id$v=19$m=")));
	TRY(phc_number(&text, ',', &h.kib));
	TRY(phc_expect(&text, VIEW("t=")));
	TRY(phc_number(&text, ',', &h.passes));
	TRY(phc_expect(&text, VIEW("p=1$")));
	TRY(phc_part(&text, '$', &part));
	TRY(phc_get_base64(part, &salt, PHC_SALT_MIN));
	TRY(phc_get_base64(text, &tag, PHC_TAG_MIN));
	if (h.kib < PHC_KIB_MIN)
		return E_PROTO;
	h.salt_n = salt.n;
	h.tag_n = tag.n;
	*ret = h;
	return E_OK;
}
