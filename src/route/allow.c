/* Networks of filters; pure, linear in them. */
#include "route/allow.h"

static bool allow_has(const struct image *im, struct image_range networks, const struct ip *source)
{
	for (uint32_t i = 0; i < networks.n; i++)
		if (ip_net_has(image_network_at(im, networks.first + i), source))
			return true;
	return false;
}

bool allow_source(const struct image *im, const struct image_filter *f, const struct ip *source)
{
	for (uint32_t i = 0; i < f->access.n; i++) {
		const struct image_access *a = image_access_at(im, f->access.first + i);

		if (allow_has(im, a->networks, source) != a->is_allow)
			return false;
	}
	return true;
}
