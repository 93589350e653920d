/* How answers are delivered: compression. */
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

static void check_delivery_rule(struct check *c, struct model_rule *rule)
{
	check_delivery_compress(c, &rule->compress);
	if (rule->compress.at && rule->compress.is_enabled && rule->action &&
	    rule->action != IMAGE_ACTION_BACKEND)
		diag_warning(c->diag, rule->compress.at->at,
			     "answers that Sluis makes itself are not compressed");
}

void check_delivery_run(struct check *c)
{
	struct model_list list = c->model->routes;

	for (uint32_t i = 0; i < list.n; i++) {
		struct model_route *r = MODEL_AT(struct model_route, list, i);

		check_delivery_compress(c, &r->compress);
		for (uint32_t k = 0; k < r->rules.n; k++)
			check_delivery_rule(c, MODEL_AT(struct model_rule, r->rules, k));
	}
}
