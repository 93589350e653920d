/* Filters of the image to words. */
#include "conf/filter_text.h"

#include "conf/placeholder.h"
#include "conf/value.h"

/* Writes the n-th line of one kind; false: there are no more than n. */
typedef bool filter_text_kind(const struct image *im, const struct image_filter *f, uint32_t n,
			      struct wbuf *w);

static bool filter_text_access(const struct image *im, const struct image_filter *f, uint32_t n,
			       struct wbuf *w)
{
	const struct image_access *a = NULL;

	if (n >= f->access.n)
		return false;
	a = image_access_at(im, f->access.first + n);
	wbuf_str(w, a->is_allow ? "allows only the networks" : "denies the networks");
	for (uint32_t i = 0; i < a->networks.n && i < 8; i++) {
		const struct ip_net *net = image_network_at(im, a->networks.first + i);
		unsigned v4 = ip_is_v4(&net->ip) && net->bits >= 96 ? 96 : 0;

		wbuf_str(w, i ? ", " : " ");
		ip_put(w, &net->ip);
		WBUF_LIT(w, "/");
		wbuf_dec(w, net->bits - v4);
	}
	if (a->networks.n > 8)
		WBUF_LIT(w, ", ...");
	return true;
}

static void filter_text_key(const struct image *im, const struct image_limit *l, struct wbuf *w)
{
	static const char *const words[IMAGE_BY_N] = {
		[IMAGE_BY_SOURCE_ADDRESS] = "source address",
		[IMAGE_BY_HEADER] = "header ",
		[IMAGE_BY_COOKIE] = "cookie ",
		[IMAGE_BY_PATH] = "path",
		[IMAGE_BY_HOST] = "host",
		[IMAGE_BY_ROUTE] = "nothing: all together",
	};

	WBUF_LIT(w, ", by ");
	wbuf_str(w, words[l->key_kind]);
	wbuf_view_put(w, image_view(im, l->key));
}

static bool filter_text_limit(const struct image *im, const struct image_filter *f, uint32_t n,
			      struct wbuf *w)
{
	bool is_route = n < f->limits[0].n;
	const struct image_limit *l = NULL;

	if (n >= f->limits[0].n + f->limits[1].n)
		return false;
	l = image_limit_at(im, is_route ? f->limits[0].first + n
					: f->limits[1].first + (n - f->limits[0].n));
	if (l->kind == IMAGE_LIMIT_CONCURRENCY) {
		WBUF_LIT(w, "concurrency limit: ");
		wbuf_dec(w, l->requests);
		WBUF_LIT(w, " under way");
	} else {
		WBUF_LIT(w, "rate limit: ");
		wbuf_dec(w, l->requests);
		WBUF_LIT(w, " per ");
		value_put_duration(w, l->per_ms);
		WBUF_LIT(w, ", at once ");
		wbuf_dec(w, l->burst);
		wbuf_str(w, l->kind == IMAGE_LIMIT_RATE_EXACT ? ", exact" : "");
	}
	filter_text_key(im, l, w);
	wbuf_str(w, is_route ? " (of the route)" : "");
	return true;
}

static bool filter_text_cors(const struct image *im, const struct image_filter *f, uint32_t n,
			     struct wbuf *w)
{
	const struct image_cors *c = NULL;

	if (n >= f->cors.n)
		return false;
	c = image_cors_at(im, f->cors.first + n);
	WBUF_LIT(w, "cors: lets in");
	for (uint32_t i = 0; i < c->origins.n && i < 8; i++) {
		wbuf_str(w, i ? ", " : " ");
		wbuf_view_put(w, image_view(im, *image_origin_at(im, c->origins.first + i)));
	}
	wbuf_str(w, c->origins.n > 8 ? ", ..." : "");
	wbuf_str(w, c->flags & IMAGE_CORS_CREDENTIALS ? " with credentials" : "");
	return true;
}

/* Segments as one would write them; the line ends between fields become commas. */
static void filter_text_segments(const struct image *im, struct image_range r, struct wbuf *w)
{
	for (uint32_t i = 0; i < r.n; i++) {
		const struct image_segment *s = image_segment_at(im, r.first + i);
		struct view v = image_view(im, s->text);

		if (placeholder_word(s->kind)) {
			WBUF_LIT(w, "{");
			wbuf_str(w, placeholder_word(s->kind));
			WBUF_LIT(w, "}");
		}
		if (i + 1 == r.n && view_ends(v, VIEW("\r\n")))
			v.n -= 2;
		for (size_t k = 0; k < v.n; k++) {
			if (v.p[k] == '\r')
				WBUF_LIT(w, "; ");
			else if (v.p[k] != '\n')
				wbuf_u8(w, v.p[k]);
		}
	}
}

static void filter_text_names(const struct image *im, struct image_range r, struct wbuf *w)
{
	for (uint32_t i = 0; i < r.n; i++) {
		wbuf_str(w, i ? ", " : "");
		wbuf_view_put(w, image_view(im, *image_drop_at(im, r.first + i)));
	}
}

static bool filter_text_sent(const struct image *im, const struct image_filter *f, uint32_t n,
			     struct wbuf *w)
{
	if (n == 0 && f->path.n) {
		WBUF_LIT(w, "servers are sent the path ");
		filter_text_segments(im, f->path, w);
		return true;
	}
	if (n != (f->path.n != 0) || f->host.n == 0)
		return false;
	WBUF_LIT(w, "servers are sent the host ");
	wbuf_view_put(w, image_view(im, f->host));
	return true;
}

static bool filter_text_fields(const struct image *im, const struct image_filter *f, uint32_t n,
			       struct wbuf *w)
{
	const struct {
		const char *words;
		struct image_range names, lines;
	} rows[] = {
		{ "takes out of requests: ", f->request_drops, { 0 } },
		{ "gives to requests: ", { 0 }, f->request_lines },
		{ "takes out of answers: ", f->answer_drops, { 0 } },
		{ "gives to answers: ", { 0 }, f->answer_lines },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].names.n + rows[i].lines.n == 0 || n-- > 0)
			continue;
		wbuf_str(w, rows[i].words);
		filter_text_names(im, rows[i].names, w);
		filter_text_segments(im, rows[i].lines, w);
		return true;
	}
	return false;
}

bool filter_text_next(const struct image *im, const struct image_rule *rule, uint32_t *at,
		      struct wbuf *w)
{
	static filter_text_kind *const kinds[] = { filter_text_access, filter_text_limit,
						   filter_text_cors, filter_text_sent,
						   filter_text_fields };
	const struct image_filter *f = NULL;
	uint32_t n = *at & 0xffffff;

	if (rule->filter.n == 0)
		return false;
	f = image_filter_at(im, rule->filter.first);
	for (uint32_t kind = *at >> 24; kind < sizeof kinds / sizeof(filter_text_kind *); kind++) {
		if (kinds[kind](im, f, n, w)) {
			*at = kind << 24 | (n + 1);
			return true;
		}
		n = 0;
	}
	return false;
}
