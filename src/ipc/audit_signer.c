/* The one text that a checkpoint's signature covers; both sides compose it from the fields. */
#include "ipc/audit_signer.h"

#include "base/date.h"

void audit_checkpoint_put(struct wbuf *w, const struct audit_checkpoint *c)
{
	WBUF_LIT(w, "sluis audit checkpoint v1\n");
	wbuf_dec(w, c->seq);
	WBUF_LIT(w, "\n");
	wbuf_hex(w, view_of(c->hash, sizeof c->hash));
	WBUF_LIT(w, "\n");
	date_put_utc(w, (int64_t)c->wall_us);
	WBUF_LIT(w, "\n");
	wbuf_view_put(w, c->is_stop ? VIEW("stop\n") : VIEW("open\n"));
}

void audit_checkpoint_put_ask(struct wbuf *w, const struct audit_checkpoint *c)
{
	wbuf_u8(w, c->is_stop);
	wbuf_u64(w, c->seq);
	wbuf_put(w, c->hash, sizeof c->hash);
	wbuf_u64(w, c->wall_us);
}

enum err audit_checkpoint_get_ask(struct view body, struct audit_checkpoint *ret)
{
	struct audit_checkpoint c = { 0 };
	struct wbuf hash = wbuf_of(c.hash, sizeof c.hash);
	struct view bytes = { 0 };
	uint8_t is_stop = 0;

	TRY(view_u8(&body, &is_stop));
	TRY(view_u64(&body, &c.seq));
	TRY(view_take(&body, sizeof c.hash, &bytes));
	wbuf_view_put(&hash, bytes);
	TRY(view_u64(&body, &c.wall_us));
	TRY(view_end(&body));
	if (is_stop > 1 || c.wall_us > AUDIT_WALL_US_MAX)
		return E_PROTO;
	c.is_stop = is_stop;
	*ret = c;
	return E_OK;
}
