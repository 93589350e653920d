/*
 * Calls: connections to servers while they are being made (RFC 8305 §5, lightly: the next address
 * is tried after a failure or 250 ms, at most two at the same time, the first to connect wins).
 *
 * A call belongs to an edge's request or to a health check. It ends once: with a connected
 * descriptor or with the reason, within the pool's timeouts.connect (or the check's timeout).
 */
#ifndef ROLE_DIALER_CALL_H
#define ROLE_DIALER_CALL_H

#include "role/dialer/dialer.h"

enum { CALL_RACE = 2, CALL_STAGGER_MS = 250 };

enum call_state { CALL_FREE, CALL_NAMING, CALL_CONNECTING, CALL_ANSWERING };
enum call_owner { CALL_OF_EDGE, CALL_OF_PROBE };

struct call_try {
	struct loop_source source;
	uint32_t call; /* its index in d->call */
};

struct call {
	struct dialer_timer timer;
	struct list node; /* free list, a name's waiting list, or an edge's outbox */
	struct call_try tries[CALL_RACE];
	struct ip address[DIALER_ADDRESSES];
	uint64_t deadline_ms, stagger_ms /* when the next address joins; 0 = none left */;
	uint64_t freed_turn;  /* its sources may still be in that turn's batch */
	uint32_t server;      /* index in d->server */
	uint32_t gen;	      /* counts uses of the slot */
	uint32_t owner_index; /* in d->edge or d->probe */
	uint32_t seq;	      /* CALL_OF_EDGE: of the request */
	uint8_t address_n, address_next;
	uint8_t state, owner, why; /* enum call_state, call_owner, dial_failure */
	bool is_datagram;	   /* the relay's: UDP, where others get TCP */
	int fd;			   /* CALL_ANSWERING: connected, or -1 */
};

/* call_init - the table, at boot. E_NOMEM */
enum err call_init(struct dialer *d);
void call_done(struct dialer *d);

/* Who wants a connection. */
struct call_request {
	uint32_t server;
	uint32_t owner_index;
	uint32_t seq;
	uint32_t timeout_ms;
	enum call_owner owner;
	bool is_datagram;
};

/*
 * call_start - begins a call; its end comes through edge_channel_answer or probe_on_call, possibly
 * before this returns
 *   ret     the call's index, for call_cancel; set when it is still going on, else DIALER_NONE
 * E_LIMIT no slot is free: nothing will come
 */
enum err call_start(struct dialer *d, const struct call_request *want, uint32_t *ret);

/* call_cancel - its owner is gone: closes and forgets, without an answer */
void call_cancel(struct dialer *d, struct call *c);

/* call_free - gives the slot back, after an answer was sent. Closes what it still holds */
void call_free(struct dialer *d, struct call *c);

/* call_on_event, call_on_timer - from the loop and the wheel */
void call_on_event(void *owner, struct loop_source *source, uint32_t events);
void call_on_timer(struct dialer *d, struct dialer_timer *t);

/* call_on_name - the name that c waits for has been answered, one way or the other */
void call_on_name(struct dialer *d, struct call *c);

#endif
