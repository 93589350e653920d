/*
 * An HTTP/1.1 head, parsed by http1, as the fields of an HTTP/2 message (RFC 9113 §8): names in
 * lower case, pseudo-fields first, nothing of the connection. The head is one that Sluis built.
 */
#ifndef PROTO_H2_FIELDS_H
#define PROTO_H2_FIELDS_H

#include "base/wbuf.h"
#include "proto/http1.h"

struct h2_field {
	struct view name, value; /* borrowed from the head or the scratch */
};

/* Fields being collected. */
struct h2_fields {
	struct h2_field *p; /* borrows: room for cap */
	size_t n, cap;
	struct wbuf scratch; /* where names in lower case are written */
	bool bad;	     /* something did not fit */
};

/*
 * h2_fields_request - a request's head
 *   is_tls   the connection to the server is
 * With HTTP1_WEBSOCKET an extended CONNECT (RFC 8441 §4). E_LIMIT: no room
 */
enum err h2_fields_request(struct h2_fields *f, struct view head, const struct http1_head *h,
			   bool is_tls);

/* h2_fields_response - a response's head; is_extended: a 101 answers an extended CONNECT: 200.
 * E_LIMIT */
enum err h2_fields_response(struct h2_fields *f, struct view head, const struct http1_head *h,
			    bool is_extended);

/* h2_fields_trailers - trailer lines, each with its CRLF. E_PROTO, E_LIMIT */
enum err h2_fields_trailers(struct h2_fields *f, struct view lines);

#endif
