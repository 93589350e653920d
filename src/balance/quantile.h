/*
 * A quantile of a stream in one word: Q. Ma, S. Muthukrishnan, M. Sandler, "Frugal Streaming for
 * Estimating Quantiles", 2013; with steps in proportion to the estimate, since times differ by
 * orders of magnitude. Up for each sample above, down for each below, so that it rests where both
 * weigh the same; it follows a change within some dozens of samples.
 */
#ifndef BALANCE_QUANTILE_H
#define BALANCE_QUANTILE_H

#include <stdint.h>

/* quantile_add - one more sample
 *   at       the estimate; 0: none yet
 *   percent  1..99 of the samples shall lie below it */
void quantile_add(uint32_t *at, uint64_t sample, uint32_t percent);

#endif
