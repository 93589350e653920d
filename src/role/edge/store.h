/* The fixed pools of clients, server connections and exchanges: address space at boot, memory when
 * used. */
#ifndef ROLE_EDGE_STORE_H
#define ROLE_EDGE_STORE_H

#include "role/edge/edge.h"

/* store_init - reserves them for the descriptors this process may have. E_SYS (logged) */
enum err store_init(struct edge *e);

/* store_client, store_upstream, store_exchange - an unused one, zeroed; NULL when all are in use */
struct client *store_client(struct edge *e);

/* store_stream_client - one that is a stream: it takes no descriptor */
struct client *store_stream_client(struct edge *e);
struct upstream *store_stream_upstream(struct edge *e);
struct upstream *store_upstream(struct edge *e);
struct exchange *store_exchange(struct edge *e);

/* store_bury_client, store_bury_upstream - closed in this turn: reusable from the next one, because
 * events may still name it */
void store_bury_client(struct edge *e, struct client *c);
void store_bury_upstream(struct edge *e, struct upstream *u);

void store_exchange_free(struct edge *e, struct exchange *x);

/* store_turn - the turn is over: what was buried may be used again */
void store_turn(struct edge *e);

#endif
