/*
 * `without` of a change: options that the files set and the configuration shall not have. It goes
 * before `with`, so that an option may be given up for another one in one step.
 *
 * An option that is asked for this time has to be there, so that a wrong name is told: its node is
 * marked, by a key, until it has been looked for.
 */
#include "conf/overlay_unset.h"

#include "conf/region.h"

bool overlay_option_has(struct view option, struct view key)
{
	return view_eq(option, key) ||
	       (view_starts(key, option) && key.n > option.n && key.p[option.n] == '.');
}

/* Takes the option out of one map; gives the map inside of it that the option lies in, or NULL. */
static struct node *overlay_unset_level(struct node *map, struct view option, bool *was_there)
{
	struct node *inner = NULL, *next = NULL;

	for (struct node *n = map->first; n; n = next) {
		next = n->next;
		if (overlay_option_has(option, n->key)) {
			node_remove(map, n);
			*was_there = true;
		} else if (!inner && overlay_option_has(n->key, option)) {
			inner = n;
		}
	}
	return inner;
}

/* Takes an option ("health.path": one inside a map) and what is inside of it out of a map, whose
 * keys may be dotted themselves. False: it was not there. */
static bool overlay_unset_in(struct node *map, struct view option)
{
	bool was_there = false;

	while (map && map->kind == NODE_MAP) {
		map = overlay_unset_level(map, option, &was_there);
		if (map)
			option = view_slice(option, map->key.n + 1, option.n);
	}
	return was_there;
}

void overlay_unset_ask(struct node *option)
{
	option->key = VIEW("asked");
}

bool overlay_unset_read(const struct overlay *o, struct node *list, struct overlay_change *ret)
{
	struct diag *d = o->source->diag;

	if (!list)
		return true;
	if (list->kind != NODE_LIST || list->n == 0 || ret->act != OVERLAY_SET) {
		diag_error(d, list->at, "without: a list of options, and with do: set alone");
		return false;
	}
	for (const struct node *n = list->first; n; n = n->next) {
		if (n->kind != NODE_SCALAR || n->text.n == 0) {
			diag_error(d, n->at, "expected the name of an option");
			return false;
		}
		if (view_eq(n->text, VIEW("name"))) {
			diag_error(d, n->at, "a name can't be unset: it is what tells the item");
			return false;
		}
	}
	ret->without = list;
	return true;
}

static bool overlay_unset_has(const struct node *list, struct view option)
{
	for (const struct node *n = list ? list->first : NULL; n; n = n->next)
		if (overlay_option_has(n->text, option))
			return true;
	return false;
}

static void overlay_unset_missing(const struct overlay *o, const struct node *option)
{
	diag_error(o->source->diag, option->at, "it is not set here");
}

/* One option that is asked for, against what the earlier change says. */
static void overlay_unset_one(const struct overlay *o, struct overlay_change *earlier,
			      struct node *option)
{
	bool was_set = earlier->with && overlay_unset_in(earlier->with, option->text);

	if (was_set)
		option->key = (struct view){ 0 };
	if (!was_set &&
	    (earlier->act != OVERLAY_SET || overlay_unset_has(earlier->without, option->text))) {
		overlay_unset_missing(o, option);
		return;
	}
	if (earlier->act != OVERLAY_SET || overlay_unset_has(earlier->without, option->text))
		return;
	if (!earlier->without) {
		earlier->without = REGION_NEW(o->source->region, struct node, 1);
		*earlier->without = (struct node){ .kind = NODE_LIST, .at = option->at };
	}
	node_append(earlier->without, option);
}

void overlay_unset_join(const struct overlay *o, struct overlay_change *earlier,
			struct overlay_change *c)
{
	struct node *next = NULL;

	for (struct node *n = c->without ? c->without->first : NULL; n; n = next) {
		next = n->next;
		overlay_unset_one(o, earlier, n);
	}
	for (const struct node *w = c->with ? c->with->first : NULL; w; w = w->next)
		for (struct node *n = earlier->without ? earlier->without->first : NULL; n;
		     n = next) {
			next = n->next;
			if (overlay_option_has(w->key, n->text) && n->key.n == 0)
				node_remove(earlier->without, n);
		}
	c->without = NULL;
}

bool overlay_unset_do(const struct overlay *o, const struct overlay_change *c, struct node *item)
{
	bool was_there = false;

	for (struct node *n = c->without ? c->without->first : NULL; n; n = n->next) {
		bool is = overlay_unset_in(item, n->text);

		if (!is && n->key.n)
			overlay_unset_missing(o, n);
		was_there |= is;
		n->key = (struct view){ 0 };
	}
	return was_there;
}
