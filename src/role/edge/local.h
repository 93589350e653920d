/* Answers made here: error pages, redirects, fixed responses. */
#ifndef ROLE_EDGE_LOCAL_H
#define ROLE_EDGE_LOCAL_H

#include "role/edge/edge.h"

/* local_error - a short accessible page that says the status and the request's id, and nothing the
 * client sent; why is for the log. Ends x */
void local_error(struct edge *e, struct exchange *x, uint16_t status, const char *why);

/* local_rule - what x's rule says: redirect or respond. Ends x */
void local_rule(struct edge *e, struct exchange *x);

/* local_preflight - what scripts of the origin that asks may do here. Ends x */
void local_preflight(struct edge *e, struct exchange *x);

struct gate_answer;

/* local_own - an answer that a cell has made; Date and what every answer carries are added. Ends x
 */
void local_own(struct edge *e, struct exchange *x, const struct gate_answer *own);

/* local_options - to an OPTIONS that may go no further: nothing is known about it here. Ends x */
void local_options(struct edge *e, struct exchange *x);

/* local_to_https - the same host, path and query on the https listener; 400 when there is no host.
 * Ends x */
void local_to_https(struct edge *e, struct exchange *x, struct view host);

#endif
