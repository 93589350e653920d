/* Where the paths of a long list of rules are found: a look-up for each segment of a path. */
#include "base/hash.h"
#include "conf/compile.h"

enum {
	COMPILE_PATH_MIN = 16, /* with fewer paths, looking at each rule costs no more */
	/* rules in all indices together: what shared routes multiply stays within 40 MB */
	COMPILE_PATH_RULES_MAX = 1 << 18
};

static const struct image_rule *compile_path_rule(const struct compile *c, struct image_range rules,
						  uint32_t i)
{
	const uint32_t *index = build_at(&c->build, IMAGE_RULE_INDEX, rules.first + i);

	return build_at(&c->build, IMAGE_RULE, *index);
}

/* Every path lies below "/". */
static bool compile_path_is_found(const struct image_rule *rule)
{
	return rule->path_kind == IMAGE_PATH_EXACT ||
	       (rule->path_kind == IMAGE_PATH_PREFIX && rule->path.n > 1);
}

/* Valid until the next string. */
static struct view compile_path_view(const struct compile *c, struct image_str path)
{
	return view_of(build_at(&c->build, IMAGE_BYTES, path.at), path.n);
}

/* How many paths there are; ret_rules: how many rules have them. */
static uint32_t compile_path_count(struct compile *c, struct image_range rules, uint32_t *ret_rules)
{
	struct names seen = names_of(c->build.region);

	*ret_rules = 0;
	for (uint32_t i = 0; i < rules.n; i++) {
		const struct image_rule *rule = compile_path_rule(c, rules, i);

		if (!compile_path_is_found(rule))
			continue;
		(void)names_put(&seen, compile_path_view(c, rule->path), i);
		++*ret_rules;
	}
	return seen.n;
}

/* The slot of a rule's path, taken for it when it has none yet. A text is in the image once. */
static struct image_path *compile_path_slot(struct compile *c, struct image_range table,
					    const struct image_rule *rule)
{
	uint64_t hash = hash_fnv1a(compile_path_view(c, rule->path));

	for (uint64_t i = hash;; i++) {
		uint32_t at = table.first + (uint32_t)(i & (table.n - 1));
		struct image_path *e = build_at(&c->build, IMAGE_PATH, at);

		if (e->name.n == rule->path.n && e->name.at == rule->path.at)
			return e;
		if (e->name.n == 0) {
			e->hash = hash;
			e->name = rule->path;
			return e;
		}
	}
}

static struct image_range *compile_path_range(struct compile *c, const struct image_paths *p,
					      const struct image_rule *rule)
{
	struct image_path *e = compile_path_slot(c, p->table, rule);

	return rule->path_kind == IMAGE_PATH_EXACT ? &e->exact : &e->prefix;
}

/* Counts the rules of each path; p->others.n those that the table does not find. */
static void compile_path_place(struct compile *c, struct image_paths *p, struct image_range rules)
{
	for (uint32_t i = 0; i < rules.n; i++) {
		const struct image_rule *rule = compile_path_rule(c, rules, i);

		if (!compile_path_is_found(rule)) {
			p->others.n++;
			continue;
		}
		compile_path_range(c, p, rule)->n++;
		if (rule->path.n > p->longest)
			p->longest = rule->path.n;
	}
}

/* Gives the range its place behind the one before; it is filled anew. */
static void compile_path_open(struct image_range *r, uint32_t *end)
{
	r->first = *end;
	*end += r->n;
	r->n = 0;
}

static void compile_path_fill(struct compile *c, struct image_paths *p, struct image_range rules)
{
	uint32_t end = build_n(&c->build, IMAGE_RULE_INDEX);

	(void)build_many(&c->build, IMAGE_RULE_INDEX, rules.n);
	compile_path_open(&p->others, &end);
	for (uint32_t k = 0; k < p->table.n; k++) {
		struct image_path *e = build_at(&c->build, IMAGE_PATH, p->table.first + k);

		compile_path_open(&e->exact, &end);
		compile_path_open(&e->prefix, &end);
	}
	for (uint32_t i = 0; i < rules.n; i++) {
		const struct image_rule *rule = compile_path_rule(c, rules, i);
		struct image_range *r =
			compile_path_is_found(rule) ? compile_path_range(c, p, rule) : &p->others;
		uint32_t *to = build_at(&c->build, IMAGE_RULE_INDEX, r->first + r->n++);

		*to = *(uint32_t *)build_at(&c->build, IMAGE_RULE_INDEX, rules.first + i);
	}
}

struct image_range compile_path_list(struct compile *c, struct image_range rules)
{
	struct image_range none = { .first = build_n(&c->build, IMAGE_PATHS) }, one = none;
	struct image_paths *p = NULL;
	uint32_t paths = 0, with_path = 0;

	if (rules.n < COMPILE_PATH_MIN || c->path_rules + rules.n > COMPILE_PATH_RULES_MAX)
		return none;
	paths = compile_path_count(c, rules, &with_path);
	if (with_path < COMPILE_PATH_MIN)
		return none;
	c->path_rules += rules.n;
	p = build_new(&c->build, IMAGE_PATHS);
	p->table.first = build_n(&c->build, IMAGE_PATH);
	p->table.n = compile_listener_slots(paths);
	(void)build_many(&c->build, IMAGE_PATH, p->table.n);
	compile_path_place(c, p, rules);
	compile_path_fill(c, p, rules);
	one.n = 1;
	return one;
}
