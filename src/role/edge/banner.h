/*
 * The banner of level read_only: whoever opens a page of an application sees that nothing can be
 * changed now, and since when. It is put behind the document, where HTML puts it into the body
 * (WHATWG HTML §13.2.6.4.19: what stands behind </html> belongs to the body), so that nothing of
 * the page has to be understood.
 */
#ifndef ROLE_EDGE_BANNER_H
#define ROLE_EDGE_BANNER_H

#include "role/edge/edge.h"

/* banner_ask - x goes on under read_only; a person's navigation gets one with its answer. After
 * compress_ask */
void banner_ask(struct exchange *x, unsigned method);

static inline bool banner_is_due(const struct exchange *x)
{
	return x->level_reader & X_LEVEL_BANNER;
}

/* banner_drops_request - the field would bring an answer that it can't be put behind: coded, a
 * part, or none at all */
bool banner_drops_request(struct view head, const struct field *f);

/* banner_begin - a final answer: a page gets one, any other goes as it is */
void banner_begin(struct edge *e, struct exchange *x, struct view head, const struct http1_head *h);

/* banner_drops - of an answer that gets one: no cache keeps it beyond the level */
bool banner_drops(struct view head, const struct field *f);

/* banner_put_fields - in their place */
void banner_put_fields(struct wbuf *w);

/* banner_put - the text, in the client's language */
void banner_put(struct wbuf *w, const struct edge *e, const struct exchange *x);

#endif
