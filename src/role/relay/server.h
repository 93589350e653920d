/* The side of the servers: one connected socket per session. */
#ifndef ROLE_RELAY_SERVER_H
#define ROLE_RELAY_SERVER_H

#include "role/relay/relay.h"

/* server_on_event - the loop's handler */
void server_on_event(void *owner, struct loop_source *source, uint32_t events);

/* server_flush - what came from servers goes to clients, in one call; at the end of each turn */
void server_flush(struct relay *r);

#endif
