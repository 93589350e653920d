/* Access records and events, into this edge's audit ring. */
#ifndef ROLE_EDGE_RECORD_H
#define ROLE_EDGE_RECORD_H

#include "role/edge/edge.h"

/* record_why - why x is answered here; for its record */
void record_why(struct exchange *x, const char *why);

/* record_access - one request is over: counters, and the record when log.access is on */
void record_access(struct edge *e, struct exchange *x);

/* record_tunnel_end - a tunnel is over: how long it lived and what it moved */
void record_tunnel_end(struct edge *e, struct exchange *x);

/* record_event - what this edge has to say about itself. E_AGAIN the ring is full */
enum err record_event(struct edge *e, struct view action, struct view object, struct view result);

#endif
