/* One pass over the list: the best offer yet, and its weight. */
#include "proto/accept_language.h"

#include "proto/accept_encoding.h"
#include "proto/field.h"

enum { SUBTAG_MAX = 8 };

/* A language range (RFC 4647 §2.1): "*", or subtags of 1 to 8 letters and digits, the first of
 * letters alone. */
static bool accept_language_is_range(struct view v)
{
	size_t length = 0;
	bool is_first = true;

	if (view_eq(v, VIEW("*")))
		return true;
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i] | 0x20;
		bool is_digit = v.p[i] >= '0' && v.p[i] <= '9';

		if (v.p[i] == '-' && length > 0) {
			length = 0;
			is_first = false;
			continue;
		}
		if (!((c >= 'a' && c <= 'z') || (is_digit && !is_first)) || ++length > SUBTAG_MAX)
			return false;
	}
	return length > 0;
}

static enum err accept_language_element(struct view v, struct view *ret_range, uint16_t *ret_q)
{
	size_t semicolon = view_find(v, ';');
	struct view range = view_trim(view_slice(v, 0, semicolon));
	uint16_t q = ACCEPT_ENCODING_WEIGHT;
	struct view weight = view_trim(view_slice(v, semicolon + 1, v.n));

	if (!accept_language_is_range(range))
		return E_PROTO;
	if (semicolon < v.n) {
		if (!view_starts(weight, VIEW("q=")) && !view_starts(weight, VIEW("Q=")))
			return E_PROTO;
		TRY(accept_encoding_qvalue(view_slice(weight, 2, weight.n), &q));
	}
	*ret_range = range;
	*ret_q = q;
	return E_OK;
}

/* n: none of them. */
static size_t accept_language_find(struct view range, const struct view *offers, size_t n)
{
	struct view primary = view_slice(range, 0, view_find(range, '-'));

	for (size_t i = 0; i < n; i++)
		if (view_eq(range, VIEW("*")) || view_ieq(primary, offers[i]))
			return i;
	return n;
}

size_t accept_language_choose(struct view value, const struct view *offers, size_t n)
{
	struct view element = { 0 };
	size_t best = n;
	uint16_t best_q = 0;

	for (unsigned i = 0; i < ACCEPT_LANGUAGE_ELEMENTS && field_list_next(&value, &element);
	     i++) {
		struct view range = { 0 };
		uint16_t q = 0;
		size_t found = 0;

		if (accept_language_element(element, &range, &q) != E_OK)
			continue;
		found = accept_language_find(range, offers, n);
		if (found < n && q > best_q) {
			best = found;
			best_q = q;
		}
	}
	return best;
}
