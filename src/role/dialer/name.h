/*
 * Names of servers, resolved by c-ares in the dialer's own loop (RFC 1035, RFC 3596).
 *
 * Answers are hostile: c-ares takes them apart inside this sandbox, at most DIALER_ADDRESSES
 * addresses are kept, and pool.resolve_to says which of them may be used at all (a resolver that
 * lies can't point a pool elsewhere). TTLs are held between 1 second and 1 hour. A name in use is
 * asked again before it runs out; when the resolver fails its last answer is used for another
 * hour, when it says that the name is gone for 30 seconds.
 */
#ifndef ROLE_DIALER_NAME_H
#define ROLE_DIALER_NAME_H

#include "role/dialer/dialer.h"

enum {
	NAME_TTL_MIN_S = 1,
	NAME_TTL_MAX_S = 3600,
	NAME_STALE_MS = 3600 * 1000,
	NAME_GONE_MS = 30 * 1000,
	NAME_GRACE_MS = 10 * 1000, /* used that long after its TTL while the next answer comes */
	NAME_RETRY_MIN_MS = 1000,
	NAME_RETRY_MAX_MS = 30 * 1000,
	NAME_QUERY_MS = 2000, /* one try at one name server */
	NAME_QUERY_TRIES = 3
};

/*
 * name_init - the table of the distinct names of d's servers, and the resolver; before the sandbox
 *   setup   borrows
 * Names that the hosts file has are never asked for. E_NOMEM · E_SYS (logged)
 */
enum err name_init(struct dialer *d, const struct dialer_setup *setup);
void name_done(struct dialer *d);

/*
 * name_addresses - where server s, which has a name, may be connected to now; asks when needed
 *   ret     DIALER_ADDRESSES of them, rotated by one with each call
 * E_AGAIN the answer is being waited for: name_wait · E_DENIED resolved to no permitted address, or
 * not at all
 */
enum err name_addresses(struct dialer *d, const struct dialer_server *s, struct ip *ret,
			uint8_t *ret_n);

/* name_wait - call_on_name will be called for the call with this node */
void name_wait(struct dialer *d, const struct dialer_server *s, struct list *node);

/* name_turn - after each turn of the loop: c-ares' own timeouts, and answers to those who wait */
void name_turn(struct dialer *d);

/* name_on_event, name_on_timer - from the loop and the wheel */
void name_on_event(void *owner, struct loop_source *source, uint32_t events);
void name_on_timer(struct dialer *d, struct dialer_timer *t);

#endif
