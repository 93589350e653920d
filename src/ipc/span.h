/*
 * A span on its way from an edge to the exporter: what one request (server), or one try on a server
 * (client), was. The exporter treats it as hostile.
 */
#ifndef IPC_SPAN_H
#define IPC_SPAN_H

#include "base/wbuf.h"

enum span_kind { SPAN_SERVER = 2, SPAN_CLIENT = 3 }; /* as OTLP numbers them */

enum { SPAN_TRACE = 32, SPAN_ID = 16, SPAN_BYTES_MAX = 3072 };

struct span {
	uint8_t kind;				  /* enum span_kind */
	uint8_t resends;			  /* client: tries before this one */
	uint16_t status;			  /* of HTTP; 0: no answer */
	uint16_t port;				  /* of the server that was spoken to; 0: none */
	uint64_t start_ns, end_ns;		  /* since 1970 */
	struct view trace_id, id;		  /* hexadecimal */
	struct view parent_id;			  /* the same, or empty: it began here */
	struct view method, scheme, host, path;	  /* of the request; no query (DEFAULTS 8.15.02) */
	struct view pattern;			  /* path of the rule that took it */
	struct view peer;			  /* address of the client, or of the server */
	struct view listener, rule, pool, server; /* names; may be empty */
	struct view error;			  /* a word; empty: none */
	struct view version;			  /* of HTTP: "1.0", "1.1", "2" */
};

/* span_put - at most SPAN_BYTES_MAX bytes: texts are cut. w too small: w->bad */
void span_put(struct wbuf *w, const struct span *s);

/* span_next - consumes one; texts are borrowed. E_SHORT, E_PROTO: malformed */
enum err span_next(struct view *rest, struct span *ret);

#endif
