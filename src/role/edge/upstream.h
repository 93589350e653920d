/* Connections to servers: made from the dialer's descriptors, lent to exchanges, kept idle in
 * between. */
#ifndef ROLE_EDGE_UPSTREAM_H
#define ROLE_EDGE_UPSTREAM_H

#include "role/edge/edge.h"

/* upstream_connected - the dialer's fd (taken) for a server: to whoever waits longest, else idle */
void upstream_connected(struct edge *e, uint32_t slot, uint32_t slot_gen, int fd);

/* upstream_not_connected - the dialer's failure goes to whoever waits longest */
void upstream_not_connected(struct edge *e, uint32_t slot, uint32_t slot_gen,
			    enum dial_failure why);

/* upstream_take - an idle connection to x's server with the right TLS identity, lent to x; NULL
 * when there is none */
struct upstream *upstream_take(struct edge *e, struct exchange *x);

/* upstream_forget - c ends: so do the idle connections that speak for it */
void upstream_forget(struct edge *e, struct client *c);

/* upstream_give - x is done with its connection: idle, to the next one waiting, or closed */
void upstream_give(struct edge *e, struct exchange *x, bool is_reusable);

/* upstream_is_opening - whether u is to be counted among those that are not ready yet */
void upstream_is_opening(struct edge *e, struct upstream *u, bool is);

/* upstream_close - for good; x, if any, must have let go of it */
void upstream_close(struct edge *e, struct upstream *u);

/* upstream_close_idle - all idle connections of a server */
void upstream_close_idle(struct edge *e, struct server_state *s);

/* upstream_wait - x waits for a connection to its server, and one is asked for. E_LIMIT */
enum err upstream_wait(struct edge *e, struct exchange *x);

/* upstream_serve - those who wait for this server get what is idle, and new connections as far as
 * its limit allows */
void upstream_serve(struct edge *e, uint32_t slot, uint32_t slot_gen);

/* upstream_tick - upstream_serve for all servers; a few times a second */
void upstream_tick(struct edge *e);

/* upstream_expired - it has been idle for as long as its pool allows */
void upstream_expired(struct edge *e, struct upstream *u);

/* upstream_on_event - the loop's handler */
void upstream_on_event(void *owner, struct loop_source *source, uint32_t events);

#endif
