/*
 * Keys. The head that servers are sent is read, not the one that came: its path is canonical, what
 * filters changed is changed, and what a client may not say has gone (THREATS A4, A6). It was
 * written by this process, so that lines end in CRLF and have a colon; whoever took it over gains
 * nothing by another one.
 */
#include "role/edge/key.h"

#include "balance/source_address.h"
#include "base/hash.h"
#include "role/edge/buffer.h"

enum { KEY_BYTES = 4096 };

/* The next field line of head; its name and value. False at the end. */
static bool key_next_field(struct view *head, struct view *ret_name, struct view *ret_value)
{
	size_t end = view_find(*head, '\r'), colon = 0;
	struct view line = view_slice(*head, 0, end);

	if (line.n == 0)
		return false;
	*head = view_slice(*head, end + 2, head->n);
	colon = view_find(line, ':');
	*ret_name = view_slice(line, 0, colon);
	*ret_value = view_trim(view_slice(line, colon + 1, line.n));
	return true;
}

/* The value of the pair with this name, of pairs between `between`; empty when there is none. */
static struct view key_pair(struct view pairs, uint8_t between, struct view name)
{
	while (pairs.n) {
		size_t end = view_find(pairs, between);
		struct view pair = view_trim(view_slice(pairs, 0, end));
		size_t equals = view_find(pair, '=');

		if (equals < pair.n && view_eq(view_slice(pair, 0, equals), name))
			return view_slice(pair, equals + 1, pair.n);
		pairs = view_slice(pairs, end + 1, pairs.n);
	}
	return (struct view){ 0 };
}

/* All fields of this name, one after the other. */
static void key_put_fields(struct view fields, struct view name, struct wbuf *w)
{
	struct view is = { 0 }, value = { 0 };

	while (key_next_field(&fields, &is, &value))
		if (value.n && view_ieq(is, name)) {
			WBUF_LIT(w, ",");
			wbuf_view_put(w, value);
		}
}

/* The first cookie of this name that has a value: RFC 6265 §4.2.1. */
static void key_put_cookie(struct view fields, struct view name, struct wbuf *w)
{
	struct view is = { 0 }, value = { 0 }, cookie = { 0 };

	while (cookie.n == 0 && key_next_field(&fields, &is, &value))
		if (view_ieq(is, VIEW("cookie")))
			cookie = key_pair(value, ';', name);
	wbuf_view_put(w, cookie);
}

/* The target of the request line: METHOD SP target SP HTTP/1.1 */
static struct view key_target(struct view head)
{
	size_t space = view_find(head, ' ');
	struct view rest = view_slice(head, space + 1, head.n);

	return view_slice(rest, 0, view_find(rest, ' '));
}

bool key_of_head(struct view head, enum image_hash kind, struct view name, struct wbuf *w)
{
	struct view target = key_target(head);
	struct view fields = view_slice(head, view_find(head, '\r') + 2, head.n);
	size_t mark = view_find(target, '?'), before = w->n;

	switch (kind) {
	case IMAGE_HASH_HEADER:
		key_put_fields(fields, name, w);
		break;
	case IMAGE_HASH_COOKIE:
		key_put_cookie(fields, name, w);
		break;
	case IMAGE_HASH_PATH:
		wbuf_view_put(w, view_slice(target, 0, mark));
		break;
	case IMAGE_HASH_QUERY:
		wbuf_view_put(w, key_pair(view_slice(target, mark + 1, target.n), '&', name));
		break;
	case IMAGE_HASH_NONE:
	case IMAGE_HASH_SOURCE:
		break;
	}
	return w->n > before && wbuf_check(w) == E_OK;
}

static bool key_make(const struct edge *e, const struct exchange *x, uint64_t *ret)
{
	uint8_t bytes[KEY_BYTES];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);

	if (x->pool->hash_kind == IMAGE_HASH_SOURCE) {
		*ret = source_address_hash(e->hash_key, &x->c->ip);
		return true;
	}
	if (!key_of_head(buffer_view(x->head), (enum image_hash)x->pool->hash_kind,
			 image_view(&x->g->image, x->pool->hash_name), &w))
		return false;
	*ret = hash_keyed(e->hash_key, wbuf_view(&w));
	return true;
}

bool key_find(const struct edge *e, struct exchange *x, uint64_t *ret)
{
	if (x->key_state == KEY_UNKNOWN)
		x->key_state = x->pool->hash_kind != IMAGE_HASH_NONE && key_make(e, x, &x->key_hash)
				       ? KEY_FOUND
				       : KEY_NONE;
	*ret = x->key_hash;
	return x->key_state == KEY_FOUND;
}
