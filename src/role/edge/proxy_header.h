/* PROXY headers: those that balancers in front of us send, and those that servers are sent. */
#ifndef ROLE_EDGE_PROXY_HEADER_H
#define ROLE_EDGE_PROXY_HEADER_H

#include "role/edge/edge.h"

/* proxy_header_is_due - a connection from ip to listener l must begin with one (THREATS A6: from
 * nobody else is one taken) */
bool proxy_header_is_due(const struct edge *e, const struct image_listener *l, const struct ip *ip);

/*
 * proxy_header_take - c's header, which is taken out of its socket; c is whom it names from then on
 * E_AGAIN it is not complete · E_PROTO not one · E_CLOSED
 */
enum err proxy_header_take(struct edge *e, struct client *c);

/* proxy_header_refuse - counts and tells that c's header was no good; why: E_AGAIN it was late */
void proxy_header_refuse(struct edge *e, const struct client *c, enum err why);

/* proxy_header_send - x's new connection begins with the header for its client, and is that
 * client's alone from then on. Errors: as conn_send */
enum err proxy_header_send(struct edge *e, struct exchange *x);

#endif
