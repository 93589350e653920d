/* Filters on the way of requests and answers. */
#include "role/edge/filter.h"

#include "role/edge/conn.h"

bool filter_allows(const struct exchange *x, const struct image_filter *f)
{
	const struct image *im = &x->g->image;

	for (uint32_t i = 0; i < f->access.n; i++) {
		const struct image_access *a = image_access_at(im, f->access.first + i);
		bool has = false;

		for (uint32_t k = 0; k < a->networks.n && !has; k++)
			has = ip_net_has(image_network_at(im, a->networks.first + k), &x->c->ip);
		if (has != a->is_allow)
			return false;
	}
	return true;
}

static uint8_t filter_fold(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint8_t)(c | 0x20);
	return c == '_' ? '-' : c;
}

static bool filter_name_is(struct view name, struct view folded)
{
	if (name.n != folded.n)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (filter_fold(name.p[i]) != folded.p[i])
			return false;
	return true;
}

bool filter_drops_name(const struct image *im, struct image_range drops, struct view name)
{
	for (uint32_t i = 0; i < drops.n; i++)
		if (filter_name_is(name, image_view(im, *image_drop_at(im, drops.first + i))))
			return true;
	return false;
}

void filter_drop(const struct image *im, struct image_range drops, struct view head,
		 const struct http1_head *h)
{
	if (drops.n == 0)
		return;
	for (size_t i = 0; i < h->field_n; i++)
		if (filter_drops_name(im, drops, field_name_view(head, &h->fields[i])))
			h->fields[i].id = FIELD_TAKEN_OUT;
}

static struct view filter_span(const struct exchange *x, struct span16 at)
{
	return view_of(x->head->p + at.at, at.n);
}

/* A canonical authority without its port. */
static struct view filter_host(struct view authority)
{
	size_t end = view_find(authority, ':');

	if (view_starts(authority, VIEW("[")))
		end = view_find(authority, ']') + 1;
	return view_slice(authority, 0, end);
}

struct expand_facts filter_facts(const struct exchange *x)
{
	const struct image_filter *f = filter_of(x);
	struct view path = filter_span(x, x->path_at);

	return (struct expand_facts){
		.source = &x->c->ip,
		.host = filter_host(filter_span(x, x->host_at)),
		.path = path,
		.query = x->query_n ? view_of(path.p + path.n + 1, x->query_n) : (struct view){ 0 },
		.request_id = view_of(x->request_id, sizeof x->request_id),
		.scheme = conn_tls(&x->c->conn) ? VIEW("https") : VIEW("http"),
		.prefix_n = f ? f->prefix_n : 0,
	};
}

void filter_put_lines(struct wbuf *w, const struct exchange *x, struct image_range lines)
{
	struct expand_facts facts = { 0 };

	if (lines.n == 0)
		return;
	facts = filter_facts(x);
	expand_put(w, &x->g->image, lines, &facts);
}
