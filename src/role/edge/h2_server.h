/* Servers that speak HTTP/2: their connections, and each stream as an upstream of its own. */
#ifndef ROLE_EDGE_H2_SERVER_H
#define ROLE_EDGE_H2_SERVER_H

#include "role/edge/h2.h"

/* h2_server_start - x's new connection becomes a session, and x gets its first stream. E_NOMEM */
enum err h2_server_start(struct edge *e, struct exchange *x);

/* h2_server_find - a stream of a session to x's server that has room; NULL: there is none */
struct upstream *h2_server_find(struct edge *e, const struct exchange *x);

/* h2_server_takes - may x be sent now? E_OK · E_AGAIN the server's settings are waited for ·
 * E_DENIED it is a WebSocket, and the server takes none over HTTP/2 (RFC 8441 §3) */
enum err h2_server_takes(const struct exchange *x);

/* h2_server_run - what has come; the connection may be closed afterwards */
void h2_server_run(struct edge *e, struct upstream *u);

/* h2_server_flush - what is to be sent, and the end of the session when it is over */
void h2_server_flush(struct edge *e, struct upstream *u);

/* h2_server_expired - its time without streams is over */
void h2_server_expired(struct edge *e, struct upstream *u);

/* h2_server_leave - no new streams on any session to a server */
void h2_server_leave(struct edge *e, struct server_state *s);

#endif
