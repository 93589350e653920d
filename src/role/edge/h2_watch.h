/*
 * Frames as they come and go: what they cost their sender (docs/http2.md, Budgets), and what the
 * library lets pass though RFC 9113 makes it an error of the connection.
 *
 * Callbacks of the library; owner is the struct h2_session. NGHTTP2_ERR_CALLBACK_FAILURE ends the
 * session with its error.
 */
#ifndef ROLE_EDGE_H2_WATCH_H
#define ROLE_EDGE_H2_WATCH_H

#include "role/edge/h2.h"

/* h2_watch_load - the counters of a client's listener; session of a client */
struct page_load_listener *h2_watch_load(const struct h2_session *n);

/* h2_watch_charge - act is added to the peer's score. NGHTTP2_ERR_CALLBACK_FAILURE: it has gone too
 * far, and the session ends with n->error; else 0 */
int h2_watch_charge(struct h2_session *n, enum page_abuse act);

/* h2_watch_overdoes - one act of the peer that is too much by itself. As h2_watch_charge over the
 * limit */
int h2_watch_overdoes(struct h2_session *n);

/*
 * h2_watch_feed - v has come: nghttp2_session_mem_recv, which says nothing of content that it drops
 * As that function returns; NGHTTP2_ERR_CALLBACK_FAILURE with n->error set: the session ends
 */
ssize_t h2_watch_feed(struct h2_session *n, struct view v);

/* h2_watch_begin, _unknown, _invalid, _sent - the head of a frame has come; a frame of a type that
 * is not used; a frame that the library refuses; a frame has been written */
int h2_watch_begin(nghttp2_session *ng, const nghttp2_frame_hd *hd, void *owner);
int h2_watch_unknown(nghttp2_session *ng, void **payload, const nghttp2_frame_hd *hd, void *owner);
int h2_watch_invalid(nghttp2_session *ng, const nghttp2_frame *frame, int error, void *owner);
int h2_watch_sent(nghttp2_session *ng, const nghttp2_frame *frame, void *owner);

/* h2_watch_close - stream id goes: may frames of it still be under way? */
void h2_watch_close(struct h2_session *n, int32_t id);

#endif
