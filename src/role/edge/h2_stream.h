/* Streams as connections: what conn.c does for a socket. What goes out on them: h2_send.h. */
#ifndef ROLE_EDGE_H2_STREAM_H
#define ROLE_EDGE_H2_STREAM_H

#include "role/edge/h2.h"

/* h2_stream_new - a stream of n without a connection yet; NULL: no slot */
struct h2_stream *h2_stream_new(struct h2_session *n, int32_t id);

/* h2_stream_attach - k, which has no socket, is its connection */
void h2_stream_attach(struct edge *e, struct h2_stream *s, struct conn *k, enum source_kind kind);

/* h2_stream_drop - of one without a connection */
void h2_stream_drop(struct h2_stream *s);

/* As conn_fill, conn_close; the others are in h2_send.h. */
enum err h2_stream_fill(struct edge *e, struct conn *k, struct view *ret);
void h2_stream_close(struct edge *e, struct conn *k, bool want_reset);

/* What the session's callbacks tell. */
enum err h2_stream_on_head(struct h2_stream *s, const struct h2_message *m, struct view text,
			   struct buffer **taken);
enum err h2_stream_on_trailers(struct h2_stream *s, struct view text, struct buffer **taken);
enum err h2_stream_on_content(struct h2_stream *s, struct view data);
enum err h2_stream_on_end(struct h2_stream *s);
void h2_stream_on_close(struct h2_stream *s, uint32_t error);

/* h2_stream_reset - RST_STREAM with this code */
void h2_stream_reset(struct h2_stream *s, uint32_t error);

/* h2_stream_is_ready - it is to be run */
void h2_stream_is_ready(struct h2_stream *s);

/* h2_stream_was_refused - k is a stream that the server did not look at: what was sent may be sent
 * again (RFC 9113 §8.7) */
bool h2_stream_was_refused(const struct conn *k);

/* h2_stream_was_stale - k is a stream, not its connection's first, and the connection has ended:
 * it may have been ending already */
bool h2_stream_was_stale(const struct conn *k);

/* h2_stream_run_later - the same in the next turn */
void h2_stream_run_later(struct edge *e, struct h2_stream *s);

/* h2_stream_run - its client, or the client that waits for its answer */
void h2_stream_run(struct edge *e, struct h2_stream *s);

#endif
