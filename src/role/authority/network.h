/* The network that an address belongs to, as sessions are bound to it and failures are counted:
 * /24 of IPv4, /56 of IPv6, which is what one household or one office gets (RFC 6177 §2). */
#ifndef ROLE_AUTHORITY_NETWORK_H
#define ROLE_AUTHORITY_NETWORK_H

#include "base/ip.h"

static inline struct ip network_of(const struct ip *a)
{
	struct ip n = *a;

	for (unsigned i = ip_is_v4(a) ? 15 : 7; i < sizeof n.b; i++)
		n.b[i] = 0;
	return n;
}

#endif
