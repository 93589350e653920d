/*
 * Levels of isolation where clients are served (promise P8): looked at before each request, with
 * one load when none holds; what runs is looked at again when they change.
 */
#ifndef ROLE_EDGE_LEVEL_H
#define ROLE_EDGE_LEVEL_H

#include "role/edge/edge.h"

/* What a head says to a level, and to the answer of one that refuses. */
struct level_request {
	struct view head;	    /* positions in h are of this */
	const struct http1_head *h; /* NULL: no request, a stream */
	struct view path;	    /* canonical */
};

/* Why a request goes no further; status 0: it may. */
struct level_refusal {
	uint16_t status;
	const char *why; /* a fixed text, for the log */
};

/* level_admit - x, whose rule is known, and what of it is looked at again when levels change */
struct level_refusal level_admit(struct edge *e, struct exchange *x, const struct level_request *q);

/* level_refuse - x, which a level holds back (x->level_by): its client is told which, since when,
 * and where to look for news. Ends x */
void level_refuse(struct edge *e, struct exchange *x);

/* level_put_where - since when level holds for x, and where there is news: HTML, in its client's
 * language; nothing when neither is known */
void level_put_where(struct wbuf *w, const struct edge *e, const struct exchange *x,
		     enum level level);

/* level_of_app - the levels that hold now for x's client at an application; 0: none */
uint16_t level_of_app(struct edge *e, const struct exchange *x);

/* level_refresh - what is published is taken, when it or the configuration is new */
void level_refresh(struct edge *e);

/* level_tick - levels that came since the last one cut what they no longer allow */
void level_tick(struct edge *e);

#endif
