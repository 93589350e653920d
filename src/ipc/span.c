/* Spans between processes: fixed numbers, then texts in a fixed order. */
#include "ipc/span.h"

enum { SPAN_PATH_MAX = 800, SPAN_NAME_MAX = 255, SPAN_WORD_MAX = 64, SPAN_VERSION_MAX = 8 };

static void span_put_text(struct wbuf *w, struct view text, size_t most)
{
	wbuf_str16(w, view_slice(text, 0, most));
}

void span_put(struct wbuf *w, const struct span *s)
{
	wbuf_u8(w, s->kind);
	wbuf_u8(w, s->resends);
	wbuf_u16(w, s->status);
	wbuf_u16(w, s->port);
	wbuf_u64(w, s->start_ns);
	wbuf_u64(w, s->end_ns);
	span_put_text(w, s->trace_id, SPAN_TRACE);
	span_put_text(w, s->id, SPAN_ID);
	span_put_text(w, s->parent_id, SPAN_ID);
	span_put_text(w, s->method, SPAN_WORD_MAX);
	span_put_text(w, s->scheme, SPAN_WORD_MAX);
	span_put_text(w, s->host, SPAN_NAME_MAX);
	span_put_text(w, s->path, SPAN_PATH_MAX);
	span_put_text(w, s->pattern, SPAN_NAME_MAX);
	span_put_text(w, s->peer, SPAN_NAME_MAX);
	span_put_text(w, s->listener, SPAN_WORD_MAX);
	span_put_text(w, s->rule, SPAN_NAME_MAX);
	span_put_text(w, s->pool, SPAN_WORD_MAX);
	span_put_text(w, s->server, SPAN_NAME_MAX);
	span_put_text(w, s->error, SPAN_WORD_MAX);
	span_put_text(w, s->version, SPAN_VERSION_MAX);
}

static bool span_is_hex(struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		if (!(v.p[i] >= '0' && v.p[i] <= '9') && !(v.p[i] >= 'a' && v.p[i] <= 'f'))
			return false;
	return true;
}

static enum err span_ids(struct view *in, struct span *s)
{
	TRY(view_str16(in, &s->trace_id));
	TRY(view_str16(in, &s->id));
	TRY(view_str16(in, &s->parent_id));
	if (s->trace_id.n != SPAN_TRACE || s->id.n != SPAN_ID ||
	    (s->parent_id.n != SPAN_ID && s->parent_id.n != 0))
		return E_PROTO;
	return span_is_hex(s->trace_id) && span_is_hex(s->id) && span_is_hex(s->parent_id)
		       ? E_OK
		       : E_PROTO;
}

static enum err span_numbers(struct view *in, struct span *s)
{
	TRY(view_u8(in, &s->kind));
	TRY(view_u8(in, &s->resends));
	TRY(view_u16(in, &s->status));
	TRY(view_u16(in, &s->port));
	TRY(view_u64(in, &s->start_ns));
	TRY(view_u64(in, &s->end_ns));
	return s->kind == SPAN_SERVER || s->kind == SPAN_CLIENT ? E_OK : E_PROTO;
}

enum err span_next(struct view *rest, struct span *ret)
{
	struct view in = *rest;
	struct span s = { 0 };
	const struct span_text {
		struct view *text;
		size_t most;
	} texts[] = {
		{ &s.method, SPAN_WORD_MAX },	{ &s.scheme, SPAN_WORD_MAX },
		{ &s.host, SPAN_NAME_MAX },	{ &s.path, SPAN_PATH_MAX },
		{ &s.pattern, SPAN_NAME_MAX },	{ &s.peer, SPAN_NAME_MAX },
		{ &s.listener, SPAN_WORD_MAX }, { &s.rule, SPAN_NAME_MAX },
		{ &s.pool, SPAN_WORD_MAX },	{ &s.server, SPAN_NAME_MAX },
		{ &s.error, SPAN_WORD_MAX },	{ &s.version, SPAN_VERSION_MAX },
	};

	TRY(span_numbers(&in, &s));
	TRY(span_ids(&in, &s));
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		TRY(view_str16(&in, texts[i].text));
		if (texts[i].text->n > texts[i].most)
			return E_PROTO;
	}
	*ret = s;
	*rest = in;
	return E_OK;
}
