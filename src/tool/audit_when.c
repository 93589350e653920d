/* Pure; what an administrator typed. */
#include "tool/audit_when.h"

#include "base/date.h"

static enum err when_span(struct view text, int64_t now_us, int64_t *ret_us)
{
	static const struct {
		uint8_t unit;
		int64_t us;
	} units[] = { { 's', INT64_C(1000000) },
		      { 'm', INT64_C(60000000) },
		      { 'h', INT64_C(3600000000) },
		      { 'd', INT64_C(86400000000) },
		      { 'w', INT64_C(604800000000) } };
	uint64_t n = 0;
	int64_t us = 0;

	if (text.n < 2 || view_dec(view_slice(text, 0, text.n - 1), &n) != E_OK)
		return E_PROTO;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (text.p[text.n - 1] != units[i].unit)
			continue;
		/* So long ago that it is no number: since the beginning. */
		if (__builtin_mul_overflow(n, units[i].us, &us) || us >= now_us)
			us = now_us - 1;
		*ret_us = now_us - us;
		return E_OK;
	}
	return E_PROTO;
}

enum err audit_when_parse(struct view text, int64_t now_us, int64_t *ret_us)
{
	uint8_t day[20];
	struct wbuf w = wbuf_of(day, sizeof day);
	int64_t us = 0;

	if (text.n == 10) {
		wbuf_view_put(&w, text);
		WBUF_LIT(&w, "T00:00:00Z");
		text = wbuf_view(&w);
	}
	if (date_parse_utc(text, &us) != E_OK)
		return when_span(text, now_us, ret_us);
	*ret_us = us < 1 ? 1 : us;
	return E_OK;
}
