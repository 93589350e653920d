/* An address as a key. */
#include "balance/source_address.h"

#include "balance/maglev.h"
#include "base/hash.h"

uint64_t source_address_hash(const uint64_t key[2], const struct ip *ip)
{
	/* RFC 4291 §2.5.5.2: an IPv4 address is the last four bytes of its mapped form */
	return hash_keyed(key, view_of(ip->b, ip_is_v4(ip) ? 16 : 8));
}

uint32_t source_address_pick(const struct balance_pool *p, const struct balance_facts *f)
{
	return maglev_pick(p, f);
}
