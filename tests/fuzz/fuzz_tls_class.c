/* What is said of a ClientHello is text of a few letters, bounded, and the same whatever the order
 * that its extensions come in. */
#include "tests/fuzz/fuzz.h"

#include "proto/tls_class.h"

#include <stdlib.h>

enum { ROOM = 64 * 1024, PARTS = 64, FRONT = 38 };

/* The same message with its extensions the other way round; false: it has none that end well. */
static bool turned(struct view in, struct wbuf *w)
{
	struct view head = { 0 }, part = { 0 }, all = { 0 }, parts[PARTS];
	struct view rest = in;
	size_t n = 0;
	uint16_t type = 0;
	uint8_t k = 0;

	if (view_take(&rest, FRONT, &head) != E_OK || view_u8(&rest, &k) != E_OK ||
	    view_take(&rest, k, &part) != E_OK || view_str16(&rest, &part) != E_OK ||
	    view_u8(&rest, &k) != E_OK || view_take(&rest, k, &part) != E_OK)
		return false;
	wbuf_view_put(w, view_slice(in, 0, in.n - rest.n));
	if (view_str16(&rest, &all) != E_OK || rest.n)
		return false;
	for (struct view left = all; left.n; n++) {
		size_t before = left.n;

		if (n == PARTS || view_u16(&left, &type) != E_OK ||
		    view_str16(&left, &part) != E_OK)
			return false;
		parts[n] = view_slice(all, all.n - before, before - left.n);
	}
	wbuf_u16(w, (uint16_t)all.n);
	while (n--)
		wbuf_view_put(w, parts[n]);
	return wbuf_check(w) == E_OK;
}

/* Two of the same kind count in the order that they come in: no browser's. */
static bool is_once(struct view text)
{
	size_t twice = 0;

	for (size_t i = 0; i + 9 <= text.n; i++)
		twice += text.p[i + 4] == ',' &&
			 view_eq(view_slice(text, i, 4), view_slice(text, i + 5, 4));
	return twice == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *room = malloc((size_t)3 * ROOM);
	struct wbuf text, again, other;
	enum err got = E_OK;

	if (!room)
		abort();
	text = wbuf_of(room, TLS_CLASS_MAX);
	again = wbuf_of(room + ROOM, TLS_CLASS_MAX);
	other = wbuf_of(room + 2 * (size_t)ROOM, ROOM);
	got = tls_class_put(&text, view_of(data, size));
	INVARIANT(got == E_OK || got == E_PROTO || got == E_LIMIT);
	for (size_t i = 0; got == E_OK && i < text.n; i++)
		INVARIANT((text.p[i] >= 'a' && text.p[i] <= 't') || text.p[i] == ' ' ||
			  text.p[i] == ',' || (text.p[i] >= '0' && text.p[i] <= '9'));
	if (got == E_OK && is_once(wbuf_view(&text)) && turned(view_of(data, size), &other)) {
		enum err same = tls_class_put(&again, wbuf_view(&other));

		INVARIANT(same == E_OK && again.n == text.n);
	}
	free(room);
	return 0;
}
