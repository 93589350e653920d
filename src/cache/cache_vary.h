/*
 * Vary (RFC 9111 §4.1): which request fields an answer was chosen by, and their values, in one
 * small block of bytes that is stored with it.
 */
#ifndef CACHE_CACHE_VARY_H
#define CACHE_CACHE_VARY_H

#include "base/wbuf.h"
#include "proto/http1.h"

enum { CACHE_VARY_NAMES = 8 };

/*
 * cache_vary_put - what the answer's Vary fields select by, with the request's values
 *   w         empty; its size is the limit
 * E_DENIED: it can't be stored: "*", too many or too long, or a field that differs in every request
 */
enum err cache_vary_put(struct wbuf *w, struct view answer, const struct http1_head *answer_h,
			struct view request, const struct http1_head *request_h);

/* cache_vary_matches - the request has the values that block says. block comes from cache_vary_put
 */
bool cache_vary_matches(struct view block, struct view request, const struct http1_head *h);

#endif
