/*
 * Durations in sixteen counters: bucket i holds what took at most 250 us * 2^i, the last one all
 * that took longer than the one before it. Fixed bounds, so that counters of several processes,
 * servers and days may be added; twice the width each, so that a percentile is told within a
 * factor of two, and better by interpolation.
 */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 16, HISTOGRAM_FIRST_US = 250 };

/* histogram_bucket - where a duration counts: 0 .. HISTOGRAM_BUCKETS - 1. A few instructions */
unsigned histogram_bucket(uint64_t us);

/* histogram_bound_us - the longest duration of bucket i; UINT64_MAX for the last one */
uint64_t histogram_bound_us(unsigned i);

/*
 * histogram_quantile_us - the duration that permille of the counted ones did not exceed
 *   counts   HISTOGRAM_BUCKETS of them; may be anything, also absurd: sums stop at UINT64_MAX
 *   permille 0..1000
 * Linear within a bucket, as Prometheus' histogram_quantile is; what lies in the last bucket is
 * told as its lower bound. 0 when nothing was counted.
 */
uint64_t histogram_quantile_us(const uint64_t *counts, unsigned permille);

#endif
