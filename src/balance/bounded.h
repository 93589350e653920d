/*
 * Bounded load for the algorithms that hash: V. Mirrokni, M. Thorup and M. Zadimoghaddam,
 * "Consistent Hashing with Bounded Loads", SODA 2018. With m requests on a pool's servers, none may
 * have more than ceil(c * (m + 1) * its share of the weights); a key whose server is full goes to
 * the next place in its own order, and comes back when there is room.
 *
 * BOUNDED_FREE requests a server may always have: the bound is against crowds, and in a quiet pool,
 * where it would be one, two requests at once would lead a key astray.
 */
#ifndef BALANCE_BOUNDED_H
#define BALANCE_BOUNDED_H

#include "balance/balance.h"

enum { BOUNDED_FREE = 4 };

/*
 * bounded_accepts - server i of c's kind takes this key: it can be chosen, has room, and, while it
 * starts slowly, the key is one of the part that it has already. That part only grows.
 */
bool bounded_accepts(const struct balance_pool *p, const struct balance_choice *c,
		     const struct balance_facts *f, uint32_t i);

/* bounded_any - when the key's own order led nowhere (few of many can be chosen): one of those left
 * by the key, with room. c->n > 0. O(log n); O(n) when nearly all are full */
uint32_t bounded_any(const struct balance_pool *p, const struct balance_choice *c,
		     const struct balance_facts *f);

#endif
