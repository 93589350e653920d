/* Base64 with padding, RFC 4648 §4. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/wbuf.h"

/* base64_put - appends v encoded: 4 bytes for every 3 begun */
void base64_put(struct wbuf *w, struct view v);

#endif
