/* Names are few characters on purpose: they are compared, logged and sent to applications. */
#include "role/authority/user.h"

bool user_is_name(struct view v)
{
	if (!v.n || v.n > GATE_USER_MAX || v.p[0] == '.' || v.p[0] == '-')
		return false;
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
		      c == '-'))
			return false;
	}
	return true;
}

/* Bytes that follow the first one of a UTF-8 character (RFC 3629 §4); -1: it is none. */
static int user_utf8_more(uint8_t c)
{
	if (c < 0x80)
		return 0;
	if (c >= 0xc2 && c <= 0xdf)
		return 1;
	if (c >= 0xe0 && c <= 0xef)
		return 2;
	return c >= 0xf0 && c <= 0xf4 ? 3 : -1;
}

/* What the first byte alone does not exclude: overlong forms, surrogates, beyond U+10FFFF, and the
 * control characters of U+0080 to U+009F. */
static bool user_is_second(uint8_t first, uint8_t second)
{
	if (first == 0xc2)
		return second >= 0xa0;
	if (first == 0xe0)
		return second >= 0xa0;
	if (first == 0xed)
		return second <= 0x9f;
	if (first == 0xf0)
		return second >= 0x90;
	return first != 0xf4 || second <= 0x8f;
}

bool user_is_title(struct view v)
{
	if (!v.n || v.n > GATE_TITLE_MAX)
		return false;
	for (size_t i = 0; i < v.n; i++) {
		uint8_t first = v.p[i];
		int more = user_utf8_more(first);

		if (more < 0 || first < 0x20 || first == 0x7f || (size_t)more >= v.n - i ||
		    (more && !user_is_second(first, v.p[i + 1])))
			return false;
		for (; more > 0; more--)
			if ((v.p[++i] & 0xc0) != 0x80)
				return false;
	}
	return true;
}

bool user_is_locale(struct view v)
{
	return !v.n || view_eq(v, VIEW("nl")) || view_eq(v, VIEW("en"));
}

size_t user_copy(uint8_t *p, size_t cap, struct view v)
{
	struct wbuf w = wbuf_of(p, cap);

	wbuf_view_put(&w, view_slice(v, 0, cap));
	return w.n;
}

static enum err user_read(struct store_ask *q, struct user *ret)
{
	enum err e = store_next(q);

	if (e != E_OK)
		return e;
	*ret = (struct user){
		.id = (uint32_t)store_int(q, 0),
		.is_disabled = store_int(q, 4) != 0,
		.created_s = store_int(q, 5),
		.seen_s = store_int(q, 6),
	};
	ret->name_n = (uint8_t)user_copy(ret->name_at, sizeof ret->name_at, store_bytes(q, 1));
	ret->title_n = (uint8_t)user_copy(ret->title_at, sizeof ret->title_at, store_bytes(q, 2));
	ret->locale_n =
		(uint8_t)user_copy(ret->locale_at, sizeof ret->locale_at, store_bytes(q, 3));
	(void)user_copy(ret->handle, sizeof ret->handle, store_bytes(q, 7));
	store_end(q);
	return E_OK;
}

enum err user_by_name(struct authority *a, struct view name, struct user *ret)
{
	struct store_ask q = store_ask(&a->store, Q_USER_BY_NAME);

	store_put_text(&q, name);
	return user_read(&q, ret);
}

enum err user_by_id(struct authority *a, uint32_t id, struct user *ret)
{
	struct store_ask q = store_ask(&a->store, Q_USER_BY_ID);

	store_put_int(&q, id);
	return user_read(&q, ret);
}

enum err user_after(struct authority *a, struct view name, struct user *ret)
{
	struct store_ask q = store_ask(&a->store, Q_USER_AFTER);

	store_put_text(&q, name);
	return user_read(&q, ret);
}

enum err user_groups(struct authority *a, uint32_t user, struct wbuf *w)
{
	struct store_ask q = store_ask(&a->store, Q_MEMBER_GROUPS);
	enum err e = E_OK;

	store_put_int(&q, user);
	for (e = store_next(&q); e == E_OK; e = store_next(&q)) {
		struct view name = store_bytes(&q, 0);

		wbuf_view_put(w, name);
		wbuf_u8(w, '\n');
	}
	if (e != E_CLOSED)
		return e;
	return w->bad ? E_LIMIT : E_OK;
}
