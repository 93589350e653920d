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

/* answer_is_whole - all of x's answer has been given to its client's connection */
bool answer_is_whole(const struct exchange *x);

/* answer_more - content, as it came from a server, on its way to the client; in: in-out. Errors are
 * those of body_next and conn_send */
enum err answer_more(struct edge *e, struct exchange *x, struct view *in);

/* answer_stored - a whole head, and what there is of its body, that did not come from a server now.
 * E_PROTO, and the errors of answer_more */
enum err answer_stored(struct edge *e, struct exchange *x, struct view in);

/* answer_take_out - fields of a server's answer that x's client is not to see are marked
 * (FIELD_TAKEN_OUT): what a filter drops, what only the gate may say */
void answer_take_out(struct edge *e, const struct exchange *x, struct view head,
		     const struct http1_head *h);

/* answer_count - a server has answered: counters, and what the dialer is told */
void answer_count(struct edge *e, struct exchange *x);

/* answer_put_security - header fields that every answer of an https listener carries (RFC 6797;
 * DEFAULTS 5b) */
void answer_put_security(struct wbuf *w, const struct exchange *x);

/* answer_put_date - the Date line, for answers that come without one (RFC 9110 §6.6.1) */
void answer_put_date(struct edge *e, struct wbuf *w);

#endif
