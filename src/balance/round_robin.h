/*
 * Smooth weighted round robin: each server earns its weight per turn, the richest is chosen and
 * pays what all earned. Any run of as many picks as the weights sum up to has each server exactly
 * weight times, spread as evenly as that allows.
 */
#ifndef BALANCE_ROUND_ROBIN_H
#define BALANCE_ROUND_ROBIN_H

#include "balance/balance.h"

/* round_robin_pick - see balance_pick. O(n) */
uint32_t round_robin_pick(struct balance_pool *p, const struct balance_tried *tried);

#endif
