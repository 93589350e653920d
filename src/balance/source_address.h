/*
 * By the client's address: the same client comes to the same server, without anything being
 * remembered. The key is the whole IPv4 address, or the IPv6 network (/64: RFC 4291 §2.5.1, a host
 * has all of it); it leads to a server through a Maglev table (maglev.h), without a bound on load:
 * who asks for this wants the same server.
 */
#ifndef BALANCE_SOURCE_ADDRESS_H
#define BALANCE_SOURCE_ADDRESS_H

#include "balance/balance.h"

/* source_address_hash - of the client's address, keyed: an attacker can't choose addresses that
 * meet */
uint64_t source_address_hash(const uint64_t key[2], const struct ip *ip);

/* source_address_pick - see balance_pick; f->has_hash, made by source_address_hash */
uint32_t source_address_pick(const struct balance_pool *p, const struct balance_facts *f);

#endif
