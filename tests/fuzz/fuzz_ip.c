/* Addresses: text to value to text to value is the same value; so is any value to text and back. */
#include "tests/fuzz/fuzz.h"

#include "base/ip.h"

static void check_put(const struct ip *a)
{
	uint8_t room[64];
	struct wbuf w = wbuf_of(room, 39 + 1); /* the longest text form, RFC 4291 §2.2 */
	struct ip again = { 0 };

	ip_put(&w, a);
	INVARIANT(wbuf_check(&w) == E_OK);
	INVARIANT(ip_parse(wbuf_view(&w), &again) == E_OK && ip_eq(a, &again));
	w = wbuf_of(room, sizeof room);
	ip_put_endpoint(&w, a, 65535);
	INVARIANT(wbuf_check(&w) == E_OK && view_ends(wbuf_view(&w), VIEW(":65535")));
}

static void check_net(struct view in)
{
	struct ip_net net = { 0 };

	if (ip_net_parse(in, &net) != E_OK)
		return;
	INVARIANT(net.bits <= 128 && ip_net_has(&net, &net.ip));
	for (size_t i = 0; i < 128; i++) {
		struct ip other = net.ip;

		other.b[i / 8] ^= (uint8_t)(0x80 >> i % 8);
		INVARIANT(ip_net_has(&net, &other) == (i >= net.bits));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = view_of(data, size);
	struct ip a = { 0 };

	if (ip_parse(in, &a) == E_OK) {
		INVARIANT(view_find(in, ':') != size || ip_is_v4(&a));
		check_put(&a);
	}
	check_net(in);
	if (size == sizeof a.b) {
		memcpy(a.b, data, sizeof a.b);
		check_put(&a);
	}
	return 0;
}
