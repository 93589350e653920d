/* The gateway: the portal's numbers, zones, applications and their access rules. */
#include "conf/compile.h"

static uint32_t compile_gateway_seconds(uint64_t ms)
{
	return (uint32_t)(ms / 1000);
}

static struct image_range compile_gateway_factors(struct compile *c)
{
	const struct model_sets *from = &c->check->model->factors.require;
	struct image_range r = { .first = build_n(&c->build, IMAGE_FACTORS), .n = from->n };
	uint32_t *to = build_many(&c->build, IMAGE_FACTORS, from->n);

	for (uint32_t i = 0; i < from->n; i++)
		to[i] = from->p[i].bits;
	return r;
}

static struct image_gateway compile_gateway_portal(struct compile *c)
{
	const struct model *m = c->check->model;
	const struct model_gateway *g = &m->gateway;

	return (struct image_gateway){
		.host = compile_text(c, g->host),
		.origin = compile_text(c, g->origin),
		.title = compile_text(c, g->title.n ? g->title : g->host),
		.factors = compile_gateway_factors(c),
		.idle_s = compile_gateway_seconds(g->session.idle_ms),
		.lifetime_s = compile_gateway_seconds(g->session.lifetime_ms),
		.rotate_s = compile_gateway_seconds(g->session.rotate_ms),
		.step_up_s = compile_gateway_seconds(g->session.step_up_ms),
		.argon2_kib = (uint32_t)(m->factors.argon2.memory >> 10),
		.argon2_passes = (uint32_t)m->factors.argon2.passes,
		.cells = (uint32_t)g->cells.total,
		.cells_per_address = (uint32_t)g->cells.per_address,
		.cells_before_login = (uint32_t)g->cells.before_login,
		.spawner_s = compile_gateway_seconds(g->cells.spawner_lifetime_ms),
		.binding = g->session.binding,
		.on_mismatch = g->session.on_mismatch,
	};
}

static void compile_gateway_zones(struct compile *c)
{
	const struct model_list list = c->check->model->zones;

	for (uint32_t i = 0; i < list.n; i++) {
		const struct model_zone *from = MODEL_AT(struct model_zone, list, i);
		struct image_zone *to = build_new(&c->build, IMAGE_ZONE);

		to->name = compile_text(c, from->name);
		to->networks = compile_networks(c, from->networks);
		to->is_office = from->is_office;
		to->is_partner = from->is_partner;
	}
}

static struct image_range compile_gateway_tree(struct compile *c, const struct model_tree *from)
{
	struct image_range r = { .first = build_n(&c->build, IMAGE_CONDITION), .n = from->n };

	for (uint32_t i = 0; i < from->n; i++) {
		const struct model_node *node = &from->p[i];
		struct image_condition *to = build_new(&c->build, IMAGE_CONDITION);

		*to = (struct image_condition){
			.text = compile_text(c, node->text),
			.n = node->n,
			.index = node->index,
			.from = node->from,
			.to = node->to,
			.days = node->days,
			.kind = node->kind,
		};
	}
	return r;
}

struct image_range compile_gateway_titles(struct compile *c, const struct model_title *from)
{
	const struct {
		struct view language, text;
	} titles[] = { { VIEW("nl"), from->nl }, { VIEW("en"), from->en }, { { 0 }, from->text } };
	struct image_range r = { .first = build_n(&c->build, IMAGE_TITLE) };

	for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
		struct image_title *to = NULL;

		if (titles[i].text.n == 0)
			continue;
		to = build_new(&c->build, IMAGE_TITLE);
		to->language = compile_text(c, titles[i].language);
		to->text = compile_text(c, titles[i].text);
		r.n++;
	}
	return r;
}

static void compile_gateway_app(struct compile *c, const struct model_app *from)
{
	struct image_app *to = build_new(&c->build, IMAGE_APP);

	to->name = compile_text(c, from->name);
	to->host = compile_text(c, from->host);
	to->origin = compile_text(c, from->origin);
	to->audience =
		compile_text(c, from->identity.audience.n ? from->identity.audience : from->name);
	to->header = compile_text(c, from->identity.header);
	to->titles = compile_gateway_titles(c, &from->title);
	to->allow = compile_gateway_tree(c, &from->access.allow_tree);
	to->deny = compile_gateway_tree(c, &from->access.deny_tree);
	to->id = from->id;
	to->pool = from->backend_index;
	to->wants_jwt = from->identity.jwt;
	compile_incident_app(c, from, to);
}

void compile_gateway_run(struct compile *c)
{
	const struct model_list list = c->check->model->apps;

	compile_gateway_zones(c);
	for (uint32_t i = 0; i < list.n; i++)
		compile_gateway_app(c, MODEL_AT(struct model_app, list, i));
	if (c->check->model->gateway.at)
		c->build.header.gateway = compile_gateway_portal(c);
}
