/* Segments of the image and the facts of one request to bytes; pure. */
#include "route/expand.h"

/* What is left of the path behind the rule's prefix: empty, or it begins with '/'. */
static struct view expand_rest(const struct expand_facts *f)
{
	return view_slice(f->path, f->prefix_n, f->path.n);
}

static void expand_one(struct wbuf *w, const struct image *im, const struct image_segment *s,
		       const struct expand_facts *f)
{
	switch ((enum image_segment_kind)s->kind) {
	case IMAGE_SEGMENT_TEXT:
		wbuf_view_put(w, image_view(im, s->text));
		break;
	case IMAGE_SEGMENT_SOURCE_ADDRESS:
		ip_put(w, f->source);
		break;
	case IMAGE_SEGMENT_HOST:
		wbuf_view_put(w, f->host);
		break;
	case IMAGE_SEGMENT_PATH:
		wbuf_view_put(w, f->path);
		break;
	case IMAGE_SEGMENT_QUERY:
		wbuf_view_put(w, f->query);
		break;
	case IMAGE_SEGMENT_SEARCH:
		if (f->query.n) {
			WBUF_LIT(w, "?");
			wbuf_view_put(w, f->query);
		}
		break;
	case IMAGE_SEGMENT_REQUEST_ID:
		wbuf_view_put(w, f->request_id);
		break;
	case IMAGE_SEGMENT_SCHEME:
		wbuf_view_put(w, f->scheme);
		break;
	case IMAGE_SEGMENT_PATH_REST:
		wbuf_view_put(w, expand_rest(f));
		break;
	case IMAGE_SEGMENT_PATH_REST_ROOT:
		wbuf_view_put(w, expand_rest(f).n ? expand_rest(f) : VIEW("/"));
		break;
	case IMAGE_SEGMENT_KINDS:
		break;
	}
}

void expand_put(struct wbuf *w, const struct image *im, struct image_range segments,
		const struct expand_facts *f)
{
	for (uint32_t i = 0; i < segments.n; i++)
		expand_one(w, im, image_segment_at(im, segments.first + i), f);
}
