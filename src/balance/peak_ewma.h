/*
 * Peak EWMA: Twitter's Finagle (com.twitter.finagle.loadbalancer.p2c, PeakEwma, 2014). What a
 * server would cost is its latency times the requests it would have then, by weight; of two random
 * servers (least_requests.h) the cheaper one is taken.
 *
 * The latency is a moving average that jumps up to a peak at once and comes down slowly: after
 * PEAK_EWMA_DECAY_MS (Finagle's default, ten seconds) what was measured counts for 1/e. While
 * nothing is measured it sinks likewise, so that a server that was slow is tried again. A failure
 * counts as PEAK_EWMA_FAILURE_US at least: failing fast is not being fast.
 */
#ifndef BALANCE_PEAK_EWMA_H
#define BALANCE_PEAK_EWMA_H

#include "balance/balance.h"

enum {
	PEAK_EWMA_DECAY_MS = 10000,
	PEAK_EWMA_FAILURE_US = 1000000,
	PEAK_EWMA_MAX_US = 60000000 /* no latency counts for more than a minute */
};

/* One edge's measurements of one server. */
struct peak_ewma {
	uint32_t latency_us; /* 0: nothing is known */
	uint32_t at_ms;	     /* when it was that much; monotonic, its lower 32 bits */
};

/* peak_ewma_seen - an answer began after so long, or failed */
void peak_ewma_seen(struct peak_ewma *m, uint64_t latency_us, bool has_failed, uint64_t now_ms);

/* peak_ewma_now - what m has sunk to by now; at least 1 while anything was measured */
uint32_t peak_ewma_now(const struct peak_ewma *m, uint64_t now_ms);

/*
 * peak_ewma_join - one estimate from what several edges have measured, each sunk to now
 *   mine      this edge's own; 0: nothing
 *   others    sum over n others of peak_ewma_limit()ed estimates
 * The mean. What others say is theirs: one that lies can't move it further than peak_ewma_limit
 * lets it.
 */
uint32_t peak_ewma_join(uint32_t mine, uint64_t others, uint32_t n);

/* peak_ewma_limit - another edge's claim, held to an eighth and to eight times of what we have
 * measured ourselves; unlimited but for the maximum while that is nothing */
uint32_t peak_ewma_limit(uint32_t mine, uint32_t claim);

/* peak_ewma_pick - see balance_pick. O(1) expected */
uint32_t peak_ewma_pick(const struct balance_pool *p, const struct balance_facts *f);

#endif
