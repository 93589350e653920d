/* Entries of the history as bytes; pure. Linked by the keeper and the command. */
#include "ipc/history_entry.h"

#include "base/hash.h"

static const char history_magic[] = "SLUISHIS";

void history_entry_put_head(struct wbuf *w, const struct history_entry *e)
{
	size_t from = w->n;

	wbuf_str(w, history_magic);
	wbuf_u32(w, HISTORY_VERSION);
	wbuf_u32(w, e->number);
	wbuf_u64(w, (uint64_t)e->wall_us);
	wbuf_u32(w, e->uid);
	wbuf_u8(w, e->kind);
	wbuf_u8(w, e->is_pinned);
	wbuf_u32(w, e->from);
	wbuf_str16(w, e->reason);
	wbuf_u32(w, (uint32_t)e->diff.n);
	wbuf_u32(w, (uint32_t)e->document.n);
	wbuf_u64(w, hash_fnv1a(e->diff));
	wbuf_u64(w, hash_fnv1a(e->document));
	wbuf_u64(w, hash_fnv1a(view_slice(wbuf_view(w), from, w->n - from)));
}

struct history_sizes {
	uint32_t diff_n, document_n;
	uint64_t diff, document;
};

static enum err history_fields(struct view *in, struct history_entry *ret, struct history_sizes *s)
{
	uint64_t wall = 0;
	uint8_t pinned = 0;

	TRY(view_u32(in, &ret->number));
	TRY(view_u64(in, &wall));
	TRY(view_u32(in, &ret->uid));
	TRY(view_u8(in, &ret->kind));
	TRY(view_u8(in, &pinned));
	TRY(view_u32(in, &ret->from));
	TRY(view_str16(in, &ret->reason));
	TRY(view_u32(in, &s->diff_n));
	TRY(view_u32(in, &s->document_n));
	TRY(view_u64(in, &s->diff));
	ret->wall_us = (int64_t)wall;
	ret->is_pinned = pinned != 0;
	return view_u64(in, &s->document);
}

static enum err history_head(struct view *in, struct history_entry *ret, struct history_sizes *s,
			     const char **ret_why)
{
	struct view all = *in, magic = { 0 };
	uint32_t version = 0;
	uint64_t digest = 0;

	*ret_why = "it is no entry of the history";
	TRY(view_take(in, sizeof history_magic - 1, &magic));
	TRY(view_u32(in, &version));
	if (!view_eq(magic, view_str(history_magic)))
		return E_PROTO;
	*ret_why = "it is of another version of Sluis";
	if (version != HISTORY_VERSION)
		return E_PROTO;
	*ret_why = "it is damaged: its head is not what was written";
	TRY(history_fields(in, ret, s));
	all = view_slice(all, 0, all.n - in->n);
	TRY(view_u64(in, &digest));
	return digest == hash_fnv1a(all) ? E_OK : E_PROTO;
}

enum err history_entry_read(struct view bytes, struct history_entry *ret, const char **ret_why)
{
	struct history_entry e = { 0 };
	struct history_sizes s = { 0 };

	if (history_head(&bytes, &e, &s, ret_why) != E_OK)
		return E_PROTO;
	*ret_why = "it is damaged: it is not as long as it was";
	if (view_take(&bytes, s.diff_n, &e.diff) != E_OK ||
	    view_take(&bytes, s.document_n, &e.document) != E_OK || bytes.n)
		return E_PROTO;
	*ret_why = "it is damaged: its contents are not what was written";
	if (hash_fnv1a(e.diff) != s.diff || hash_fnv1a(e.document) != s.document)
		return E_PROTO;
	*ret = e;
	return E_OK;
}

const char *history_entry_kind_name(unsigned kind)
{
	static const char *const names[] = {
		"?", "start", "reload", "change", "rollback", "upgrade"
	};

	return names[kind < sizeof names / sizeof *names ? kind : 0];
}
