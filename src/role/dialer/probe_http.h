/*
 * One health check's HTTP: the request, and the judgement of the answer. Pure.
 *
 * The status decides; with expect_body the text must also occur in the first 64 KB of the body. It
 * is looked for with the bytes as they come (Knuth, Morris, Pratt 1977), so nothing is kept.
 */
#ifndef ROLE_DIALER_PROBE_HTTP_H
#define ROLE_DIALER_PROBE_HTTP_H

#include "base/wbuf.h"
#include "conf/image.h"
#include "ipc/pages.h"
#include "proto/chunked.h"
#include "proto/http1.h"

enum {
	PROBE_HTTP_BODY_MAX = 65536,
	PROBE_HTTP_HEAD_MAX = 16384,
	PROBE_HTTP_FIELDS = 128,
	PROBE_HTTP_NEEDLE_MAX = 65535,
	PROBE_HTTP_INTERIM_MAX = 8 /* 1xx answers before the one that counts */
};

struct probe_http {
	struct view needle;	/* expect_body; keeps */
	const uint16_t *border; /* keeps: from probe_http_borders; needle.n of them */
	const struct image_status_range *range; /* keeps */
	size_t range_n;
	uint64_t body_left; /* BODY_LENGTH */
	size_t progress;    /* of the head's parser */
	struct chunked chunked;
	uint32_t body_seen;
	uint16_t status; /* 0: no answer yet */
	uint16_t matched;
	uint8_t body;	/* enum http_body */
	uint8_t method; /* enum http_method */
	uint8_t interim;
};

/* probe_http_borders - the search table for needle; ret has needle.n elements */
void probe_http_borders(struct view needle, uint16_t *ret);

/* probe_http_begin - the state before the first byte; p's needle and border stay as the caller set
 * them */
void probe_http_begin(struct probe_http *p, const struct image *im, const struct image_pool *pool);

/* probe_http_request - what is sent. w too small: w->bad */
void probe_http_request(struct wbuf *w, const struct image *im, const struct image_server *s);

/* probe_http_method, probe_http_host - parts of it, which are the same in HTTP/2 */
struct view probe_http_method(const struct image *im, const struct image_pool *pool);
void probe_http_host(struct wbuf *w, const struct image *im, const struct image_server *s,
		     const struct image_pool *pool);

/* probe_http_is_expected - p's status is one that means healthy */
bool probe_http_is_expected(const struct probe_http *p);

/* probe_http_content - a piece of the body has come; with a needle. PAGE_CHECK_NONE more is needed
 */
enum page_check probe_http_content(struct probe_http *p, struct view piece);

/*
 * probe_http_feed - looks at what has come so far
 *   in        in-out: the unread bytes, consumed as far as they were understood
 *   is_end    nothing more will come
 * PAGE_CHECK_NONE more is needed · else the verdict
 */
enum page_check probe_http_feed(struct probe_http *p, struct view *in, bool is_end);

#endif
