/* Routes and their rules. */
#include "conf/compile.h"
#include "conf/region.h"

static struct image_range compile_route_methods(struct compile *c, struct model_texts list)
{
	struct image_range r = { .first = build_n(&c->build, IMAGE_METHOD), .n = list.n };
	struct image_str *at = build_many(&c->build, IMAGE_METHOD, list.n);

	for (uint32_t i = 0; i < list.n; i++)
		at[i] = compile_text(c, list.p[i].text);
	return r;
}

static void compile_route_pairs(struct compile *c, struct model_pairs list,
				enum image_field_kind kind)
{
	for (uint32_t i = 0; i < list.n; i++) {
		struct image_field_match *to = build_new(&c->build, IMAGE_FIELD_MATCH);

		to->name = compile_text(c, list.p[i].name);
		to->value = compile_text(c, list.p[i].value);
		to->kind = kind;
	}
}

/* The backends of a rule: one, or several by weight. */
static void compile_route_split(struct compile *c, const struct model_rule *from,
				struct image_rule *to)
{
	struct image_split *at = NULL;
	uint32_t upto = 0;

	to->backends.first = build_n(&c->build, IMAGE_SPLIT);
	if (from->backend_index != IMAGE_NONE) {
		at = build_new(&c->build, IMAGE_SPLIT);
		at->pool = from->backend_index;
		at->upto = upto = 1;
	}
	for (uint32_t i = 0; i < from->backends.n; i++) {
		const struct model_split *s = MODEL_AT(struct model_split, from->backends, i);

		upto += (uint32_t)s->weight;
		at = build_new(&c->build, IMAGE_SPLIT);
		at->pool = s->index;
		at->upto = upto;
	}
	to->backends.n = build_n(&c->build, IMAGE_SPLIT) - to->backends.first;
	to->weight_total = upto;
}

static struct view compile_route_name(struct compile *c, struct view route, struct view rule)
{
	struct view front = { 0 };

	if (rule.n == 0) /* the portal's and the applications': each route has one */
		return route;
	front = region_join(c->check->region, route, VIEW("/"));
	return region_join(c->check->region, front, rule);
}

static void compile_route_rule(struct compile *c, const struct model_rule *from,
			       const struct image_rule *inherited, const struct model_route *of,
			       struct image_range limits, struct compile_slots *slots)
{
	struct image_rule *to = build_new(&c->build, IMAGE_RULE);
	struct view name = compile_route_name(c, of->name, from->name);

	to->route = inherited->route;
	to->name = compile_text(c, name);
	compile_slots_keep(slots, name, to);
	to->path = compile_text(c, from->path);
	to->path_kind = from->path_kind;
	to->method_bits = from->method_bits;
	to->methods = compile_route_methods(c, from->other_methods);
	to->fields.first = build_n(&c->build, IMAGE_FIELD_MATCH);
	compile_route_pairs(c, from->match.headers, IMAGE_FIELD_HEADER);
	compile_route_pairs(c, from->match.query, IMAGE_FIELD_QUERY);
	to->fields.n = build_n(&c->build, IMAGE_FIELD_MATCH) - to->fields.first;
	to->sources = compile_networks(c, from->match.source);
	/* what a rule does not say itself it has from its route */
	to->compress = from->compress.at ? compile_delivery_compress(c, &from->compress)
					 : inherited->compress;
	to->priority = from->priority ? (uint8_t)(from->priority - 1) : inherited->priority;
	to->cache =
		compile_delivery_cache(c, from->cache.at ? &from->cache : &of->cache, name, from);
	to->action = from->action;
	to->app = from->action == IMAGE_ACTION_APP ? from->app : IMAGE_NONE;
	to->filter = compile_filter_rule(c, of, from, limits);
	if (from->action == IMAGE_ACTION_BACKEND || from->action == IMAGE_ACTION_APP)
		compile_route_split(c, from, to);
	if (from->action == IMAGE_ACTION_BACKEND && from->mirror.n) {
		to->mirror = from->mirror_index;
		to->mirror_percent = (uint32_t)from->mirror_percent;
	}
	if (from->action == IMAGE_ACTION_REDIRECT) {
		to->status = (uint16_t)from->redirect.status;
		to->location = compile_text(c, from->redirect.location);
		to->to = compile_filter_template(c, from->redirect.location);
	}
	if (from->action == IMAGE_ACTION_RESPOND) {
		to->status = (uint16_t)from->respond.status;
		to->body = compile_text(c, from->respond.body);
		to->content_type = compile_text(c, from->respond.content_type);
	}
}

static void compile_route_previous(struct compile *c, struct compile_slots *s)
{
	const struct image *im = c->previous;

	compile_slots_init(c, s, IMAGE_RULE_SLOTS);
	for (uint32_t i = 0; im && i < image_count(im, IMAGE_RULE); i++) {
		const struct image_rule *x = image_rule_at(im, i);

		compile_slots_had(s, image_view(im, x->name), x->slot, x->slot_gen);
	}
}

bool compile_route_run(struct compile *c)
{
	const struct model_list list = c->check->model->routes;
	struct compile_slots slots = { .what = "rules",
				       .section = IMAGE_RULE,
				       .slot_at = offsetof(struct image_rule, slot),
				       .gen_at = offsetof(struct image_rule, slot_gen) };

	compile_route_previous(c, &slots);

	for (uint32_t i = 0; i < list.n; i++) {
		const struct model_route *from = MODEL_AT(struct model_route, list, i);
		struct image_route *to = build_new(&c->build, IMAGE_ROUTE);
		const struct image_rule inherited = {
			.route = i,
			.compress = compile_delivery_compress(c, &from->compress),
			.priority = from->priority ? (uint8_t)(from->priority - 1)
						   : (uint8_t)IMAGE_PRIORITY_NORMAL
		};

		struct image_range limits = compile_limit_list(c, from->filters, from->name);

		to->name = compile_text(c, from->name);
		to->rules = (struct image_range){ .first = build_n(&c->build, IMAGE_RULE),
						  .n = from->rules.n };
		for (uint32_t k = 0; k < from->rules.n; k++)
			compile_route_rule(c, MODEL_AT(struct model_rule, from->rules, k),
					   &inherited, from, limits, &slots);
	}
	return compile_slots_new(c, &slots);
}
