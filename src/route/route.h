/*
 * Which rule takes a request: the one decision that edge and `sluis explain` share.
 *
 * Host first (exact, longest wildcard, "*"; no fall-through to a less specific host), then the
 * host's rules in order; the first whose every condition holds wins. Works on the canonical path
 * only.
 */
#ifndef ROUTE_ROUTE_H
#define ROUTE_ROUTE_H

#include "conf/image.h"
#include "proto/http1.h"
#include "proto/uri.h"

/* What a decision may look at; all borrowed. */
struct route_request {
	struct view host; /* canonical, lower case */
	struct uri_target target;
	enum http_method method;
	struct view method_name;
	struct view head; /* the bytes that fields' positions refer to */
	const struct http1_head *fields;
	const struct ip *source;
};

/* The compiled path_regex conditions of one image. */
struct route_regexes;

/*
 * route_regexes_new - compiles every regex of the image; NULL in *ret when it has none (P12)
 * E_PROTO one does not compile (the checker has refused it before) · E_NOMEM. No JIT: memory stays
 * non-executable.
 */
enum err route_regexes_new(const struct image *im, struct route_regexes **ret);
struct route_regexes *route_regexes_free(struct route_regexes *r);

/* Whether a rule takes a request, and if not, the first of its conditions that does not hold. */
enum route_verdict {
	ROUTE_TAKES,
	ROUTE_OTHER_PATH,
	ROUTE_OTHER_METHOD,
	ROUTE_OTHER_FIELD, /* a header or query parameter */
	ROUTE_OTHER_SOURCE
};

/*
 * route_judge - one rule against a request, as route_find does for each rule of the host in turn
 *   rule        index in IMAGE_RULE
 *   ret_field   with ROUTE_OTHER_FIELD: which of the rule's fields, from 0
 */
enum route_verdict route_judge(const struct image *im, uint32_t rule, const struct route_request *q,
			       const struct route_regexes *regexes, uint32_t *ret_field);

/* route_find - the rule, or NULL when none takes it (404). Regexes run with bounded backtracking
 * (THREATS A11). */
const struct image_rule *route_find(const struct image *im, const struct image_listener *l,
				    const struct route_request *q,
				    const struct route_regexes *regexes);

/* route_find_stream - the rule for a connection that is passed on as it is: by name and source
 * alone */
const struct image_rule *route_find_stream(const struct image *im, const struct image_listener *l,
					   struct view name, const struct ip *source);

/* route_split - the pool index of a rule with backends, drawn by weight from r, uniform in [0,
 * weight_total) */
uint32_t route_split(const struct image *im, const struct image_rule *rule, uint32_t r);

#endif
