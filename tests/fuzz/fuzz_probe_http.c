/*
 * The answer to a health check: any bytes, cut anywhere, judged as when they come at once.
 * Input: a byte that says what is expected, then the answer.
 */
#include "tests/fuzz/fuzz.h"

#include "role/dialer/probe_http.h"

static const char *const needles[] = { "", "ok", "aaab", "abcabcabd" };

static void fuzz_begin(struct probe_http *p, uint8_t how, uint16_t border[16])
{
	static const struct image_status_range range[] = { { 200, 299 } };
	static const enum http_method methods[] = { METHOD_GET, METHOD_HEAD };

	*p = (struct probe_http){ .needle = view_str(needles[how & 3]),
				  .border = border,
				  .range = range,
				  .range_n = how >> 2 & 1,
				  .method = (uint8_t)methods[how >> 3 & 1] };
	probe_http_borders(p->needle, border);
}

/* All bytes, the first `cut` of them alone before. */
static enum page_check fuzz_judge(uint8_t how, struct view answer, size_t cut)
{
	uint16_t border[16];
	struct probe_http p;
	struct view in = view_slice(answer, 0, cut);
	enum page_check r = PAGE_CHECK_NONE;
	uint8_t *rest = NULL;
	size_t used = 0;

	fuzz_begin(&p, how, border);
	rest = fuzz_copy(in);
	in.p = rest;
	r = probe_http_feed(&p, &in, false);
	INVARIANT(in.n <= cut);
	used = cut - in.n;
	free(rest);
	if (r != PAGE_CHECK_NONE)
		return r;
	in = view_slice(answer, used, answer.n);
	rest = fuzz_copy(in);
	in.p = rest;
	r = probe_http_feed(&p, &in, true);
	free(rest);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view answer = view_of(data, size);
	enum page_check whole = PAGE_CHECK_NONE;
	uint8_t how = 0;

	if (view_u8(&answer, &how) != E_OK || answer.n >= PROBE_HTTP_HEAD_MAX)
		return 0;
	whole = fuzz_judge(how, answer, answer.n);
	INVARIANT(whole != PAGE_CHECK_NONE && whole < PAGE_CHECK_N);
	for (unsigned i = 0; i < 6; i++)
		INVARIANT(fuzz_judge(how, answer, fuzz_choice(answer, i, answer.n + 1)) == whole);
	INVARIANT(fuzz_judge(how, answer, 0) == whole);
	return 0;
}
