/* A header is the same however it arrives, and what it says survives being written anew. */
#include "tests/fuzz/fuzz.h"

#include "proto/proxy_protocol.h"

static void check_rewritten(const struct proxy_protocol *p, bool is_v2)
{
	uint8_t room[PROXY_PROTOCOL_PUT_MAX];
	struct wbuf w = wbuf_of(room, sizeof room);
	struct proxy_protocol back = { 0 };
	size_t n = 0;

	if (is_v2)
		proxy_protocol_put_v2(&w, p);
	else
		proxy_protocol_put_v1(&w, p);
	INVARIANT(wbuf_check(&w) == E_OK);
	INVARIANT(proxy_protocol_parse(wbuf_view(&w), &back, &n) == E_OK && n == w.n);
	INVARIANT(back.has_addresses == p->has_addresses);
	if (!p->has_addresses)
		return;
	INVARIANT(ip_eq(&back.source, &p->source) && ip_eq(&back.destination, &p->destination));
	INVARIANT(back.source_port == p->source_port &&
		  back.destination_port == p->destination_port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = view_of(data, size);
	struct proxy_protocol p = { 0 }, part = { 0 };
	size_t n = 0, part_n = 0;
	enum err e = proxy_protocol_parse(in, &p, &n);

	INVARIANT(e == E_OK || e == E_AGAIN || e == E_PROTO);
	INVARIANT(e != E_AGAIN || size < PROXY_PROTOCOL_MAX);
	if (e != E_OK)
		return 0;
	INVARIANT(n > 0 && n <= size && n <= PROXY_PROTOCOL_MAX);
	for (size_t i = 0; i < n; i++)
		INVARIANT(proxy_protocol_parse(view_slice(in, 0, i), &part, &part_n) == E_AGAIN);
	check_rewritten(&p, false);
	check_rewritten(&p, true);
	return 0;
}
