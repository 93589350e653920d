/*
 * `sluis explain`: the way that one request would take through a configuration, and why. Decided
 * by the functions that the edge uses (proto, image, route), so that both can't differ.
 */
#ifndef TOOL_EXPLAIN_H
#define TOOL_EXPLAIN_H

#include "route/route.h"
#include "tool/snapshot.h"

enum { EXPLAIN_HEADERS_MAX = 100, EXPLAIN_FIELDS_MAX = 1000, EXPLAIN_HEAD_MAX = 65535 };

/* What is asked; all borrowed from the command line. */
struct explain_question {
	const char *url, *method, *source, *listener; /* source, listener: NULL: not given */
	const char *headers[EXPLAIN_HEADERS_MAX];     /* "Name: value" */
	size_t header_n;
};

struct explain_rule {
	uint32_t index;	 /* IMAGE_RULE */
	uint32_t field;	 /* with ROUTE_OTHER_FIELD: which, in IMAGE_FIELD_MATCH */
	uint8_t verdict; /* enum route_verdict */
};

/* How a request is decided, step by step; what was not reached is NULL, 0 or IMAGE_NONE. */
struct explain {
	const struct snapshot *s;
	const struct image *im; /* s->image */
	const struct explain_question *q;
	/* the request */
	bool is_https, is_stream /* a connection, no request */;
	uint16_t port;
	struct ip source;
	struct view scheme, authority, head;
	struct http1_head h;
	struct uri_host host;
	struct uri_target target;
	/* the way */
	const struct image_listener *listener;
	uint32_t listener_n;  /* listeners that the URL could mean; the first one is taken */
	uint32_t certificate; /* index, or IMAGE_NONE */
	bool is_default_certificate;
	const struct image_host *entry;
	struct explain_rule *rules; /* looked at, in order; the last one may take it */
	uint32_t rule_n;
	const struct image_rule *rule;
	uint16_t status; /* answered by Sluis itself; 0: not, or there is no connection */
	const char *why; /* ... why, or why there is no connection; NULL: a rule takes it */
	/* memory for the above */
	struct field fields[EXPLAIN_FIELDS_MAX];
	uint8_t text[EXPLAIN_HEAD_MAX], path[3 * EXPLAIN_HEAD_MAX], name[256];
};

/* explain_find - goes the way of e->q through e->im. E_PROTO the question makes no sense (told) */
enum err explain_find(struct explain *e);

/* explain_stream_split - a URL of a connection: authority and scheme. False: it is none */
bool explain_stream_split(struct explain *e, struct view url);

/* explain_stream_means - may the URL's scheme mean a listener of that protocol? */
bool explain_stream_means(const struct explain *e, const struct image_listener *l);

/* explain_stream - the way of a connection through e->listener */
void explain_stream(struct explain *e);

/* explain_condition - the condition that decided about a rule, in words: "path is not below /api"
 */
void explain_condition(const struct explain *e, const struct explain_rule *r, struct wbuf *w);

/* explain_action - what a rule does with a request: "redirects: 308 to /new" */
void explain_action(const struct explain *e, struct wbuf *w);

/* explain_persistence - what keeps a client at its server */
const char *explain_persistence(const struct image_pool *pool);

/* explain_mirror - the pool that gets copies of the rule's requests; NULL: none */
const struct image_pool *explain_mirror(const struct explain *e);

/* explain_compress, explain_cache - how the rule's answers are delivered; NULL: not so */
const struct image_compress *explain_compress(const struct explain *e);
const struct image_cache *explain_cache(const struct explain *e);

/* explain_codings, explain_level - what compression may use: "zstd, br, gzip"; "balanced" */
void explain_codings(const struct image_compress *c, struct wbuf *w);
const char *explain_level(const struct image_compress *c);

/* explain_host_kind - how the host was found: "exact", "wildcard" or "any host" */
const char *explain_host_kind(const struct explain *e);

/* explain_print_text, explain_print_json - the answer; the exit status */
void explain_print_text(const struct explain *e);
int explain_print_json(const struct explain *e);

int explain_main(int argc, char **argv);

#endif
