/* The same function decides as for cells; a visitor looks at it. */
#include "role/authority/explain.h"

#include "access/access.h"
#include "access/access_text.h"
#include "role/authority/decide.h"
#include "role/authority/factor.h"
#include "role/authority/tool_people.h"

struct explain {
	struct tool *t;
	const struct image *im;
	struct access_facts facts;
	uint8_t groups[GATE_GROUPS_MAX];
	struct user user;
	uint32_t at; /* conditions seen */
	enum err e;
	uint8_t verdict;
};

static const struct image_app *explain_app(const struct tool *t)
{
	const struct image *im = authority_image(t->a);

	for (uint32_t i = 0; i < image_count(im, IMAGE_APP); i++) {
		const struct image_app *app = image_app_at(im, i);

		if (view_ieq(image_view(im, app->host), view_of(t->host, t->host_n)))
			return app;
	}
	return NULL;
}

void explain_begin(struct tool *t, const struct tool_act *act)
{
	const struct image *im = authority_image(t->a);
	struct user u = { 0 };

	if (!tool_people_user(t, act->name, &u))
		return;
	t->host_n = (uint16_t)user_copy(t->host, sizeof t->host, act->title);
	if (view_ieq(act->title, image_view(im, authority_gateway(t->a)->host))) {
		tool_end(t, true, "this is the portal: anybody may log in there");
		return;
	}
	if (!explain_app(t)) {
		tool_end(t, false,
			 "no application has this host: `apps` of the configuration has them");
		return;
	}
	t->kind = ACT_EXPLAIN;
	t->of = u.id;
	t->after = 0;
	t->factors = act->number;
	t->ip = act->source;
}

static enum err explain_facts(struct explain *x)
{
	struct tool *t = x->t;
	struct wbuf groups = wbuf_of(x->groups, sizeof x->groups);
	const struct ip none = { 0 };

	x->im = authority_image(t->a);
	TRY(user_by_id(t->a, t->of, &x->user));
	TRY(user_groups(t->a, t->of, &groups));
	TRY(factor_kinds(t->a, t->of, &x->facts.enrolled));
	x->facts.user = user_name(&x->user);
	x->facts.groups = wbuf_view(&groups);
	x->facts.source = t->ip;
	x->facts.has_source = !ip_eq(&t->ip, &none);
	x->facts.factors = t->factors ? (uint8_t)t->factors : x->facts.enrolled;
	x->facts.has_certificate = (x->facts.factors & GATE_CERTIFICATE) != 0;
	x->facts.clock = decide_clock(authority_wall_s(t->a));
	return E_OK;
}

static void explain_visit(void *arg, const struct access_step *step)
{
	struct explain *x = arg;
	uint8_t text_at[ACCESS_TEXT_MAX], body[ACCESS_TEXT_MAX + 16];
	struct wbuf text = wbuf_of(text_at, sizeof text_at), w = wbuf_of(body, sizeof body);
	struct tool_explain_row r = { .verdict = x->verdict,
				      .depth = step->depth,
				      .is_true = step->truth == ACCESS_TRUE,
				      .decides = step->decides };

	if (x->e != E_OK || x->at++ < x->t->after)
		return;
	access_text_put(&text, x->im, step, &x->facts);
	r.text = wbuf_view(&text);
	x->e = tool_explain_row_put(&w, &r);
	if (x->e == E_OK)
		x->e = tool_send(x->t, AUTHORITY_EXPLAIN, &w);
	if (x->e == E_OK)
		x->t->after = x->at;
}

enum err explain_step(struct tool *t, bool *ret_over)
{
	struct explain x = { .t = t };
	const struct image_app *app = explain_app(t);

	*ret_over = true;
	if (!app || explain_facts(&x) != E_OK)
		return app ? E_SYS : E_OK;
	x.verdict = access_decide(x.im, app, &x.facts).verdict;
	(void)access_visit(x.im, app, &x.facts, explain_visit, &x);
	*ret_over = x.e == E_OK;
	return x.e;
}

void explain_end(struct tool *t)
{
	struct explain x = { .t = t };
	const struct image_app *app = explain_app(t);
	struct access_answer answer = { .verdict = GATE_DENIED };
	char text_at[64] = { 0 };
	struct wbuf text = wbuf_of(text_at, sizeof text_at - 1);

	if (app && explain_facts(&x) == E_OK)
		answer = access_decide(x.im, app, &x.facts);
	access_text_factors(&text, answer.factors);
	t->n = t->after;
	if (x.user.is_disabled)
		tool_end(t, true, "denied: the user is disabled");
	else if (answer.verdict == GATE_OK)
		tool_end(t, true, "allowed");
	else if (answer.verdict == GATE_STEP_UP)
		tool_end(t, true, "asked for more: %s", text_at);
	else
		tool_end(t, true, "denied%s",
			 answer.condition == IMAGE_NONE ? ": the application allows nobody" : "");
}
