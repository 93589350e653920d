/* A ClientHello says the same at once and byte by byte, and what it says lies inside of it. */
#include "tests/fuzz/fuzz.h"

#include "proto/tls_hello.h"

#include <stdlib.h>

static bool is_inside(struct view part, struct view all)
{
	return part.n == 0 || (part.p >= all.p && part.p + part.n <= all.p + all.n);
}

static void check(struct view in, struct wbuf scratch[2])
{
	struct tls_hello h = { 0 }, slow = { 0 };
	size_t progress = 0;
	enum err e = tls_hello_parse(in, &progress, &scratch[0], &h), again = E_AGAIN;

	INVARIANT(e == E_OK || e == E_AGAIN || e == E_PROTO || e == E_LIMIT);
	INVARIANT(e != E_AGAIN || in.n <= TLS_HELLO_WIRE_MAX);
	INVARIANT(is_inside(h.sni, in) || is_inside(h.sni, wbuf_view(&scratch[0])));
	INVARIANT(is_inside(h.alpn, in) || is_inside(h.alpn, wbuf_view(&scratch[0])));
	progress = 0;
	for (size_t n = 0; n <= in.n && again == E_AGAIN; n++)
		again = tls_hello_parse(view_slice(in, 0, n), &progress, &scratch[1], &slow);
	INVARIANT(e != E_OK || again == E_OK);
	INVARIANT(e != E_AGAIN || again == E_AGAIN);
	if (e == E_OK)
		INVARIANT(view_eq(h.sni, slow.sni) && view_eq(h.alpn, slow.alpn));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *room = malloc((size_t)2 * TLS_HELLO_MAX);
	struct wbuf scratch[2] = { 0 };

	if (!room)
		abort();
	scratch[0] = wbuf_of(room, TLS_HELLO_MAX);
	scratch[1] = wbuf_of(room + TLS_HELLO_MAX, TLS_HELLO_MAX);
	check(view_of(data, size), scratch);
	free(room);
	return 0;
}
