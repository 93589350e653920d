/* The traceparent field: W3C Trace Context §3.2. Pure. */
#ifndef PROTO_TRACEPARENT_H
#define PROTO_TRACEPARENT_H

#include "base/wbuf.h"

enum { TRACEPARENT_TRACE = 32, TRACEPARENT_SPAN = 16, TRACEPARENT_BYTES = 55 };

struct traceparent {
	struct view trace_id, parent_id; /* lower-case hexadecimal; borrowed */
	bool is_sampled;
};

/*
 * traceparent_parse - v is a field's value without blanks around it; hostile
 * E_PROTO: it is to be treated as if it were not there (§3.2.2.2). A version above 00 may have
 * more behind the flags, which is not looked at (§4.4).
 */
enum err traceparent_parse(struct view v, struct traceparent *ret);

/* traceparent_put - 55 bytes in version 00 */
void traceparent_put(struct wbuf *w, const struct traceparent *t);

#endif
