/* The escapes, and every page around them: a value is text wherever it stands. The same elements
 * and quotes come out for every value (A10, A19). */
#include "tests/fuzz/fuzz.h"

#include "base/utf8.h"
#include "portal/portal_put.h"
#include "tests/unit/portal/samples.h"

enum { FUZZ_MAX = 256 };

static uint8_t page[2 * PORTAL_PAGE_MAX], harmless[PORTAL_PAGE_MAX];

static size_t count(struct view v, uint8_t byte)
{
	size_t n = 0;

	for (size_t i = 0; i < v.n; i++)
		n += v.p[i] == byte;
	return n;
}

static bool is_clean(struct view v)
{
	return count(v, '<') + count(v, '>') + count(v, '"') + count(v, '\'') == 0 &&
	       utf8_is_valid(v);
}

static void check_escapes(struct view v)
{
	static void (*const escapes[])(struct wbuf *, struct view) = {
		portal_put_text,
		portal_put_url,
		portal_put_query,
		portal_put_credentials,
	};

	for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
		struct wbuf w = wbuf_of(page, sizeof page);

		escapes[i](&w, v);
		INVARIANT(!w.bad && is_clean(wbuf_view(&w)));
	}
}

static void check_page(enum portal_page_kind kind, struct view v)
{
	static const uint8_t marks[] = { '<', '>', '"', '\'' };
	struct sample_room lists = { 0 }, plain_lists = { 0 };
	struct portal_model m = samples_hostile(v, &lists);
	struct portal_model plain = samples_hostile(VIEW("abc"), &plain_lists);
	struct wbuf w = wbuf_of(page, sizeof page), want = wbuf_of(harmless, sizeof harmless);
	struct view line = { 0 }, rest = m.codes;

	m.otpauth_uri = (struct view){ 0 };
	plain.otpauth_uri = (struct view){ 0 };
	if (!portal_put_next_line(&rest, &line))
		m.codes = VIEW("abc");
	INVARIANT(portal_page(&w, kind, &m) == E_OK && portal_page(&want, kind, &plain) == E_OK);
	for (size_t i = 0; i < sizeof marks; i++)
		INVARIANT(count(wbuf_view(&w), marks[i]) == count(wbuf_view(&want), marks[i]));
	INVARIANT(utf8_is_valid(wbuf_view(&w)));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n < 2 || n > FUZZ_MAX)
		return 0;
	check_escapes(view_of(p, n));
	check_page((enum portal_page_kind)(1 + p[0] % (PORTAL_PAGES - 1)), view_of(p + 1, n - 1));
	return 0;
}
