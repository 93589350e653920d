/* Traces: W3C Trace Context on the way in and out, spans to the exporter. */
#ifndef ROLE_EDGE_TRACE_H
#define ROLE_EDGE_TRACE_H

#include "role/edge/edge.h"

/* trace_begin - decides whether x is traced, and under which trace
 *   parent  the traceparent of a trusted sender; empty: none */
void trace_begin(struct edge *e, struct exchange *x, struct view parent);

/* trace_put - the traceparent field's value for servers: 55 bytes, of which trace_try may rewrite
 * some */
void trace_put(struct edge *e, struct exchange *x, struct wbuf *w);

/* trace_try, trace_try_end - a server is asked; that try is over (error: a word, NULL when it went
 * well) */
void trace_try(struct edge *e, struct exchange *x);
void trace_try_end(struct edge *e, struct exchange *x, const char *error);

/* trace_end - x is over, or has become a tunnel */
void trace_end(struct edge *e, struct exchange *x);

/* trace_set_channel - takes the way to the exporter, in place of an earlier one */
void trace_set_channel(struct edge *e, int fd);

/* trace_tick - spans that wait go */
void trace_tick(struct edge *e);

#endif
