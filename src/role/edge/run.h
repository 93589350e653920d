/* The edge as a whole: made once, turned for ever. */
#ifndef ROLE_EDGE_RUN_H
#define ROLE_EDGE_RUN_H

#include "role/edge/edge.h"

/* run_new - an edge that owns nothing yet; NULL: no memory */
struct edge *run_new(void);

/* run_prepare - loop, timers, pools, TLS library: everything that boot does not bring. E_NOMEM,
 * E_SYS (logged) */
enum err run_prepare(struct edge *e);

/* run_turn - one batch of events, what was put off, and what is due; waits for at most max_ms.
 * E_SYS the loop failed */
enum err run_turn(struct edge *e, int max_ms);

#endif
