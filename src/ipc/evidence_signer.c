/* The text that a bundle's signature covers; both sides compose it from the fields. */
#include "ipc/evidence_signer.h"

#include "base/date.h"

void evidence_signer_put_text(struct wbuf *w, const struct evidence_signature *s)
{
	WBUF_LIT(w, "sluis evidence manifest v1\n");
	wbuf_hex(w, view_of(s->hash, sizeof s->hash));
	WBUF_LIT(w, "\n");
	date_put_utc(w, (int64_t)s->wall_us);
	WBUF_LIT(w, "\n");
}

void evidence_signer_put(struct wbuf *w, const struct evidence_signature *s)
{
	wbuf_u64(w, s->wall_us);
	wbuf_put(w, s->key.b, sizeof s->key.b);
	wbuf_put(w, s->signature.b, sizeof s->signature.b);
}

enum err evidence_signer_get(struct view body, struct evidence_signature *ret)
{
	struct evidence_signature s = *ret;
	struct wbuf key = wbuf_of(s.key.b, sizeof s.key.b);
	struct wbuf signature = wbuf_of(s.signature.b, sizeof s.signature.b);
	struct view v = { 0 };

	TRY(view_u64(&body, &s.wall_us));
	TRY(view_take(&body, AUDIT_KEY, &v));
	wbuf_view_put(&key, v);
	TRY(view_take(&body, AUDIT_SIGNATURE, &v));
	wbuf_view_put(&signature, v);
	TRY(view_end(&body));
	if (s.wall_us > AUDIT_WALL_US_MAX)
		return E_PROTO;
	*ret = s;
	return E_OK;
}

enum err evidence_signer_check(const struct evidence_signature *s)
{
	uint8_t text[EVIDENCE_TEXT_MAX];
	struct wbuf w = wbuf_of(text, sizeof text);

	if (s->wall_us > AUDIT_WALL_US_MAX)
		return E_DENIED;
	evidence_signer_put_text(&w, s);
	return audit_key_verify(&s->key, wbuf_view(&w),
				view_of(s->signature.b, sizeof s->signature.b));
}
