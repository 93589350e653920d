/*
 * Rendezvous hashing: D. Thaler, C. Ravishankar, "Using Name-Based Mappings to Increase Hit Rates",
 * IEEE/ACM Transactions on Networking 6(1), 1998; weighted as in C. Schindelhauer, G. Schomaker,
 * "Weighted Distributed Hash Tables", SPAA 2005. Every process that sees the same servers chooses
 * the same one, and when a server leaves only its own keys move.
 */
#ifndef BALANCE_RENDEZVOUS_H
#define BALANCE_RENDEZVOUS_H

#include "balance/balance.h"

/*
 * rendezvous_pick - the usable server that a key belongs to; BALANCE_NONE when none is left. O(n)
 *   servers   borrows: of p, in its order; their persist_id stands for them
 *   key       spread over all 64 bits
 */
uint32_t rendezvous_pick(const struct balance_pool *p, const struct balance_tried *tried,
			 const struct image_server *servers, uint64_t key);

#endif
