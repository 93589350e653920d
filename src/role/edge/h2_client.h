/* Clients that speak HTTP/2: their connection, and each of their streams as a client of its own. */
#ifndef ROLE_EDGE_H2_CLIENT_H
#define ROLE_EDGE_H2_CLIENT_H

#include "role/edge/h2.h"

/* h2_client_start - c's connection speaks HTTP/2 from here on. E_NOMEM */
enum err h2_client_start(struct edge *e, struct client *c, const struct image_listener *l);

/* h2_client_open - a stream whose head is complete becomes a client. E_NOMEM */
enum err h2_client_open(struct edge *e, struct h2_session *n, struct h2_stream *s);

/* h2_client_run - what a client's session can do now; it may be closed afterwards */
void h2_client_run(struct edge *e, struct client *c);

/* h2_client_flush - what is to be sent, and the end of the session when it is over */
void h2_client_flush(struct edge *e, struct client *c);

/* h2_client_expired - the deadline of a session has passed */
void h2_client_expired(struct edge *e, struct client *c);

/* h2_client_drain - no new streams; it ends with its last one */
void h2_client_drain(struct edge *e, struct client *c);

/* h2_client_may_begin - c is a stream, whose request may be worked on now; otherwise it waits until
 * another one of its connection has ended */
bool h2_client_may_begin(struct edge *e, struct client *c);

/* h2_client_finish - the answer of one stream is complete */
void h2_client_finish(struct edge *e, struct client *c);

/* h2_client_stream_expired - one whose answer is complete still has some of it to send */
void h2_client_stream_expired(struct edge *e, struct client *c);

#endif
