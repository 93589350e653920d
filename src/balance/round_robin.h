/*
 * Weighted round robin: any run of as many picks as the weights sum up to has each server exactly
 * weight times, spread as evenly as that allows.
 *
 * Equal weights: the next usable one, O(log n). Up to ROUND_ROBIN_FEW servers of different weights:
 * each earns its weight per turn, the richest is chosen and pays what all earned ("smooth weighted
 * round robin", nginx 1.3.1), O(n). More: a walk over the weights laid end to end, in steps of the
 * golden section of their sum, which spreads any run of steps evenly (the three gap theorem:
 * V. T. Sos, "On the distribution mod 1 of the sequence n alpha", 1958), O(log n).
 */
#ifndef BALANCE_ROUND_ROBIN_H
#define BALANCE_ROUND_ROBIN_H

#include "balance/balance.h"

enum { ROUND_ROBIN_FEW = 64 };

/* round_robin_pick - see balance_pick */
uint32_t round_robin_pick(struct balance_pool *p, const struct balance_facts *f);

/* round_robin_forget - credits earned among other servers would skew the first turns among these */
void round_robin_forget(struct balance_pool *p);

#endif
