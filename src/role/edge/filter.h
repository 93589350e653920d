/*
 * Filters of the rule that took a request. What they come to was worked out by the config role:
 * here fields are marked, text is copied, and addresses are compared. A rule without filters costs
 * one branch.
 */
#ifndef ROLE_EDGE_FILTER_H
#define ROLE_EDGE_FILTER_H

#include "role/edge/edge.h"
#include "route/expand.h"

/* filter_of - what x's rule does; NULL: nothing, or no rule took it */
static inline const struct image_filter *filter_of(const struct exchange *x)
{
	return x->rule && x->rule->filter.n ? image_filter_at(&x->g->image, x->rule->filter.first)
					    : NULL;
}

/* What a filter may look at before a request's own head is built; all borrowed. */
struct filter_request {
	struct view head;
	const struct http1_head *h;
	struct view host, path; /* canonical */
};

/* Why a request goes no further; status 0: it may go on. */
struct filter_verdict {
	uint16_t status; /* 204: a preflight request, to be answered by local_preflight */
	const char *why;
};

/*
 * filter_judge - networks, then rate limits, then concurrency limits: the route's before the rule's
 * What a request used up of limits before the one that refuses it stays used up. x is counted in
 * its concurrency limits until it ends.
 */
struct filter_verdict filter_judge(struct edge *e, struct exchange *x, const struct image_filter *f,
				   const struct filter_request *q);

/*
 * filter_drop - marks the fields of a parsed head that are taken out as FIELD_TAKEN_OUT, which ends
 * at this hop
 *   drops   names in lower case, '_' as '-'; matched likewise (THREATS A5)
 */
void filter_drop(const struct image *im, struct image_range drops, struct view head,
		 const struct http1_head *h);

/* filter_facts - what placeholders stand for, once x's own head has been built */
struct expand_facts filter_facts(const struct exchange *x);

/* filter_put_answer - what an answer is given: header fields, and what scripts of other origins
 * may do
 *   is_page   one of our own error pages, which keeps fields of its own
 */
void filter_put_answer(struct wbuf *w, const struct exchange *x, const struct image_filter *f,
		       bool is_page);

/* filter_put_preflight - the answer to a preflight request, its fields alone (Fetch,
 * "CORS-preflight fetch") */
void filter_put_preflight(struct wbuf *w, const struct exchange *x, const struct image_filter *f);

/* filter_keep_origin - appends behind x's head what a cross-origin request said, for its answer */
void filter_keep_origin(struct wbuf *w, struct exchange *x, const struct image_filter *f,
			const struct filter_request *q);

/* filter_drops_name - is this field one of those that are taken out? */
bool filter_drops_name(const struct image *im, struct image_range drops, struct view name);

#endif
