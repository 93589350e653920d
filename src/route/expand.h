/*
 * Texts with placeholders, as the image holds them: pieces that are written one behind the other.
 * No interpreter, no second look at what was written (THREATS A11). Whatever a client sent has
 * been through the parsers before: it holds no byte that could end a line.
 */
#ifndef ROUTE_EXPAND_H
#define ROUTE_EXPAND_H

#include "conf/image.h"

/* What placeholders stand for in one request; all borrowed. */
struct expand_facts {
	const struct ip *source;
	struct view host;  /* canonical name, without port */
	struct view path;  /* canonical, as the client asked for it */
	struct view query; /* without '?' */
	struct view request_id;
	struct view scheme; /* "http", "https" */
	size_t prefix_n;    /* bytes of path that the rule's prefix took */
};

/* expand_prefix - bytes of a path that the rule's prefix takes */
static inline size_t expand_prefix(const struct image_rule *r)
{
	return r->path_kind == IMAGE_PATH_PREFIX && r->path.n > 1 ? r->path.n : 0;
}

/* expand_put - appends what the segments come to */
void expand_put(struct wbuf *w, const struct image *im, struct image_range segments,
		const struct expand_facts *f);

#endif
