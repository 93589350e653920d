/*
 * How many requests may be sent a second time: a part of all requests, so that tries can't multiply
 * the load of servers that fail because they have too much of it. As in Twitter's Finagle
 * (com.twitter.finagle.service.RetryBudget): a bucket that every request fills a little, with a
 * reserve per second so that few requests may all be tried again.
 */
#ifndef BALANCE_BUDGET_H
#define BALANCE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

enum {
	BUDGET_PER_S = 10,
	BUDGET_MAX = 100,	       /* further tries that can be saved up */
	BUDGET_FULL = 100 * BUDGET_MAX /* in hundredths */
};

/* Zero is valid: nothing was asked of it yet, and it is full. */
struct budget {
	uint32_t spent;	    /* hundredths of a try that are missing from a full bucket */
	uint64_t filled_ms; /* monotonic clock: when the reserve last came */
};

/* budget_deposit - one more request; it is worth percent hundredths of a try */
void budget_deposit(struct budget *b, uint32_t percent);

/* budget_spend - one more try, if there is enough; percent 0: never. now_ms 0: without a reserve */
bool budget_spend(struct budget *b, uint32_t percent, uint64_t now_ms);

#endif
