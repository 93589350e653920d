/* A request's head: what it asks for in canonical form, who takes it, and what servers are sent. */
#ifndef ROLE_EDGE_REQUEST_H
#define ROLE_EDGE_REQUEST_H

#include "role/edge/edge.h"

/*
 * request_begin - decides about one complete head and starts its exchange, or answers it here
 *   head   borrows: the bytes h was parsed from
 *   rest   borrows: what came behind it; kept in the client's connection
 * E_NOMEM: no slot or buffer is free: the client must be closed
 */
enum err request_begin(struct edge *e, struct client *c, struct view head,
		       const struct http1_head *h, struct view rest);

/* request_pass - x's head is built: an answer from the cache, or from one of the backends of its
 * rule. May end x */
void request_pass(struct edge *e, struct exchange *x);

/* request_ask - one of the backends of x's rule is asked. May end x with a local answer */
void request_ask(struct edge *e, struct exchange *x);

/* request_refuse - an answer to what is not a request: status and text from the parser; ends the
 * connection */
void request_refuse(struct edge *e, struct client *c, const struct http1_error *why);

/* request_exchange - a new exchange of c, under the newest generation, with a head buffer and an
 * id; NULL: no room */
struct exchange *request_exchange(struct edge *e, struct client *c);

#endif
