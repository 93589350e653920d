/*
 * Hedging: a second server is asked when the first is slow, and the answer that begins first is the
 * client's (J. Dean, L. Barroso, "The Tail at Scale", CACM 56(2), 2013). The second request is an
 * exchange of its own, the twin: it has a server, a connection and nothing else; the client knows
 * of one exchange only. The one that loses is cut off, its connection closed.
 */
#ifndef ROLE_EDGE_HEDGE_H
#define ROLE_EDGE_HEDGE_H

#include "role/edge/edge.h"

/* hedge_init - a pool's budget is empty at first */
void hedge_init(struct pool_state *p);

/* hedge_wait_ms - how long x waits before it asks a second server; max_ms when it never does */
uint32_t hedge_wait_ms(const struct exchange *x, uint32_t max_ms);

/* hedge_expired - x has waited. True: it waits on, with a twin or without; false: it had done so
 * before */
bool hedge_expired(struct edge *e, struct exchange *x, uint32_t max_ms);

/* hedge_run - x's twin does what it can; it may take x's place */
void hedge_run(struct edge *e, struct exchange *x);

/* hedge_lost - twin y's server failed */
void hedge_lost(struct edge *e, struct exchange *y, enum dial_failure why);

/* hedge_take_over - x's server failed: its twin goes on in its place. False: it can't, and is gone
 */
bool hedge_take_over(struct edge *e, struct exchange *x);

/* hedge_end - x's twin is not needed any more */
void hedge_end(struct edge *e, struct exchange *x);

/* hedge_learn - the head of an answer came after so long: the pool's quantile moves */
void hedge_learn(struct exchange *x);

#endif
