/*
 * One health check over HTTP/2 (RFC 9113): frames are made and read by libnghttp2, the answer is
 * judged as one of HTTP/1.1 is (probe_http), or by what a gRPC service says of itself.
 *
 * The server is hostile (THREATS A18): all that it may send to one check is bounded, and what it
 * makes the library answer too.
 */
#ifndef ROLE_DIALER_PROBE_H2_H
#define ROLE_DIALER_PROBE_H2_H

#include "role/dialer/probe_grpc.h"
#include "role/dialer/probe_http.h"

enum { PROBE_H2_BYTES_MAX = 256 * 1024 /* received */ };

struct nghttp2_session;

/* Zero is valid: HTTP/2 is not spoken. */
struct probe_h2 {
	struct nghttp2_session *ng;
	struct probe_http *http; /* keeps: its status, and the search in the body */
	uint32_t received, fields;
	uint8_t verdict; /* enum page_check; PAGE_CHECK_NONE: not yet */
	bool is_grpc, has_head;
	bool has_grpc_status, is_grpc_ok;
	uint8_t ask_n, ask_at, answer_n;
	uint8_t ask[PROBE_GRPC_ASK_MAX];
	uint8_t answer[PROBE_GRPC_ANSWER_MAX];
};

/*
 * probe_h2_begin - the request of a check of s is ready to be sent
 *   http   keeps; from probe_http_begin
 * E_NOMEM. To be ended by probe_h2_end, also then
 */
enum err probe_h2_begin(struct probe_h2 *p, struct probe_http *http, const struct image *im,
			const struct image_server *s);
void probe_h2_end(struct probe_h2 *p);

/* probe_h2_pull - what is to be sent next goes into w, as far as there is room; nothing: it waits
 * for the server */
void probe_h2_pull(struct probe_h2 *p, struct wbuf *w);

/*
 * probe_h2_feed - what has come, all of it
 *   is_end   nothing more will come
 * PAGE_CHECK_NONE more is needed · else the verdict
 */
enum page_check probe_h2_feed(struct probe_h2 *p, struct view in, bool is_end);

#endif
