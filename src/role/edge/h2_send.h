/* What goes out on a stream: text that other modules send, as frames. */
#ifndef ROLE_EDGE_H2_SEND_H
#define ROLE_EDGE_H2_SEND_H

#include "role/edge/h2.h"

/* h2_send_room - as conn_room: what flow control and the connection allow */
size_t h2_send_room(struct h2_stream *s);

/* As conn_send and conn_send_last, conn_flush, conn_end. */
enum err h2_send(struct edge *e, struct conn *k, struct view v);
enum err h2_send_flush(struct edge *e, struct conn *k);
void h2_send_end(struct edge *e, struct conn *k);

/* h2_send_write - the library has said how much content goes into the frame behind to: n bytes */
void h2_send_write(struct h2_stream *s, size_t n, struct buffer *to);

#endif
