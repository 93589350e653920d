/* In place: a decoded byte never lies behind the ones it was read from. */
#include "proto/form.h"

#include "base/utf8.h"

static int form_hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* What browsers leave as it is, and what they might: no control, no space, nothing above ASCII. */
static bool form_is_plain(uint8_t c)
{
	return c > ' ' && c < 0x7f && c != '%' && c != '+' && c != '=' && c != '&' && c != '#';
}

/* Decodes p[0 .. n) into itself. */
static enum err form_decode(uint8_t *p, size_t n, struct view *ret)
{
	size_t out = 0;

	for (size_t i = 0; i < n; i++) {
		uint8_t c = p[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			int high = i + 1 < n ? form_hex(p[i + 1]) : -1;
			int low = i + 2 < n ? form_hex(p[i + 2]) : -1;

			if (high < 0 || low < 0 || (high == 0 && low == 0))
				return E_PROTO;
			c = (uint8_t)(high * 16 + low);
			i += 2;
		} else if (!form_is_plain(c)) {
			return E_PROTO;
		}
		p[out++] = c;
	}
	*ret = view_of(p, out);
	return utf8_is_valid(*ret) ? E_OK : E_PROTO;
}

/* One pair, its '=' at position equals. */
static enum err form_pair(uint8_t *p, size_t n, struct form *f)
{
	struct form_field *field = &f->fields[f->n];
	size_t equals = view_find(view_of(p, n), '=');

	if (equals == n)
		return E_PROTO;
	TRY(form_decode(p, equals, &field->name));
	TRY(form_decode(p + equals + 1, n - equals - 1, &field->value));
	if (field->name.n == 0 || form_has(f, field->name))
		return E_PROTO;
	f->n++;
	return E_OK;
}

enum err form_parse(uint8_t *p, size_t n, struct form *ret)
{
	struct form f = { 0 };
	size_t at = 0;

	while (n > 0 && at <= n) {
		size_t length = view_find(view_of(p + at, n - at), '&');

		if (f.n == FORM_FIELDS)
			return E_LIMIT;
		TRY(form_pair(p + at, length, &f));
		at += length + 1;
	}
	*ret = f;
	return E_OK;
}

static const struct form_field *form_find(const struct form *f, struct view name)
{
	for (size_t i = 0; i < f->n; i++)
		if (view_eq(f->fields[i].name, name))
			return &f->fields[i];
	return NULL;
}

struct view form_get(const struct form *f, struct view name)
{
	const struct form_field *field = form_find(f, name);

	return field ? field->value : (struct view){ 0 };
}

bool form_has(const struct form *f, struct view name)
{
	return form_find(f, name) != NULL;
}
