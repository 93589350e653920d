/* Limits among the filters: what they count by, and whether what they ask for can be counted. */
#include "conf/check_filter.h"

#include "proto/field.h"

static const struct {
	struct view word;
	uint8_t kind; /* enum image_limit_key */
	bool has_name;
} check_limit_keys[] = {
	{ VIEW_INIT("source_address"), IMAGE_BY_SOURCE_ADDRESS, false },
	{ VIEW_INIT("header"), IMAGE_BY_HEADER, true },
	{ VIEW_INIT("cookie"), IMAGE_BY_COOKIE, true },
	{ VIEW_INIT("path"), IMAGE_BY_PATH, false },
	{ VIEW_INIT("host"), IMAGE_BY_HOST, false },
	{ VIEW_INIT("route"), IMAGE_BY_ROUTE, false },
};

enum { CHECK_LIMIT_MEMORY_MS = 30 * 86400 * 1000LL };

static void check_limit_key(struct check *c, struct model_limit *l)
{
	size_t colon = view_find(l->key, ':');
	struct view word = view_slice(l->key, 0, colon),
		    name = view_slice(l->key, colon + 1, l->key.n);

	for (size_t i = 0; i < sizeof check_limit_keys / sizeof check_limit_keys[0]; i++) {
		bool fits = check_limit_keys[i].has_name ? field_is_token(name) : colon == l->key.n;

		if (!view_eq(word, check_limit_keys[i].word) || !fits)
			continue;
		l->key_kind = check_limit_keys[i].kind;
		l->key_name = l->key_kind == IMAGE_BY_HEADER ? check_lower(c, name) : name;
		return;
	}
	diag_error(c->diag, node_place(l->at, "key"),
		   "key: expected source_address, header:Name, cookie:Name, path, host or route, "
		   "not \"%.*s\"",
		   DIAG_VIEW(l->key));
}

void check_limit_one(struct check *c, struct model_limit *l)
{
	if (!l->at || l->requests == 0)
		return;
	check_limit_key(c, l);
	if (l->burst == 0)
		l->burst = l->requests;
	/* what the edge adds up stays far from overflow */
	if (l->per_ms && l->burst > (uint64_t)CHECK_LIMIT_MEMORY_MS * l->requests / l->per_ms)
		diag_error(c->diag, node_place(l->at, "burst"),
			   "a burst of %llu would take more than 30 days to come back",
			   (unsigned long long)l->burst);
}
