/*
 * The tagged fields of an audit record: written by every role, read back by audit alone, which
 * treats them as hostile.
 */
#include "ipc/record.h"

void record_put_number(struct wbuf *w, enum record_tag tag, uint64_t x)
{
	wbuf_u8(w, (uint8_t)tag);
	wbuf_u8(w, RECORD_NUMBER);
	wbuf_u64(w, x);
}

void record_put_text(struct wbuf *w, enum record_tag tag, struct view text)
{
	wbuf_u8(w, (uint8_t)tag);
	wbuf_u8(w, RECORD_TEXT);
	wbuf_str16(w, text);
}

static void record_put_or_dash(struct wbuf *w, enum record_tag tag, struct view text)
{
	record_put_text(w, tag, text.n ? text : VIEW("-"));
}

void record_put_event(struct wbuf *w, const struct record_event *e)
{
	record_put_number(w, RECORD_TAG_KIND, (uint64_t)e->kind);
	record_put_number(w, RECORD_TAG_TIME, (uint64_t)e->wall_us);
	record_put_or_dash(w, RECORD_TAG_ACTION, e->action);
	record_put_or_dash(w, RECORD_TAG_OBJECT, e->object);
	record_put_or_dash(w, RECORD_TAG_RESULT, e->result);
	record_put_or_dash(w, RECORD_TAG_ORIGIN, e->origin);
	record_put_or_dash(w, RECORD_TAG_ACTOR, e->actor);
	if (e->detail.n)
		record_put_text(w, RECORD_TAG_DETAIL, e->detail);
}

enum err record_next(struct view *rest, struct record_field *ret)
{
	struct view in = *rest;
	struct record_field f = { 0 };

	TRY(view_u8(&in, &f.tag));
	TRY(view_u8(&in, &f.type));
	if (f.tag == 0)
		return E_PROTO;
	if (f.type == RECORD_NUMBER)
		TRY(view_u64(&in, &f.number));
	else if (f.type == RECORD_TEXT)
		TRY(view_str16(&in, &f.text));
	else
		return E_PROTO;
	*rest = in;
	*ret = f;
	return E_OK;
}
