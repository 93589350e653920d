/* A connection that speaks HTTP/2: frames in and out, through libnghttp2. */
#ifndef ROLE_EDGE_H2_SESSION_H
#define ROLE_EDGE_H2_SESSION_H

#include "role/edge/h2.h"

/* h2_session_init - callbacks, options and memory of all sessions, at boot. E_SYS, E_NOMEM */
enum err h2_session_init(struct edge *e);

struct h2_session_spec {
	bool is_server;	      /* our part */
	uint32_t header_size; /* of a head from the peer */
	uint32_t streams;     /* that the peer may open at once; 0 for a client's part */
};

/* h2_session_open - k, whose protocol has been agreed on, becomes the session's. E_NOMEM */
enum err h2_session_open(struct edge *e, struct conn *k, const struct h2_session_spec *spec);

/*
 * h2_session_read - reads what has come and runs the streams that it concerns
 * E_OK or E_AGAIN the session goes on · anything else: it is over, h2_session_flush, then close the
 * connection
 */
enum err h2_session_read(struct edge *e, struct h2_session *n);

/* h2_session_free - all streams are broken and run once more; k->session is NULL after. What came
 * from a server can still be read: the slot is kept until its last stream is gone */
void h2_session_free(struct edge *e, struct conn *k);

/* h2_session_lost_stream - one of its streams has been freed */
void h2_session_lost_stream(struct h2_session *n);

/* h2_session_pump - frames that can be made now go to the out buffer */
void h2_session_pump(struct h2_session *n);

/* h2_session_touch - it is to be flushed at the end of this turn */
void h2_session_touch(struct h2_session *n);

/* h2_session_flush - everything that can go out goes out. E_CLOSED: the session is over */
enum err h2_session_flush(struct edge *e, struct h2_session *n);

/* h2_session_flush_all - those that were touched; once per turn */
void h2_session_flush_all(struct edge *e);

/* h2_session_end - GOAWAY with this error; the connection is closed behind it */
void h2_session_end(struct h2_session *n, uint32_t error);

/* h2_session_drain - GOAWAY in two steps (RFC 9113 §6.8); again until it is over */
void h2_session_drain(struct edge *e, struct h2_session *n);

/* h2_session_leave - GOAWAY at once: it ends with its last stream; found by nobody any more */
void h2_session_leave(struct h2_session *n);

#endif
