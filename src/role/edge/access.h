/* Access records and events, into this edge's audit ring. */
#ifndef ROLE_EDGE_ACCESS_H
#define ROLE_EDGE_ACCESS_H

#include "role/edge/edge.h"

/* access_why - why x is answered here; for its record */
void access_why(struct exchange *x, const char *why);

/* access_path - what logs and traces may have of x's path; borrows x's head */
struct view access_path(const struct exchange *x);

/* access_record - one request is over: counters, and the record when log.access is on */
void access_record(struct edge *e, struct exchange *x);

/* access_note_stream - x, a stream, is about to lose its generation: names for its record are kept
 * in x->head */
void access_note_stream(struct exchange *x);

/* access_tunnel_end - a tunnel is over: how long it lived and what it moved */
void access_tunnel_end(struct edge *e, struct exchange *x);

/* access_flush - what a cell has kept while there was no audit, or it did not listen. True: nothing
 * is left */
bool access_flush(struct edge *e);

/* access_event - what this edge has to say about itself. E_AGAIN the ring is full */
enum err access_event(struct edge *e, struct view action, struct view object, struct view result,
		      struct view detail);

/* access_alarm - x (NULL: not known) has shown something that must not be; the client's address,
 * listener, rule and request are added. Errors as access_event */
enum err access_alarm(struct edge *e, const struct exchange *x, struct view action,
		      struct view detail);

#endif
