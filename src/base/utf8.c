/* See utf8.h. */
#include "base/utf8.h"

/* By the number of bytes: what the first one begins with, and the least character that needs so
 * many (RFC 3629 §3: a longer form of a smaller one is none). */
static const struct utf8_form {
	uint8_t mask, lead;
	uint32_t least;
} utf8_forms[] = {
	{ 0x80, 0x00, 0 },
	{ 0xe0, 0xc0, 0x80 },
	{ 0xf0, 0xe0, 0x800 },
	{ 0xf8, 0xf0, 0x10000 },
};

enum { UTF8_FORMS = sizeof utf8_forms / sizeof utf8_forms[0] };

static bool utf8_is_character(uint32_t c, uint32_t least)
{
	return c >= least && c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff);
}

enum err utf8_next(struct view *v, uint32_t *ret)
{
	uint32_t c = 0;
	size_t n = 0;

	if (v->n == 0)
		return E_SHORT;
	while (n < UTF8_FORMS && (v->p[0] & utf8_forms[n].mask) != utf8_forms[n].lead)
		n++;
	if (n < UTF8_FORMS && n < v->n) {
		c = v->p[0] & (uint8_t)~utf8_forms[n].mask;
		for (size_t i = 1; i <= n; i++) {
			if ((v->p[i] & 0xc0) != 0x80) {
				n = UTF8_FORMS;
				break;
			}
			c = c << 6 | (v->p[i] & 0x3f);
		}
	}
	if (n >= UTF8_FORMS || n >= v->n || !utf8_is_character(c, utf8_forms[n].least)) {
		*v = view_slice(*v, 1, v->n);
		return E_PROTO;
	}
	*v = view_slice(*v, n + 1, v->n);
	*ret = c;
	return E_OK;
}

bool utf8_is_valid(struct view v)
{
	enum err err = E_OK;
	uint32_t c = 0;

	while (err == E_OK)
		err = utf8_next(&v, &c);
	return err == E_SHORT;
}
