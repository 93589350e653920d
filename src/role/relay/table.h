/*
 * Sessions by who speaks to whom: a hash table with chains, keyed so that clients can't choose what
 * meets (THREATS A22), over memory reserved at boot. Finding one is O(1); nothing is allocated.
 */
#ifndef ROLE_RELAY_TABLE_H
#define ROLE_RELAY_TABLE_H

#include "role/relay/relay.h"

/* What a session is found by. */
struct table_key {
	const struct ip *client, *local;
	uint16_t port, slot;
};

/* table_init - empty; for at most `most` sessions. E_NOMEM */
enum err table_init(struct relay *r, uint32_t most);

/* table_find - the session, or NULL */
struct relay_session *table_find(struct relay *r, const struct table_key *k);

/* table_add - a session that is zeroed but for what k says; NULL when all are in use */
struct relay_session *table_add(struct relay *r, const struct table_key *k);

/* table_remove - s is nobody's any more; its memory stays as it is until the turn is over, because
 * the present batch may have an event for it */
void table_remove(struct relay *r, struct relay_session *s);

/* table_turn - the turn is over */
void table_turn(struct relay *r);

/* table_address_n - sessions of k's source address (IPv6: of its /64) with k's listener; a few
 * addresses may share a number */
uint32_t table_address_n(const struct relay *r, const struct table_key *k);

/* table_seq, table_at - as what the dialer is asked by: a number that no later use of the same
 * slot has (of 65536); NULL when it is over */
uint32_t table_seq(const struct relay *r, const struct relay_session *s);
struct relay_session *table_at(struct relay *r, uint32_t seq);

#endif
