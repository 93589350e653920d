/* The rules of an image; linked by the keeper. */
#include "ipc/reach_rules.h"

enum { REACH_RULES_DNS = 53 };

static size_t reach_rules_of_server(const struct image *im, const struct image_server *s,
				    uint8_t protocol, struct reach_rule *ret)
{
	struct image_range to = image_pool_at(im, s->pool)->resolve_to;

	if (s->address.kind == IMAGE_ADDRESS_IP) {
		ret[0] = (struct reach_rule){ { s->address.ip, 128 }, s->address.port, protocol };
		return 1;
	}
	if (s->address.kind != IMAGE_ADDRESS_NAME)
		return 0;
	for (uint32_t i = 0; i < to.n; i++)
		ret[i] = (struct reach_rule){ *image_network_at(im, to.first + i), s->address.port,
					      protocol };
	if (to.n == 0)
		ret[0] = (struct reach_rule){ { { { 0 } }, 0 }, s->address.port, protocol };
	return to.n ? to.n : 1;
}

size_t reach_rules_count(const struct image *im, size_t resolver_n)
{
	size_t n = 2 * resolver_n;

	for (uint32_t i = 0; i < image_count(im, IMAGE_SERVER); i++) {
		const struct image_pool *pool = image_pool_at(im, image_server_at(im, i)->pool);

		n += (1u + pool->is_datagram) * (pool->resolve_to.n ? pool->resolve_to.n : 1u);
	}
	return n;
}

size_t reach_rules_fill(const struct image *im, const struct ip *resolvers, size_t resolver_n,
			struct reach_rule *ret)
{
	bool has_name = false;
	size_t n = 0;

	for (uint32_t i = 0; i < image_count(im, IMAGE_SERVER); i++) {
		const struct image_server *s = image_server_at(im, i);

		has_name |= s->address.kind == IMAGE_ADDRESS_NAME;
		n += reach_rules_of_server(im, s, REACH_TCP, ret + n);
		if (image_pool_at(im, s->pool)->is_datagram)
			n += reach_rules_of_server(im, s, REACH_UDP, ret + n);
	}
	for (size_t i = 0; has_name && i < resolver_n; i++) {
		ret[n++] = (struct reach_rule){ { resolvers[i], 128 }, REACH_RULES_DNS, REACH_UDP };
		ret[n++] = (struct reach_rule){ { resolvers[i], 128 }, REACH_RULES_DNS, REACH_TCP };
	}
	return n;
}
