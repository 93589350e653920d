/* Text to bytes to hash, and away with the bytes. */
#include "role/cell/token.h"

#include "base/base64url.h"
#include "sys/secret.h"
#include "tls/tls_digest.h"

static enum err token_hash(struct view v, struct hash32 *ret)
{
	return tls_digest_sha256(v, ret->b);
}

/* Both hashes of 32 bytes at raw. */
static enum err token_digest(struct view raw, struct token *ret)
{
	uint8_t room[16 + CELL_TOKEN_BYTES];
	struct wbuf w = wbuf_of(room, sizeof room);
	struct token t = { .is_there = true };
	enum err got = token_hash(raw, &t.hash);

	WBUF_LIT(&w, "sluis form");
	wbuf_view_put(&w, raw);
	if (got == E_OK)
		got = token_hash(wbuf_view(&w), &t.form);
	secret_wipe(room, sizeof room);
	if (got == E_OK)
		*ret = t;
	return got;
}

enum err token_hash_read(struct view text, struct hash32 *ret)
{
	struct hash32 h = { 0 };
	struct wbuf w = wbuf_of(h.b, sizeof h.b);

	if (text.n != TOKEN_TEXT)
		return E_PROTO;
	TRY(base64url_get(text, &w));
	if (w.n != sizeof h.b)
		return E_PROTO;
	*ret = h;
	return E_OK;
}

enum err token_read(struct view text, struct token *ret)
{
	struct hash32 raw = { 0 };
	enum err got = token_hash_read(text, &raw);

	if (got == E_OK)
		got = token_digest(view_of(raw.b, sizeof raw.b), ret);
	secret_wipe(&raw, sizeof raw);
	return got;
}

void token_put(struct wbuf *w, const struct hash32 *h)
{
	base64url_put(w, view_of(h->b, sizeof h->b));
}

enum err token_make(struct token_fresh *ret)
{
	struct wbuf text = wbuf_of(ret->text, sizeof ret->text);
	struct hash32 raw = { 0 };
	enum err got = E_OK;

	secret_random(raw.b, sizeof raw.b);
	token_put(&text, &raw);
	got = token_digest(view_of(raw.b, sizeof raw.b), &ret->token);
	secret_wipe(&raw, sizeof raw);
	return got;
}
