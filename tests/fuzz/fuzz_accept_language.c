/* Accept-Language: letters' case means nothing, what comes last wins only by a higher weight, and
 * what nobody offers changes nothing. */
#include "tests/fuzz/fuzz.h"

#include "base/wbuf.h"
#include "proto/accept_language.h"

enum { FUZZ_MAX = 512 };

static const struct view offers[] = { VIEW_INIT("nl"), VIEW_INIT("en") };

static uint8_t other_case(uint8_t c)
{
	bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

	return is_letter ? c ^ 0x20 : c;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t text[FUZZ_MAX + 8];
	struct wbuf w = wbuf_of(text, sizeof text);
	size_t found = 0;

	if (n > FUZZ_MAX)
		return 0;
	found = accept_language_choose(view_of(p, n), offers, 2);
	INVARIANT(found <= 2 && accept_language_choose(view_of(p, n), offers, 0) == 0);
	INVARIANT(found == 2 || n > 0);
	for (size_t i = 0; i < n; i++) {
		uint8_t c = other_case(p[i]);

		wbuf_put(&w, &c, 1);
	}
	INVARIANT(accept_language_choose(wbuf_view(&w), offers, 2) == found);
	WBUF_LIT(&w, ",xx;q=1");
	/* an open quotation takes the rest in, which may spoil nothing but what was open */
	if (view_find(view_of(p, n), '"') == n)
		INVARIANT(accept_language_choose(wbuf_view(&w), offers, 2) == found);
	return 0;
}
