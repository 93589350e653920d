/* Lines and their hashes. Text from workers passes audit_line_put_text and nothing else (A27). */
#include "role/audit/chain.h"

#include "base/date.h"
#include "ipc/audit_signer.h"

enum err chain_init(struct chain *c, uint8_t *out, uint32_t boot_id)
{
	*c = (struct chain){ .out = wbuf_of(out, CHAIN_OUT), .boot_id = boot_id };
	return audit_hash_init(&c->digest);
}

static void chain_fixed(struct chain *c, struct view before, struct view text)
{
	wbuf_view_put(&c->out, before);
	audit_line_put_text(&c->out, text.n ? text : VIEW("-"));
}

/* A worker's clock is a claim; what has no text in RFC 3339 must not break the line's shape. */
static int64_t chain_time(int64_t wall_us)
{
	return wall_us < 0 || (uint64_t)wall_us > AUDIT_WALL_US_MAX ? 0 : wall_us;
}

void chain_begin(struct chain *c, const struct chain_line *l)
{
	c->line_at = c->out.n;
	WBUF_LIT(&c->out, "{\"time\":\"");
	date_put_utc(&c->out, chain_time(l->wall_us));
	WBUF_LIT(&c->out, "\",\"id\":\"");
	if (l->id.n) {
		wbuf_view_put(&c->out, l->id);
	} else {
		wbuf_hex_u64(&c->out, c->boot_id);
		WBUF_LIT(&c->out, "-audit-");
		wbuf_dec(&c->out, c->seq + 1);
	}
	WBUF_LIT(&c->out, "\",\"seq\":");
	wbuf_dec(&c->out, c->seq + 1);
	chain_fixed(c, VIEW(",\"kind\":\""), l->kind);
	chain_fixed(c, VIEW("\",\"action\":\""), l->action);
	chain_fixed(c, VIEW("\",\"object\":\""), l->object);
	chain_fixed(c, VIEW("\",\"result\":\""), l->result);
	chain_fixed(c, VIEW("\",\"origin\":\""), l->origin);
	chain_fixed(c, VIEW("\",\"actor\":\""), l->actor);
	WBUF_LIT(&c->out, "\"");
}

void chain_text(struct chain *c, struct view key, struct view text)
{
	wbuf_view_put(&c->out, key);
	WBUF_LIT(&c->out, "\"");
	audit_line_put_text(&c->out, text);
	WBUF_LIT(&c->out, "\"");
}

void chain_number(struct chain *c, struct view key, uint64_t x)
{
	wbuf_view_put(&c->out, key);
	wbuf_dec(&c->out, x);
}

void chain_bool(struct chain *c, struct view key, bool x)
{
	wbuf_view_put(&c->out, key);
	wbuf_view_put(&c->out, x ? VIEW("true") : VIEW("false"));
}

/* Forgets the line that was begun. */
static void chain_cancel(struct chain *c)
{
	c->out.n = c->line_at;
	c->out.bad = false;
}

enum err chain_end(struct chain *c)
{
	struct view line = { 0 };
	struct audit_line_hash hash = { 0 }, leaf = { 0 };
	enum err e = E_LIMIT;

	WBUF_LIT(&c->out, ",\"prev\":\"");
	wbuf_hex(&c->out, view_of(c->hash.b, sizeof c->hash.b));
	WBUF_LIT(&c->out, "\"}\n");
	line = view_slice(wbuf_view(&c->out), c->line_at, c->out.n);
	if (!c->out.bad && line.n <= AUDIT_LINE_MAX)
		e = audit_hash_of(&c->digest, view_slice(line, 0, line.n - 1), &hash);
	if (e == E_OK)
		e = audit_hash_leaf(&c->digest, view_slice(line, 0, line.n - 1), &leaf);
	if (e == E_OK)
		e = merkle_append(&c->digest, &c->tree, &leaf);
	if (e != E_OK) {
		chain_cancel(c);
		return e;
	}
	c->hash = hash;
	c->seq++;
	return E_OK;
}

bool chain_has_room(const struct chain *c)
{
	return wbuf_room(&c->out) >= AUDIT_LINE_MAX;
}

struct chain_mark chain_mark(const struct chain *c)
{
	return (struct chain_mark){
		.hash = c->hash, .tree = c->tree, .seq = c->seq, .n = c->out.n
	};
}

void chain_return(struct chain *c, const struct chain_mark *m)
{
	c->hash = m->hash;
	c->tree = m->tree;
	c->seq = m->seq;
	c->out.n = m->n;
}
