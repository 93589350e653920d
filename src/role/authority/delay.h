/*
 * Delays after failures to log in: a second, doubling to a minute (NIST SP 800-63B §5.2.2), per
 * account and per network of the source. They grow alike for accounts that exist and for those that
 * don't. Nobody is locked out: a network from which the account was logged in to lately has a
 * counter of its own, which strangers' failures don't touch.
 *
 * Counters are kept under a keyed hash in fixed memory; when that is full those make room that have
 * failed least, so that a flood of names forgets itself first. A restart forgets all of them.
 */
#ifndef ROLE_AUTHORITY_DELAY_H
#define ROLE_AUTHORITY_DELAY_H

#include "base/ip.h"

enum {
	DELAY_WAYS = 8,
	DELAY_SETS = 4096,
	DELAY_FREE = 2,		/* failures that cost nothing: people mistype */
	DELAY_SOURCE_FREE = 10, /* ... of one network: offices share one */
	DELAY_MAX_S = 60,
	DELAY_FORGET_MS = 600000 /* so long without a failure halves their number */
};

struct delay_entry {
	uint64_t tag; /* 0: free */
	uint64_t until_ms, at_ms;
	uint32_t failures;
};

struct delay {
	uint64_t key[2]; /* random: set by the owner before use */
	struct delay_entry set[DELAY_SETS][DELAY_WAYS];
};

/* Whose failures count together. */
struct delay_key {
	uint64_t account, source; /* delay_account, delay_source */
};

/* delay_account - of a name as it was typed (lower case), seen from a network that is known for it
 * or, with known NULL, from anywhere else */
uint64_t delay_account(const struct delay *d, struct view name, const struct ip *known);
uint64_t delay_source(const struct delay *d, const struct ip *network);

/* delay_wait_s - how long until another try counts; 0: now */
uint32_t delay_wait_s(const struct delay *d, const struct delay_key *k, uint64_t now_ms);

/* delay_count - a try begins: it counts as failed until it is forgiven, so that many at a time are
 * no way around the delays */
void delay_count(struct delay *d, const struct delay_key *k, uint64_t now_ms);

/* delay_forgive - it was right: the account's counter ends, the source's goes back by this try. An
 * account of one's own is no way around the latter */
void delay_forgive(struct delay *d, const struct delay_key *k);

#endif
