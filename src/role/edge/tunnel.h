/* After 101: bytes in both directions until one side ends (RFC 9110 §7.8; RFC 6455). */
#ifndef ROLE_EDGE_TUNNEL_H
#define ROLE_EDGE_TUNNEL_H

#include "role/edge/edge.h"

/* tunnel_start - the server's 101 goes to the client; both connections are one from now on. rest:
 * bytes behind the head */
enum err tunnel_start(struct edge *e, struct exchange *x, struct view head,
		      const struct http1_head *h, struct view *rest);

/* tunnel_begin - x's two connections are one from now on, under its listener's limits; x lets go of
 * its generation */
void tunnel_begin(struct edge *e, struct exchange *x);

/* tunnel_run - moves whatever can be moved; closes both when it is over */
void tunnel_run(struct edge *e, struct client *c);

#endif
