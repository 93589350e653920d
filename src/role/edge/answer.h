/* The answer's way from the server to the client. */
#ifndef ROLE_EDGE_ANSWER_H
#define ROLE_EDGE_ANSWER_H

#include "role/edge/edge.h"

/* answer_run - moves what the server has sent, as far as the client takes it. True when x has ended
 */
bool answer_run(struct edge *e, struct exchange *x);

/* answer_send - a piece of x's answer to its client; the last one closes what is to be closed.
 * Errors are those of conn_send */
enum err answer_send(struct edge *e, struct exchange *x, struct view v);

/* answer_put_security - header fields that every answer of an https listener carries (RFC 6797;
 * DEFAULTS 5b) */
void answer_put_security(struct wbuf *w, const struct exchange *x);

#endif
