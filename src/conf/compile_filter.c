/*
 * Filters to what the edge does with one pass over a head: which fields go, and one text of lines
 * and placeholders that comes behind the rest. The order in which changes were written is resolved
 * here: a later set or remove undoes what came before it for its name.
 */
#include "conf/compile.h"
#include "conf/placeholder.h"
#include "conf/region.h"
#include "proto/field.h"

/* One field line that will be written, unless a later filter undoes it. */
struct compile_filter_line {
	struct view folded, name, value;
	bool is_undone;
};

/* The changes of one direction, in their order. */
struct compile_filter_side {
	struct compile_filter_line *lines;
	uint32_t line_n;
	struct view *drops;
	uint32_t drop_n;
};

/* Lower case, '_' as '-': what programs behind us may read as the same name (THREATS A5). */
static struct view compile_filter_fold(struct compile *c, struct view name)
{
	struct wbuf w = wbuf_of(region_alloc(c->check->region, name.n + 1, 1, 1), name.n);

	name = check_lower(c->check, name);
	for (size_t i = 0; i < name.n; i++)
		wbuf_u8(&w, name.p[i] == '_' ? '-' : name.p[i]);
	return wbuf_view(&w);
}

static void compile_filter_drop(struct compile *c, struct compile_filter_side *s, struct view name)
{
	struct view folded = compile_filter_fold(c, name);

	for (uint32_t i = 0; i < s->line_n; i++)
		s->lines[i].is_undone |= view_eq(s->lines[i].folded, folded);
	for (uint32_t i = 0; i < s->drop_n; i++)
		if (view_eq(s->drops[i], folded))
			return;
	s->drops[s->drop_n++] = folded;
}

static void compile_filter_add(struct compile *c, struct compile_filter_side *s,
			       const struct model_pair *p)
{
	s->lines[s->line_n++] = (struct compile_filter_line){
		.folded = compile_filter_fold(c, p->name), .name = p->name, .value = p->value
	};
}

static void compile_filter_changes(struct compile *c, struct compile_filter_side *s,
				   struct model_pairs set, struct model_pairs add,
				   struct model_texts remove)
{
	for (uint32_t i = 0; i < set.n; i++) {
		compile_filter_drop(c, s, set.p[i].name);
		compile_filter_add(c, s, &set.p[i]);
	}
	for (uint32_t i = 0; i < add.n; i++)
		compile_filter_add(c, s, &add.p[i]);
	for (uint32_t i = 0; i < remove.n; i++)
		compile_filter_drop(c, s, remove.p[i].text);
}

/* What servers say about other origins: the filter says it in their place. */
static const struct view compile_filter_cors_names[] = {
	VIEW_INIT("access-control-allow-origin"),   VIEW_INIT("access-control-allow-credentials"),
	VIEW_INIT("access-control-allow-methods"),  VIEW_INIT("access-control-allow-headers"),
	VIEW_INIT("access-control-expose-headers"), VIEW_INIT("access-control-max-age"),
};

enum { COMPILE_FILTER_CORS = 6 };

static void compile_filter_cors(struct compile *c, struct compile_filter_side *s)
{
	for (size_t i = 0; i < COMPILE_FILTER_CORS; i++)
		compile_filter_drop(c, s, compile_filter_cors_names[i]);
}

static uint32_t compile_filter_most(struct model_list list)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < list.n; i++) {
		const struct model_filter *f = MODEL_AT(struct model_filter, list, i);

		n += (f->cors.at ? COMPILE_FILTER_CORS : 0) + f->set_request_headers.n +
		     f->add_request_headers.n + f->remove_request_headers.n +
		     f->set_response_headers.n + f->add_response_headers.n +
		     f->remove_response_headers.n;
	}
	return n;
}

static void compile_filter_sides(struct compile *c, struct model_list list,
				 struct compile_filter_side sides[2])
{
	for (uint32_t i = 0; i < list.n; i++) {
		const struct model_filter *f = MODEL_AT(struct model_filter, list, i);

		if (f->cors.at)
			compile_filter_cors(c, &sides[1]);
		compile_filter_changes(c, &sides[0], f->set_request_headers, f->add_request_headers,
				       f->remove_request_headers);
		compile_filter_changes(c, &sides[1], f->set_response_headers,
				       f->add_response_headers, f->remove_response_headers);
	}
}

/* ---- texts with placeholders ---- */

/* Text that has been written and not yet become a segment. */
static void compile_filter_flush(struct compile *c, struct wbuf *w)
{
	struct image_segment *s = NULL;

	INVARIANT(!w->bad);
	if (w->n == 0)
		return;
	s = build_new(&c->build, IMAGE_SEGMENT);
	s->kind = IMAGE_SEGMENT_TEXT;
	s->text = compile_text(c, region_copy(c->check->region, wbuf_view(w)));
	w->n = 0;
}

static void compile_filter_put(struct compile *c, struct wbuf *w, struct view value)
{
	struct placeholder p = { 0 };

	while (placeholder_next(&value, &p)) {
		if (p.kind == IMAGE_SEGMENT_TEXT) {
			wbuf_view_put(w, p.text);
			continue;
		}
		compile_filter_flush(c, w);
		((struct image_segment *)build_new(&c->build, IMAGE_SEGMENT))->kind = p.kind;
	}
}

struct image_range compile_filter_template(struct compile *c, struct view text)
{
	struct image_range r = { .first = build_n(&c->build, IMAGE_SEGMENT) };
	struct wbuf w = wbuf_of(region_alloc(c->check->region, text.n + 1, 1, 1), text.n);

	compile_filter_put(c, &w, text);
	compile_filter_flush(c, &w);
	r.n = build_n(&c->build, IMAGE_SEGMENT) - r.first;
	return r;
}

/* What our own error pages say themselves, whatever filters say: role/edge/local.c. */
static bool compile_filter_is_page_field(struct view folded)
{
	static const struct view own[] = { VIEW_INIT("cache-control"),
					   VIEW_INIT("content-type"),
					   VIEW_INIT("content-security-policy"),
					   VIEW_INIT("referrer-policy"),
					   VIEW_INIT("x-content-type-options"),
					   VIEW_INIT("x-request-id"),
					   VIEW_INIT("retry-after") };

	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		if (view_eq(folded, own[i]))
			return true;
	return false;
}

static struct image_range compile_filter_lines(struct compile *c,
					       const struct compile_filter_side *s, bool is_page)
{
	struct image_range r = { .first = build_n(&c->build, IMAGE_SEGMENT) };
	struct wbuf w = { 0 };
	size_t cap = 0;

	for (uint32_t i = 0; i < s->line_n; i++)
		cap += s->lines[i].name.n + s->lines[i].value.n + 4;
	w = wbuf_of(region_alloc(c->check->region, cap + 1, 1, 1), cap);
	for (uint32_t i = 0; i < s->line_n; i++) {
		const struct compile_filter_line *l = &s->lines[i];

		if (l->is_undone || (is_page && compile_filter_is_page_field(l->folded)))
			continue;
		wbuf_view_put(&w, l->name);
		WBUF_LIT(&w, ": ");
		compile_filter_put(c, &w, l->value);
		WBUF_LIT(&w, "\r\n");
	}
	compile_filter_flush(c, &w);
	r.n = build_n(&c->build, IMAGE_SEGMENT) - r.first;
	return r;
}

static struct image_range compile_filter_drops(struct compile *c,
					       const struct compile_filter_side *s)
{
	struct image_range r = { .first = build_n(&c->build, IMAGE_DROP), .n = s->drop_n };
	struct image_str *at = build_many(&c->build, IMAGE_DROP, s->drop_n);

	for (uint32_t i = 0; i < s->drop_n; i++)
		at[i] = compile_text(c, s->drops[i]);
	return r;
}

static bool compile_filter_touches(const struct compile_filter_side *s, struct view folded)
{
	bool does = false;

	for (uint32_t i = 0; i < s->drop_n; i++)
		does |= view_eq(s->drops[i], folded);
	for (uint32_t i = 0; i < s->line_n; i++)
		does |= !s->lines[i].is_undone && view_eq(s->lines[i].folded, folded);
	return does;
}

static bool compile_filter_drops_name(const struct compile_filter_side *s, struct view folded)
{
	for (uint32_t i = 0; i < s->drop_n; i++)
		if (view_eq(s->drops[i], folded))
			return true;
	return false;
}

static void compile_filter_fields(struct compile *c, const struct model_route *route,
				  const struct model_rule *rule, struct image_filter *to)
{
	uint32_t most = compile_filter_most(route->filters) + compile_filter_most(rule->filters);
	struct compile_filter_side sides[2] = { 0 };

	for (size_t i = 0; i < 2; i++) {
		sides[i].lines = REGION_NEW(c->check->region, struct compile_filter_line, most + 1);
		sides[i].drops = REGION_NEW(c->check->region, struct view, most + 1);
	}
	compile_filter_sides(c, route->filters, sides);
	compile_filter_sides(c, rule->filters, sides);
	to->request_drops = compile_filter_drops(c, &sides[0]);
	to->request_lines = compile_filter_lines(c, &sides[0], false);
	to->answer_drops = compile_filter_drops(c, &sides[1]);
	to->answer_lines = compile_filter_lines(c, &sides[1], false);
	to->page_lines = compile_filter_lines(c, &sides[1], true);
	if (compile_filter_touches(&sides[1], VIEW("strict-transport-security")))
		to->flags |= IMAGE_FILTER_HSTS;
	if (compile_filter_drops_name(&sides[0], VIEW("user-agent")))
		to->flags |= IMAGE_FILTER_AGENT;
}

/* ---- where it goes, and who may ---- */

static struct image_range compile_filter_segments(struct compile *c, struct view text,
						  uint32_t behind)
{
	struct image_range r = { .first = build_n(&c->build, IMAGE_SEGMENT) };
	struct image_segment *s = NULL;

	if (text.n) {
		s = build_new(&c->build, IMAGE_SEGMENT);
		s->kind = IMAGE_SEGMENT_TEXT;
		s->text = compile_text(c, text);
	}
	if (behind) {
		s = build_new(&c->build, IMAGE_SEGMENT);
		s->kind = behind;
	}
	r.n = build_n(&c->build, IMAGE_SEGMENT) - r.first;
	return r;
}

static void compile_filter_rewrite(struct compile *c, const struct model_filter *f,
				   struct image_filter *to)
{
	struct view prefix = f->rewrite_path_prefix;

	if (f->rewrite_path.n)
		to->path = compile_filter_segments(c, f->rewrite_path, 0);
	if (f->rewrite_host.n)
		to->host = compile_text(c, f->rewrite_host);
	if (prefix.n == 0)
		return;
	if (view_ends(prefix, VIEW("/")))
		prefix.n--;
	to->path = compile_filter_segments(
		c, prefix, prefix.n ? IMAGE_SEGMENT_PATH_REST : IMAGE_SEGMENT_PATH_REST_ROOT);
}

static void compile_filter_access(struct compile *c, struct model_networks list, bool is_allow)
{
	struct image_range networks = { 0 };
	struct image_access *to = NULL;

	if (list.n == 0)
		return;
	networks = compile_networks(c, list);
	to = build_new(&c->build, IMAGE_ACCESS);
	to->networks = networks;
	to->is_allow = is_allow;
}

static void compile_filter_others(struct compile *c, struct model_list list,
				  struct image_filter *to)
{
	for (uint32_t i = 0; i < list.n; i++) {
		const struct model_filter *f = MODEL_AT(struct model_filter, list, i);

		compile_filter_access(c, f->allow_networks, true);
		compile_filter_access(c, f->deny_networks, false);
		compile_filter_rewrite(c, f, to);
		if (f->cors.at)
			to->cors = compile_cors(c, &f->cors);
	}
}

struct image_range compile_filter_rule(struct compile *c, const struct model_route *route,
				       const struct model_rule *rule,
				       struct image_range route_limits)
{
	struct view owner = { 0 };
	struct image_filter to = { .access.first = build_n(&c->build, IMAGE_ACCESS) };
	struct image_range r = { .first = build_n(&c->build, IMAGE_FILTER) };

	if (route->filters.n == 0 && rule->filters.n == 0)
		return (struct image_range){ 0 };
	owner = region_join(c->check->region, route->name, VIEW("/"));
	to.limits[0] = route_limits;
	to.limits[1] = compile_limit_list(c, rule->filters,
					  region_join(c->check->region, owner, rule->name));
	compile_filter_fields(c, route, rule, &to);
	compile_filter_others(c, route->filters, &to);
	compile_filter_others(c, rule->filters, &to);
	to.access.n = build_n(&c->build, IMAGE_ACCESS) - to.access.first;
	*(struct image_filter *)build_new(&c->build, IMAGE_FILTER) = to;
	r.n = 1;
	return r;
}
