/* Structs to bytes and back, field by field as the form says. */
#include "ipc/wire.h"

#include "base/ct.h"

static const void *wire_from(const void *p, const struct wire_field *f)
{
	return (const uint8_t *)p + f->at;
}

static void wire_put_field(const struct wire_field *f, const void *p, struct wbuf *w)
{
	const struct view *text = p;

	switch ((enum wire_kind)f->kind) {
	case WIRE_U8:
		wbuf_u8(w, *(const uint8_t *)p);
		return;
	case WIRE_U16:
		wbuf_u16(w, *(const uint16_t *)p);
		return;
	case WIRE_U32:
		wbuf_u32(w, *(const uint32_t *)p);
		return;
	case WIRE_U64:
		wbuf_u64(w, *(const uint64_t *)p);
		return;
	case WIRE_HASH:
		wbuf_put(w, p, sizeof(struct hash32));
		return;
	case WIRE_IP:
		wbuf_put(w, p, sizeof(struct ip));
		return;
	case WIRE_TEXT:
		w->bad |= text->n > f->max;
		wbuf_str16(w, *text);
		return;
	default:
		w->bad = true;
	}
}

enum err wire_put(const struct wire_form *f, const void *from, struct wbuf *w)
{
	for (size_t i = 0; i < f->n; i++)
		wire_put_field(&f->fields[i], wire_from(from, &f->fields[i]), w);
	return wbuf_check(w);
}

static enum err wire_get_bytes(struct view *in, void *to, size_t n)
{
	struct wbuf w = wbuf_of(to, n);

	if (in->n < n)
		return E_SHORT;
	wbuf_put(&w, in->p, n);
	*in = view_slice(*in, n, in->n);
	return E_OK;
}

static enum err wire_get_text(struct view *in, struct view *ret, size_t max)
{
	TRY(view_str16(in, ret));
	return ret->n > max ? E_LIMIT : E_OK;
}

static enum err wire_get_field(const struct wire_field *f, struct view *in, void *p)
{
	switch ((enum wire_kind)f->kind) {
	case WIRE_U8:
		return view_u8(in, p);
	case WIRE_U16:
		return view_u16(in, p);
	case WIRE_U32:
		return view_u32(in, p);
	case WIRE_U64:
		return view_u64(in, p);
	case WIRE_HASH:
		return wire_get_bytes(in, p, sizeof(struct hash32));
	case WIRE_IP:
		return wire_get_bytes(in, p, sizeof(struct ip));
	case WIRE_TEXT:
		return wire_get_text(in, p, f->max);
	default:
		return E_PROTO;
	}
}

enum err wire_get(const struct wire_form *f, struct view body, void *ret)
{
	for (size_t i = 0; i < f->n; i++)
		TRY(wire_get_field(&f->fields[i], &body, (uint8_t *)ret + f->fields[i].at));
	return view_end(&body);
}

bool hash32_eq(const struct hash32 *a, const struct hash32 *b)
{
	return ct_equal(view_of(a->b, sizeof a->b), view_of(b->b, sizeof b->b));
}

bool hash32_is_zero(const struct hash32 *h)
{
	static const struct hash32 zero = { { 0 } };

	return hash32_eq(h, &zero);
}
