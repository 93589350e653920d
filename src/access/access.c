/*
 * The decision about an application; runs in the authority. Trees are in preorder, and are worked
 * through from their end: when a list is come to, everything in it is known. So how deep a tree is
 * decides nothing, and one array is enough.
 */
#include "access/access.h"

#include "access/access_time.h"

enum {
	ACCESS_STEPS = GATE_PASSWORD | GATE_TOTP | GATE_PASSKEY, /* what a step-up can ask for */
	ACCESS_WORST = UINT32_MAX
};

/* An application's two trees, as they were found. */
struct access_run {
	const struct image *im;
	const struct image_app *app;
	const struct access_facts *facts;
	uint8_t allow[IMAGE_CONDITIONS_MAX], deny[IMAGE_CONDITIONS_MAX]; /* enum access_truth */
};

/* A recovery code stands for totp. */
static uint8_t access_shown(uint8_t factors)
{
	return factors & GATE_RECOVERY ? factors | GATE_TOTP : factors;
}

static enum access_truth access_is(bool x)
{
	return x ? ACCESS_TRUE : ACCESS_FALSE;
}

static enum access_truth access_group(struct view groups, struct view name)
{
	while (groups.n) {
		size_t end = view_find(groups, '\n');

		if (view_eq(view_slice(groups, 0, end), name))
			return ACCESS_TRUE;
		groups = view_slice(groups, end + 1, groups.n);
	}
	return ACCESS_FALSE;
}

static enum access_truth access_zone(const struct image *im, uint32_t zone,
				     const struct access_facts *f)
{
	struct image_range networks = { 0 };

	if (!f->has_source || zone >= image_count(im, IMAGE_ZONE))
		return ACCESS_UNKNOWN;
	networks = image_zone_at(im, zone)->networks;
	for (uint32_t i = 0; i < networks.n; i++)
		if (ip_net_has(image_network_at(im, networks.first + i), &f->source))
			return ACCESS_TRUE;
	return ACCESS_FALSE;
}

/* A condition that holds no others. */
static enum access_truth access_leaf(const struct access_run *r, const struct image_condition *c,
				     uint8_t factors)
{
	const struct access_facts *f = r->facts;

	switch (c->kind) {
	case IMAGE_IF_GROUP:
		return access_group(f->groups, image_view(r->im, c->text));
	case IMAGE_IF_USER:
		return access_is(view_eq(f->user, image_view(r->im, c->text)));
	case IMAGE_IF_ZONE:
		return access_zone(r->im, c->index, f);
	case IMAGE_IF_FACTOR:
		return access_is(c->index && (c->index & ~(uint32_t)factors) == 0);
	case IMAGE_IF_CERTIFICATE:
		return access_is(f->has_certificate);
	case IMAGE_IF_TIME:
		return access_time_is(c, &f->clock);
	case IMAGE_IF_EVERYONE:
		return ACCESS_TRUE;
	default:
		return ACCESS_UNKNOWN;
	}
}

static uint8_t access_not(uint8_t truth)
{
	return (uint8_t)(ACCESS_TRUE - truth);
}

/* A list, of what is in it: the least of all, the greatest of any, the least of what is not. */
static uint8_t access_list(const struct image_condition *c, const uint8_t *truths, uint32_t at,
			   const struct image_condition *conditions)
{
	bool is_any = c->kind == IMAGE_IF_ANY;
	uint8_t truth = is_any ? ACCESS_FALSE : ACCESS_TRUE;

	for (uint32_t i = at + 1; i <= at + c->n; i += 1 + conditions[i].n) {
		uint8_t x = c->kind == IMAGE_IF_NONE ? access_not(truths[i]) : truths[i];

		if (is_any ? x > truth : x < truth)
			truth = x;
	}
	return truth;
}

static const struct image_condition *access_tree(const struct image *im, struct image_range tree)
{
	return tree.n ? image_condition_at(im, tree.first) : NULL;
}

static void access_eval(const struct access_run *r, struct image_range tree, uint8_t factors,
			uint8_t *truths)
{
	const struct image_condition *all = access_tree(r->im, tree);

	for (uint32_t i = tree.n; i-- > 0;)
		truths[i] = all[i].kind <= IMAGE_IF_NONE
				    ? access_list(&all[i], truths, i, all)
				    : (uint8_t)access_leaf(r, &all[i], factors);
}

static bool access_allows(struct access_run *r, uint8_t factors)
{
	const struct image_app *a = r->app;

	if (r->facts->user.n == 0 || a->allow.n == 0)
		return false;
	access_eval(r, a->allow, factors, r->allow);
	access_eval(r, a->deny, factors, r->deny);
	return r->allow[0] == ACCESS_TRUE && (a->deny.n == 0 || r->deny[0] == ACCESS_FALSE);
}

/* Fewer are better, and those that the user has before all others. */
static uint32_t access_cost(uint8_t factors, uint8_t enrolled)
{
	uint32_t has_not = (factors & ~enrolled) != 0;

	return has_not << 8 | (uint32_t)__builtin_popcount(factors) << 4 |
	       (uint32_t)(ACCESS_STEPS - factors);
}

/* The factors to show besides; 0: none would do. */
static uint8_t access_step_up(struct access_run *r, uint8_t shown)
{
	uint8_t best = 0;
	uint32_t cost = ACCESS_WORST;

	for (unsigned i = 1; i <= ACCESS_STEPS; i++) {
		uint8_t more = (uint8_t)i;
		uint32_t x = access_cost(more, r->facts->enrolled);

		if ((more & shown) || x >= cost || !access_allows(r, shown | more))
			continue;
		best = more;
		cost = x;
	}
	return best;
}

/* From a list down to the condition that made it what it is. */
static uint32_t access_decisive(const struct image *im, struct image_range tree,
				const uint8_t *truths)
{
	const struct image_condition *all = access_tree(im, tree);
	uint32_t at = 0, next = 0;

	for (;; at = next) {
		const struct image_condition *c = &all[at];
		/* what one alone is enough for, and what it is then */
		uint8_t truth = c->kind == IMAGE_IF_NONE ? access_not(truths[at]) : truths[at];
		bool is_one = c->kind == IMAGE_IF_ALL	 ? truths[at] != ACCESS_TRUE
			      : c->kind == IMAGE_IF_ANY	 ? truths[at] != ACCESS_FALSE
			      : c->kind == IMAGE_IF_NONE ? truths[at] != ACCESS_TRUE
							 : false;

		if (!is_one)
			return tree.first + at;
		next = at + 1;
		while (next <= at + c->n && truths[next] != truth)
			next += 1 + all[next].n;
		if (next > at + c->n)
			return tree.first + at;
	}
}

/* Of the facts as they are; the trees have been evaluated. */
static uint32_t access_condition(const struct access_run *r)
{
	const struct image_app *a = r->app;

	if (a->deny.n && r->deny[0] != ACCESS_FALSE)
		return access_decisive(r->im, a->deny, r->deny);
	return a->allow.n ? access_decisive(r->im, a->allow, r->allow) : IMAGE_NONE;
}

static uint32_t access_holds(const struct image_condition *all, uint32_t n,
			     const struct access_clock *clock)
{
	uint32_t holds_s = ACCESS_FOR_EVER;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t x = all[i].kind == IMAGE_IF_TIME ? access_time_holds(&all[i], clock)
							  : ACCESS_FOR_EVER;

		holds_s = x < holds_s ? x : holds_s;
	}
	return holds_s;
}

static uint32_t access_tree_holds(const struct access_run *r, struct image_range tree)
{
	return access_holds(access_tree(r->im, tree), tree.n, &r->facts->clock);
}

uint32_t access_rules_hold(const struct image *im, const struct access_clock *clock)
{
	uint32_t n = image_count(im, IMAGE_CONDITION);

	return access_holds(n ? image_condition_at(im, 0) : NULL, n, clock);
}

/* Leaves r's trees as the facts make them. */
static struct access_answer access_run(struct access_run *r)
{
	uint8_t shown = access_shown(r->facts->factors);
	struct access_answer a = { .verdict = GATE_OK };
	uint32_t deny_s = access_tree_holds(r, r->app->deny);

	a.holds_s = access_tree_holds(r, r->app->allow);
	a.holds_s = deny_s < a.holds_s ? deny_s : a.holds_s;
	if (!access_allows(r, shown)) {
		a.factors = access_step_up(r, shown);
		a.verdict = a.factors ? GATE_STEP_UP : GATE_DENIED;
		access_eval(r, r->app->allow, shown, r->allow);
		access_eval(r, r->app->deny, shown, r->deny);
	}
	a.condition = access_condition(r);
	return a;
}

struct access_answer access_decide(const struct image *im, const struct image_app *app,
				   const struct access_facts *facts)
{
	struct access_run r = { .im = im, .app = app, .facts = facts };

	return access_run(&r);
}

struct access_walk {
	const struct access_run *run;
	access_visitor *visit;
	void *arg;
	uint32_t decisive;
};

static void access_visit_tree(const struct access_walk *w, struct image_range tree,
			      const uint8_t *truths, bool is_deny)
{
	const struct image_condition *all = access_tree(w->run->im, tree);
	uint32_t ends[IMAGE_CONDITION_DEPTH] = { 0 };
	uint8_t depth = 0;

	for (uint32_t i = 0; i < tree.n; i++) {
		struct access_step step = { .condition = &all[i],
					    .index = tree.first + i,
					    .truth = truths[i],
					    .is_deny = is_deny,
					    .decides = tree.first + i == w->decisive };

		while (depth && ends[depth - 1] == i)
			depth--;
		step.depth = depth;
		w->visit(w->arg, &step);
		if (all[i].n)
			ends[depth++] = i + 1 + all[i].n; /* image_check has seen to the depth */
	}
}

struct access_answer access_visit(const struct image *im, const struct image_app *app,
				  const struct access_facts *facts, access_visitor *visit,
				  void *arg)
{
	struct access_run r = { .im = im, .app = app, .facts = facts };
	struct access_answer a = access_run(&r);
	struct access_walk w = { &r, visit, arg, a.condition };

	access_visit_tree(&w, app->deny, r.deny, true);
	access_visit_tree(&w, app->allow, r.allow, false);
	return a;
}

bool access_factors_suffice(const struct image *im, uint8_t factors)
{
	struct image_range list = im->header->gateway.factors;
	uint32_t shown = access_shown(factors);

	for (uint32_t i = 0; i < list.n; i++)
		if ((*image_factors_at(im, list.first + i) & ~shown) == 0)
			return true;
	return false;
}
