/*
 * How many connections each address has on each listener: limits.connections_per_address.
 * Open addressing with a keyed hash, so that no choice of addresses makes it slow (THREATS A22).
 * This edge's own are counted exactly; those of the other edges are read from their load pages,
 * where addresses share a counter by hash, so an address is never given more than its limit.
 */
#ifndef ROLE_EDGE_ADDRESS_H
#define ROLE_EDGE_ADDRESS_H

#include "role/edge/edge.h"

/* address_init - room for cap connections at once; the hash is keyed from what all edges share.
 * E_SYS (logged) */
enum err address_init(struct edge *e, uint32_t cap);

/* address_hash - of an address and a listener, keyed; the same in all edges of an instance */
uint32_t address_hash(const struct edge *e, uint16_t slot, const struct ip *ip);

/* address_add - one more connection; E_LIMIT when the address already has limit of them (0 = no
 * limit) */
enum err address_add(struct edge *e, uint16_t slot, const struct ip *ip, uint32_t limit);

/* address_count - connections of that address now, over all edges, or a little more */
uint64_t address_count(const struct edge *e, uint16_t slot, const struct ip *ip);

/* address_remove - one less */
void address_remove(struct edge *e, uint16_t slot, const struct ip *ip);

/* address_reset - in a page of ours: an earlier edge wrote it, whose connections are gone with it
 */
void address_reset(struct page_load_page *own);

/* address_hash_pool - the same in every edge for one address (IPv6: one /64) and pool; nobody
 * outside can tell which addresses share a value */
uint64_t address_hash_pool(const struct edge *e, const struct ip *ip, uint64_t pool_id);

#endif
