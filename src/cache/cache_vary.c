/* The block: for each name its length and bytes, and the value's. */
#include "cache/cache_vary.h"

/* Fields that Sluis makes anew for each request: nothing selected by them is ever used again. */
static const struct view cache_vary_never[] = {
	VIEW_INIT("*"),		VIEW_INIT("x-request-id"),    VIEW_INIT("traceparent"),
	VIEW_INIT("forwarded"), VIEW_INIT("x-forwarded-for"), VIEW_INIT("x-real-ip"),
};

/* All values of a field in one, as a list (RFC 9110 §5.3). */
static void cache_vary_put_values(struct wbuf *w, struct view name, struct view request,
				  const struct http1_head *h)
{
	bool is_first = true;

	for (size_t i = 0; i < h->field_n; i++) {
		if (!view_ieq(field_name_view(request, &h->fields[i]), name))
			continue;
		if (!is_first)
			WBUF_LIT(w, ", ");
		is_first = false;
		wbuf_view_put(w, field_value_view(request, &h->fields[i]));
	}
}

static enum err cache_vary_put_name(struct wbuf *w, struct view name, struct view request,
				    const struct http1_head *h)
{
	uint8_t value[512];
	struct wbuf v = wbuf_of(value, sizeof value);

	for (size_t i = 0; i < sizeof cache_vary_never / sizeof cache_vary_never[0]; i++)
		if (view_ieq(name, cache_vary_never[i]))
			return E_DENIED;
	if (!field_is_token(name))
		return E_DENIED;
	cache_vary_put_values(&v, name, request, h);
	wbuf_str16(w, name);
	wbuf_str16(w, wbuf_view(&v));
	return wbuf_check(&v) != E_OK || wbuf_check(w) != E_OK ? E_DENIED : E_OK;
}

enum err cache_vary_put(struct wbuf *w, struct view answer, const struct http1_head *answer_h,
			struct view request, const struct http1_head *request_h)
{
	unsigned n = 0;

	for (size_t i = 0; i < answer_h->field_n; i++) {
		struct view list = field_value_view(answer, &answer_h->fields[i]), name = { 0 };

		if (!view_ieq(field_name_view(answer, &answer_h->fields[i]), VIEW("vary")))
			continue;
		while (field_list_next(&list, &name)) {
			if (++n > CACHE_VARY_NAMES)
				return E_DENIED;
			TRY(cache_vary_put_name(w, name, request, request_h));
		}
	}
	return E_OK;
}

bool cache_vary_matches(struct view block, struct view request, const struct http1_head *h)
{
	while (block.n) {
		struct view name = { 0 }, value = { 0 };
		uint8_t now[512];
		struct wbuf w = wbuf_of(now, sizeof now);

		if (view_str16(&block, &name) != E_OK || view_str16(&block, &value) != E_OK)
			return false;
		cache_vary_put_values(&w, name, request, h);
		if (wbuf_check(&w) != E_OK || !view_eq(wbuf_view(&w), value))
			return false;
	}
	return true;
}
