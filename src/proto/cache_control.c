/* One row per directive; the list is walked once. */
#include "proto/cache_control.h"

#include "proto/field.h"

#include <stddef.h>

enum { CACHE_CONTROL_FLAG_ONLY = UINT8_MAX };

struct cache_control_row {
	struct view name;
	uint16_t flag;
	uint8_t offset; /* of its number, or CACHE_CONTROL_FLAG_ONLY */
};

#define ROW(text, bit)                                                                             \
	{                                                                                          \
		VIEW_INIT(text), bit, CACHE_CONTROL_FLAG_ONLY                                      \
	}
#define ROW_NUMBER(text, bit, member)                                                              \
	{                                                                                          \
		VIEW_INIT(text), bit, offsetof(struct cache_control, member)                       \
	}

static const struct cache_control_row cache_control_rows[] = {
	ROW("no-store", CACHE_NO_STORE),
	ROW("no-cache", CACHE_NO_CACHE),
	ROW("private", CACHE_PRIVATE),
	ROW("public", CACHE_PUBLIC),
	ROW("must-revalidate", CACHE_MUST_REVALIDATE),
	ROW("proxy-revalidate", CACHE_PROXY_REVALIDATE),
	ROW("only-if-cached", CACHE_ONLY_IF_CACHED),
	ROW_NUMBER("max-age", CACHE_MAX_AGE, max_age),
	ROW_NUMBER("s-maxage", CACHE_S_MAXAGE, s_maxage),
	ROW_NUMBER("min-fresh", CACHE_MIN_FRESH, min_fresh),
	ROW_NUMBER("max-stale", CACHE_MAX_STALE, max_stale),
	ROW_NUMBER("stale-while-revalidate", CACHE_STALE_WHILE_REVALIDATE, stale_while_revalidate),
	ROW_NUMBER("stale-if-error", CACHE_STALE_IF_ERROR, stale_if_error),
};

enum err cache_control_delta(struct view v, uint32_t *ret)
{
	uint32_t n = 0;

	if (v.n == 0)
		return E_PROTO;
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return E_PROTO;
		n = n < CACHE_DELTA_MAX / 10 ? n * 10 + (v.p[i] - (uint32_t)'0') : CACHE_DELTA_MAX;
	}
	*ret = n;
	return E_OK;
}

/* A value may be quoted (§5.2): without its quotes. */
static struct view cache_control_unquoted(struct view v)
{
	v = view_trim(v);
	return v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"' ? view_slice(v, 1, v.n - 2) : v;
}

static void cache_control_number(struct cache_control *c, const struct cache_control_row *row,
				 struct view value, bool has_value)
{
	uint32_t *to = (uint32_t *)(void *)((uint8_t *)c + row->offset);
	uint32_t n = 0;

	if (!has_value && row->flag == CACHE_MAX_STALE)
		n = UINT32_MAX;
	else if (cache_control_delta(value, &n) != E_OK)
		n = 0;
	if (!(c->flags & row->flag) || n < *to)
		*to = n;
}

static void cache_control_element(struct cache_control *c, struct view v)
{
	size_t equals = view_find(v, '=');
	struct view name = view_trim(view_slice(v, 0, equals));
	struct view value = cache_control_unquoted(view_slice(v, equals + 1, v.n));

	for (size_t i = 0; i < sizeof cache_control_rows / sizeof cache_control_rows[0]; i++) {
		const struct cache_control_row *row = &cache_control_rows[i];

		if (!view_ieq(name, row->name))
			continue;
		if (row->offset != CACHE_CONTROL_FLAG_ONLY)
			cache_control_number(c, row, value, equals != v.n);
		c->flags |= row->flag;
	}
}

void cache_control_add(struct cache_control *c, struct view value)
{
	struct view element = { 0 };

	while (field_list_next(&value, &element))
		cache_control_element(c, element);
}
