/* Values of filters to pieces; pure. */
#include "conf/placeholder.h"

static const char *const placeholder_words[IMAGE_SEGMENT_KINDS] = {
	[IMAGE_SEGMENT_SOURCE_ADDRESS] = "source_address",
	[IMAGE_SEGMENT_HOST] = "host",
	[IMAGE_SEGMENT_PATH] = "path",
	[IMAGE_SEGMENT_QUERY] = "query",
	[IMAGE_SEGMENT_SEARCH] = "search",
	[IMAGE_SEGMENT_PATH_REST] = "path_rest",
	[IMAGE_SEGMENT_PATH_REST_ROOT] = "path_rest_root",
	[IMAGE_SEGMENT_REQUEST_ID] = "request_id",
	[IMAGE_SEGMENT_SCHEME] = "scheme",
};

const char *placeholder_word(uint32_t kind)
{
	return kind < IMAGE_SEGMENT_KINDS ? placeholder_words[kind] : NULL;
}

/* The word in braces that v begins with; empty: it begins with none. */
static struct view placeholder_braced(struct view v)
{
	size_t n = 1;

	if (v.n < 3 || v.p[0] != '{')
		return (struct view){ 0 };
	while (n < v.n && ((v.p[n] >= 'a' && v.p[n] <= 'z') || v.p[n] == '_'))
		n++;
	return n > 1 && n < v.n && v.p[n] == '}' ? view_slice(v, 1, n - 1) : (struct view){ 0 };
}

static uint8_t placeholder_kind(struct view word)
{
	for (uint8_t i = 1; i < IMAGE_SEGMENT_KINDS; i++)
		if (placeholder_words[i] && view_eq(word, view_str(placeholder_words[i])))
			return i;
	return IMAGE_SEGMENT_KINDS;
}

bool placeholder_next(struct view *rest, struct placeholder *ret)
{
	struct view word = placeholder_braced(*rest);
	bool is_doubled = view_starts(*rest, VIEW("{{"));
	size_t n = 1;

	if (rest->n == 0)
		return false;
	if (word.n) {
		ret->kind = placeholder_kind(word);
		ret->text = word;
		*rest = view_slice(*rest, word.n + 2, rest->n);
		return true;
	}
	if (is_doubled)
		*rest = view_slice(*rest, 1, rest->n);
	while (n < rest->n && rest->p[n] != '{')
		n++;
	ret->kind = IMAGE_SEGMENT_TEXT;
	ret->text = view_slice(*rest, 0, n);
	*rest = view_slice(*rest, n, rest->n);
	return true;
}
