/* The fixed pools of clients, server connections and exchanges: address space at boot, memory when
 * used. */
#ifndef ROLE_EDGE_SLOTS_H
#define ROLE_EDGE_SLOTS_H

#include "role/edge/edge.h"

/* slots_init - reserves them for the descriptors this process may have. E_SYS (logged) */
enum err slots_init(struct edge *e);

/* slots_client, slots_upstream, slots_exchange - an unused one, zeroed; NULL when all are in use */
struct client *slots_client(struct edge *e);
struct upstream *slots_upstream(struct edge *e);
struct exchange *slots_exchange(struct edge *e);

/* slots_bury_client, slots_bury_upstream - closed in this turn: reusable from the next one, because
 * events may still name it */
void slots_bury_client(struct edge *e, struct client *c);
void slots_bury_upstream(struct edge *e, struct upstream *u);

void slots_exchange_free(struct edge *e, struct exchange *x);

/* slots_turn - the turn is over: what was buried may be used again */
void slots_turn(struct edge *e);

#endif
