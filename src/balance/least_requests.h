/*
 * Least requests by two random choices: M. Mitzenmacher, "The Power of Two Choices in Randomized
 * Load Balancing", IEEE TPDS 12(10), 2001; with weights.
 */
#ifndef BALANCE_LEAST_REQUESTS_H
#define BALANCE_LEAST_REQUESTS_H

#include "balance/balance.h"

/* least_requests_pick - see balance_pick. O(1) expected, O(log n) when few of many are usable */
uint32_t least_requests_pick(const struct balance_pool *p, const struct balance_facts *f);

#endif
