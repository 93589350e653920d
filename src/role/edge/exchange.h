/*
 * One request and its answer: choose a server, ask it, try another one when that is safe, move both
 * bodies, and leave both connections fit for the next request.
 */
#ifndef ROLE_EDGE_EXCHANGE_H
#define ROLE_EDGE_EXCHANGE_H

#include "role/edge/edge.h"

/* exchange_ask - x's head is built: find a server and a connection to it. May end x with a local
 * answer */
void exchange_ask(struct edge *e, struct exchange *x);

/* exchange_connected - x has a connection, new or handed on: TLS if needed, then the head */
void exchange_connected(struct edge *e, struct exchange *x);

/* exchange_failed - the server could not be reached or ended before an answer: another one, or 502,
 * 503, 504 */
void exchange_failed(struct edge *e, struct exchange *x, enum dial_failure why);

/* exchange_run - moves whatever can be moved. True when x has ended */
bool exchange_run(struct edge *e, struct exchange *x);

/* exchange_finish - the answer is complete: record, counters, connections; x is gone afterwards */
void exchange_finish(struct edge *e, struct exchange *x);

/* exchange_abort - the client is gone or its answer can't be completed; x is gone afterwards, the
 * client must be closed */
void exchange_abort(struct edge *e, struct exchange *x);

/* exchange_expired - the deadline of what x waits for has passed */
void exchange_expired(struct edge *e, struct exchange *x);

/* exchange_tick - those that wait for a server that another edge may have freed; a few times a
 * second */
void exchange_tick(struct edge *e);

/* exchange_wait - something of x has moved: how long it may now be silent */
void exchange_wait(struct edge *e, struct exchange *x);

/* exchange_deadline - x's client is due ms from now */
void exchange_deadline(struct edge *e, struct exchange *x, uint32_t ms);

#endif
