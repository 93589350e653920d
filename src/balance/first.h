/* The first server, in the order of the configuration, that is usable and below its limit; the next
 * ones only when that is not enough. For pools whose last servers should be able to sleep (HAProxy
 * 2.6 Configuration Manual, "balance first"). Weights mean nothing here. */
#ifndef BALANCE_FIRST_H
#define BALANCE_FIRST_H

#include "balance/balance.h"

/* first_pick - see balance_pick. O(log n) */
uint32_t first_pick(const struct balance_pool *p, const struct balance_facts *f);

#endif
