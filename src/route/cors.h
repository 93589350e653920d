/*
 * Cross-origin requests (Fetch standard, "CORS protocol"): which origins a rule lets in. Pure.
 */
#ifndef ROUTE_CORS_H
#define ROUTE_CORS_H

#include "conf/image.h"
#include "proto/http1.h"

/* cors_field - the value of a field that stands in the head exactly once; else empty */
struct view cors_field(struct view head, const struct http1_head *h, struct view name);

/*
 * cors_allows - may scripts of this origin read answers?
 *   origin   as the browser sent it (hostile); compared byte by byte: browsers write it in one way
 * A wildcard stands for one label or more in front of the rest; scheme and port are always exact.
 */
bool cors_allows(const struct image *im, const struct image_cors *c, struct view origin);

/* cors_is_preflight - OPTIONS with Origin and Access-Control-Request-Method */
bool cors_is_preflight(struct view head, const struct http1_head *h);

#endif
