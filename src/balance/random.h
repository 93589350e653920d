/* At random, each server with the chance its weight gives: what all others are measured against
 * (Mitzenmacher 2001, one choice). Nothing is remembered, so many edges need not agree. */
#ifndef BALANCE_RANDOM_H
#define BALANCE_RANDOM_H

#include "balance/balance.h"

/* random_pick - see balance_pick. O(1) expected, O(log n) always */
uint32_t random_pick(const struct balance_pool *p, const struct balance_facts *f);

#endif
