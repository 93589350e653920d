/* HTTP/1.1 heads and trailers to HTTP/2 fields; pure. */
#include "proto/h2_fields.h"

static void put(struct h2_fields *f, struct view name, struct view value)
{
	if (f->n == f->cap) {
		f->bad = true;
		return;
	}
	f->p[f->n++] = (struct h2_field){ name, value };
}

static struct view lower(struct h2_fields *f, struct view name)
{
	size_t at = f->scratch.n;

	wbuf_view_put(&f->scratch, name);
	if (f->scratch.bad)
		return name;
	for (size_t i = at; i < f->scratch.n; i++)
		if (f->scratch.p[i] >= 'A' && f->scratch.p[i] <= 'Z')
			f->scratch.p[i] |= 0x20;
	return view_of(f->scratch.p + at, name.n);
}

static enum err check(const struct h2_fields *f)
{
	return f->bad || f->scratch.bad ? E_LIMIT : E_OK;
}

/* The rows that HTTP/2 has no place for: RFC 9113 §8.2.2, and what is said by pseudo-fields. */
static bool drops(const struct field *f, bool is_websocket, struct view name)
{
	if (f->id == FIELD_CONTENT_LENGTH || f->id == FIELD_TE)
		return is_websocket;
	if (f->id == FIELD_HOST || field_flags((enum field_id)f->id) & (FIELD_HOP | FIELD_FRAMING))
		return true;
	return is_websocket && (view_ieq(name, VIEW("Sec-WebSocket-Key")) ||
				view_ieq(name, VIEW("Sec-WebSocket-Accept")));
}

static void put_all(struct h2_fields *f, struct view head, const struct http1_head *h,
		    bool is_websocket)
{
	for (size_t i = 0; i < h->field_n; i++) {
		const struct field *field = &h->fields[i];
		struct view name = field_name_view(head, field);

		if (drops(field, is_websocket, name))
			continue;
		if (field->id == FIELD_TE) /* the only value there may be, RFC 9113 §8.2.2 */
			put(f, VIEW("te"), VIEW("trailers"));
		else
			put(f, lower(f, name), field_value_view(head, field));
	}
}

enum err h2_fields_request(struct h2_fields *f, struct view head, const struct http1_head *h,
			   bool is_tls)
{
	bool is_websocket = h->flags & HTTP1_WEBSOCKET;
	struct view method = view_of(head.p + h->method, h->method_n);

	put(f, VIEW(":method"), is_websocket ? VIEW("CONNECT") : method);
	if (is_websocket)
		put(f, VIEW(":protocol"), VIEW("websocket"));
	put(f, VIEW(":scheme"), is_tls ? VIEW("https") : VIEW("http"));
	put(f, VIEW(":path"), view_of(head.p + h->target, h->target_n));
	if (h->host != UINT16_MAX)
		put(f, VIEW(":authority"), field_value_view(head, &h->fields[h->host]));
	put_all(f, head, h, is_websocket);
	return check(f);
}

enum err h2_fields_response(struct h2_fields *f, struct view head, const struct http1_head *h,
			    bool is_extended)
{
	bool is_switch = is_extended && h->status == 101;
	struct wbuf *w = &f->scratch;
	size_t at = w->n;

	wbuf_dec(w, is_switch ? 200 : h->status);
	put(f, VIEW(":status"), view_of(w->p + at, w->n - at));
	put_all(f, head, h, is_switch);
	return check(f);
}

enum err h2_fields_trailers(struct h2_fields *f, struct view lines)
{
	size_t at = 0;

	while (at < lines.n) {
		struct field field = { 0 };
		const char *why = NULL;

		if (field_parse(lines, at, &field, &at, &why) != E_OK)
			return E_PROTO;
		put(f, lower(f, field_name_view(lines, &field)), field_value_view(lines, &field));
	}
	return check(f);
}
