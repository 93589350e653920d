/*
 * When a request may be sent to another server: nothing of it may have had an effect, or it is of a
 * kind that may be repeated; its body is still here; and neither the pool's attempts, nor its
 * budget, nor the request's time are used up.
 */
#ifndef ROLE_EDGE_RETRY_H
#define ROLE_EDGE_RETRY_H

#include "role/edge/edge.h"

/* retry_count - x is sent for the first time: it earns its part of the budgets */
void retry_count(struct exchange *x);

/*
 * retry_may - x's try has failed with why; may there be another? Spends the budget when so
 *   was_stale   the connection was an idle one that the server closed meanwhile
 */
bool retry_may(struct edge *e, struct exchange *x, enum dial_failure why, bool was_stale);

/* retry_refused - the server said that it has not looked at x (RFC 9113 §8.7): whatever its method.
 * Spends the budget */
bool retry_refused(struct edge *e, struct exchange *x);

/* retry_status - the head of an answer with this status has come: is another server asked instead
 * of passing it on? Spends the budget, and counts the answer, when so */
bool retry_status(struct edge *e, struct exchange *x, uint16_t status);

/* retry_next - the next try, now or after the pool's pause */
void retry_next(struct edge *e, struct exchange *x);

/* retry_timeout_ms - how long a try is waited for: less than the pool's first_byte when another one
 * may follow */
uint32_t retry_timeout_ms(const struct exchange *x);

/* retry_waits_on - its time is over, but no other server may be asked: the rest of first_byte goes
 * on. False: that is over too */
bool retry_waits_on(struct edge *e, struct exchange *x);

#endif
