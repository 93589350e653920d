/*
 * Connections that are passed on as they are: protocol tcp, and tls_passthrough, where the name
 * that the client asks TLS for chooses the way. The stream takes the path of a request (pool,
 * limits, queue, another try while nothing has been sent) and becomes a tunnel.
 */
#ifndef ROLE_EDGE_PASSTHROUGH_H
#define ROLE_EDGE_PASSTHROUGH_H

#include "role/edge/edge.h"

/*
 * passthrough_run - reads what is needed to choose a server, and asks for it: c may be closed
 * afterwards
 * E_OK asked, or refused · E_AGAIN more must come · anything else: c is to be closed
 */
enum err passthrough_run(struct edge *e, struct client *c, const struct image_listener *l);

/* passthrough_connected - x's server is there */
void passthrough_connected(struct edge *e, struct exchange *x);

/* passthrough_failed - there is none for x, x->why says it; x is gone afterwards
 *   status   what a request would be answered: 400 nonsense, 404 no route, others no server */
void passthrough_failed(struct edge *e, struct exchange *x, uint16_t status);

#endif
