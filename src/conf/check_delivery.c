/* How answers are delivered: compression and the cache. */
#include "conf/check.h"

#include "proto/field.h"

/* "type/subtype" or "type" followed by a slash and a star, in lower case already. */
static bool check_delivery_is_type(struct view text)
{
	size_t slash = view_find(text, '/');
	struct view type = view_slice(text, 0, slash);
	struct view subtype = view_slice(text, slash + 1, text.n);

	return field_is_token(type) && view_find(type, '*') == type.n && field_is_token(subtype) &&
	       (view_find(subtype, '*') == subtype.n || view_eq(subtype, VIEW("*")));
}

static void check_delivery_compress(struct check *c, struct model_compress *m)
{
	const struct node *algorithms = node_get(m->at, "algorithms");

	for (uint32_t i = 0; i < m->types.n; i++) {
		struct model_text *t = &m->types.p[i];

		t->text = check_lower(c, t->text);
		if (!check_delivery_is_type(t->text))
			diag_error(c->diag, t->at->at,
				   "\"%.*s\" is not a content type: write text/html or text/*",
				   DIAG_VIEW(t->at->text));
	}
	if (m->at && m->types.p && m->types.n == 0)
		diag_error(c->diag, node_place(m->at, "types"),
			   "no type: leave it out for the usual ones");
	if (algorithms && algorithms->n == 0)
		diag_error(c->diag, node_place(m->at, "algorithms"),
			   "no algorithm: leave it out for all of them");
}

static void check_delivery_cache(struct check *c, const struct model_cache *m)
{
	if (m->at && m->max_object > m->max_total / 4)
		diag_error(
			c->diag, node_place(m->at, "max_object"),
			"max_object is more than a quarter of max_total: nothing else would stay");
}

static void check_delivery_rule(struct check *c, struct model_rule *rule)
{
	check_delivery_cache(c, &rule->cache);
	check_delivery_compress(c, &rule->compress);
	if (rule->compress.at && rule->compress.is_enabled && rule->action &&
	    rule->action != IMAGE_ACTION_BACKEND)
		diag_warning(c->diag, rule->compress.at->at,
			     "answers that Sluis makes itself are not compressed");
	if (rule->cache.at && rule->cache.is_enabled && rule->action &&
	    rule->action != IMAGE_ACTION_BACKEND)
		diag_warning(c->diag, rule->cache.at->at,
			     "answers that Sluis makes itself are not kept in a cache");
}

void check_delivery_run(struct check *c)
{
	struct model_list list = c->model->routes;

	for (uint32_t i = 0; i < list.n; i++) {
		struct model_route *r = MODEL_AT(struct model_route, list, i);

		check_delivery_compress(c, &r->compress);
		check_delivery_cache(c, &r->cache);
		for (uint32_t k = 0; k < r->rules.n; k++)
			check_delivery_rule(c, MODEL_AT(struct model_rule, r->rules, k));
	}
}
