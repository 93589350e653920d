/*
 * The tagged fields of an audit record: written by every role, read back by audit alone, which
 * treats them as hostile.
 */
#include "ipc/record.h"

/* One put per field: the edge writes some twenty of them per request. */
void record_put_number(struct wbuf *w, enum record_tag tag, uint64_t x)
{
	uint8_t b[10] = { (uint8_t)tag,	      RECORD_NUMBER,	  (uint8_t)(x >> 56),
			  (uint8_t)(x >> 48), (uint8_t)(x >> 40), (uint8_t)(x >> 32),
			  (uint8_t)(x >> 24), (uint8_t)(x >> 16), (uint8_t)(x >> 8),
			  (uint8_t)x };

	wbuf_put(w, b, sizeof b);
}

void record_put_text(struct wbuf *w, enum record_tag tag, struct view text)
{
	uint8_t b[4] = { (uint8_t)tag, RECORD_TEXT, (uint8_t)(text.n >> 8), (uint8_t)text.n };

	if (text.n > UINT16_MAX || wbuf_room(w) < sizeof b + text.n) {
		w->bad = true;
		return;
	}
	wbuf_put(w, b, sizeof b);
	wbuf_view_put(w, text);
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

/* hot: a record has some twenty fields, and audit reads those of every request */
enum err record_next(struct view *rest, struct record_field *ret)
{
	const uint8_t *p = rest->p;
	size_t n = 0;

	if (rest->n < 2)
		return E_SHORT;
	if (p[0] == 0 || (p[1] != RECORD_NUMBER && p[1] != RECORD_TEXT))
		return E_PROTO;
	n = p[1] == RECORD_NUMBER ? 10 : 4;
	if (rest->n < n)
		return E_SHORT;
	*ret = (struct record_field){ .tag = p[0], .type = p[1] };
	if (p[1] == RECORD_NUMBER) {
		ret->number = (uint64_t)p[2] << 56 | (uint64_t)p[3] << 48 | (uint64_t)p[4] << 40 |
			      (uint64_t)p[5] << 32 | (uint64_t)p[6] << 24 | (uint64_t)p[7] << 16 |
			      (uint64_t)p[8] << 8 | p[9];
	} else {
		ret->text = view_of(p + 4, (size_t)p[2] << 8 | p[3]);
		n += ret->text.n;
		if (rest->n < n)
			return E_SHORT;
	}
	*rest = view_of(p + n, rest->n - n);
	return E_OK;
}
