/* The list of run-time changes: read, joined with what somebody asks for, written. */
#include "conf/overlay.h"

#include "conf/overlay_unset.h"
#include "conf/region.h"
#include "conf/yaml_writer.h"

static const struct {
	const char *word;
	uint8_t act;
} overlay_words[] = { { "add", OVERLAY_ADD },
		      { "set", OVERLAY_SET },
		      { "remove", OVERLAY_REMOVE },
		      { "replace", OVERLAY_REPLACE },
		      { "drop", OVERLAY_DROP } };

static const char *overlay_word(uint8_t act)
{
	for (size_t i = 0; i < sizeof overlay_words / sizeof *overlay_words; i++)
		if (overlay_words[i].act == act)
			return overlay_words[i].word;
	return "?";
}

static uint8_t overlay_act_of(struct view text)
{
	for (size_t i = 0; i < sizeof overlay_words / sizeof *overlay_words; i++)
		if (view_eq(text, view_str(overlay_words[i].word)))
			return overlay_words[i].act;
	return 0;
}

static struct place overlay_name(const struct overlay *o, struct view path, struct view key)
{
	struct source *s = o->source;

	if (key.n)
		path = region_join(s->region, region_join(s->region, path, VIEW("/")), key);
	return diag_name(s->diag, o->file, path);
}

/* Every node below an option is told by that option's name: a line on a command line helps nobody.
 */
static void overlay_name_below(struct node *option, struct place at)
{
	struct node *stack[YAML_READER_DEPTH], *n = option;
	uint32_t depth = 0;

	while (n) {
		n->at = n->key_at = at;
		if (n->first && depth < YAML_READER_DEPTH) {
			stack[depth++] = n;
			n = n->first;
			continue;
		}
		while (n != option && depth && !n->next)
			n = stack[--depth];
		n = n == option ? NULL : n->next;
	}
}

static void overlay_names(const struct overlay *o, struct overlay_change *c)
{
	c->place = overlay_name(o, c->path, (struct view){ 0 });
	for (struct node *n = c->without ? c->without->first : NULL; n; n = n->next) {
		n->at = overlay_name(o, c->path, n->text);
		if (c->is_new)
			overlay_unset_ask(n);
	}
	if (!c->with)
		return;
	for (struct node *n = c->with->first; n; n = n->next)
		overlay_name_below(n, overlay_name(o, c->path, n->key));
	c->with->at = c->place;
}

/* ---- reading ---- */

static bool overlay_refuse(const struct overlay *o, const struct node *at, const char *why)
{
	diag_error(o->source->diag, at->at, "%s", why);
	return false;
}

static bool overlay_read_at(const struct overlay *o, const struct node *at,
			    struct overlay_change *ret)
{
	if (!at || at->kind != NODE_LIST || at->n > OVERLAY_DEPTH)
		return false;
	for (const struct node *n = at->first; n; n = n->next) {
		if (n->kind != NODE_SCALAR || n->text.n == 0)
			return false;
		if (ret->at_n)
			ret->path = region_join(o->source->region, ret->path, VIEW("/"));
		ret->path = region_join(o->source->region, ret->path, n->text);
		ret->at[ret->at_n++] = n->text;
	}
	return true;
}

/* What is to be done at a place of at_n parts; everything may be dropped at once, and nothing else
 * be done there. 0: that is not said. */
static uint8_t overlay_read_act(const struct node *item, unsigned at_n)
{
	const struct node *n = node_get(item, "do");
	uint8_t act = n && n->kind == NODE_SCALAR ? overlay_act_of(n->text) : 0;

	if (at_n == 0)
		return act == OVERLAY_DROP ? act : 0;
	return at_n % 2 ? 0 : act;
}

static bool overlay_read_change(struct overlay *o, const struct node *item,
				struct overlay_change *ret)
{
	const struct node *before = node_get(item, "before");
	struct node *with = node_find((struct node *)(uintptr_t)item, VIEW("with"));
	bool wants_with = false;

	if (item->kind != NODE_MAP || !overlay_read_at(o, node_get(item, "at"), ret))
		return overlay_refuse(o, item,
				      "a change begins with its place: at: [backends, web]");
	ret->act = overlay_read_act(item, ret->at_n);
	if (!ret->act)
		return overlay_refuse(o, item,
				      "a change says do: add, set, remove, replace or drop");
	if (!overlay_unset_read(o, node_find((struct node *)(uintptr_t)item, VIEW("without")), ret))
		return false;
	wants_with = ret->act == OVERLAY_ADD || ret->act == OVERLAY_REPLACE ||
		     (ret->act == OVERLAY_SET && (with || !ret->without));
	if (wants_with != (with && with->kind == NODE_MAP && with->n != 0))
		return overlay_refuse(o, item,
				      wants_with ? "say which options: with: {weight: 2}"
						 : "this change takes no options");
	ret->with = with;
	if (before && before->kind == NODE_SCALAR)
		ret->before = before->text;
	return true;
}

/* ---- joining ---- */

/* c is at the place of at, or below it. */
static bool overlay_is_below(const struct overlay_change *c, const struct overlay_change *at)
{
	if (c->at_n < at->at_n)
		return false;
	for (unsigned i = 0; i < at->at_n; i++)
		if (!view_eq(c->at[i], at->at[i]))
			return false;
	return true;
}

static struct overlay_change *overlay_find(const struct overlay *o, const struct overlay_change *at)
{
	for (struct overlay_change *c = o->first; c; c = c->next)
		if (c->at_n == at->at_n && overlay_is_below(c, at))
			return c;
	return NULL;
}

/* Drops what is at or below a place; an option's own name narrows it to the list of that name. */
static uint32_t overlay_drop(struct overlay *o, const struct overlay_change *at, struct view list)
{
	struct overlay_change **at_link = &o->first;
	uint32_t dropped = 0;

	while (*at_link) {
		struct overlay_change *c = *at_link;
		bool is = overlay_is_below(c, at);

		if (is && list.n)
			is = c->at_n > at->at_n && view_eq(c->at[at->at_n], list);
		if (!is) {
			at_link = &c->next;
			continue;
		}
		*at_link = c->next;
		o->n--;
		dropped++;
	}
	return dropped;
}

static void overlay_append(struct overlay *o, struct overlay_change *c)
{
	struct overlay_change **at = &o->first;

	while (*at)
		at = &(*at)->next;
	c->next = NULL;
	*at = c;
	o->n++;
}

/* What an earlier change of the same place set, and this one does not set again, it takes over. */
static void overlay_take_over(struct overlay_change *c, const struct overlay_change *earlier)
{
	struct node *old = earlier->with ? earlier->with->first : NULL, *rest = NULL;
	struct node merged = *c->with;

	merged.first = merged.last = NULL;
	merged.n = 0;
	for (; old; old = rest) {
		bool is_set = false;

		rest = old->next;
		for (const struct node *n = c->with->first; n && !is_set; n = n->next)
			is_set = overlay_option_has(n->key, old->key);
		if (!is_set)
			node_append(&merged, old);
	}
	for (old = c->with->first; old; old = rest) {
		rest = old->next;
		node_append(&merged, old);
	}
	*c->with = merged;
}

static void overlay_join_set(struct overlay *o, struct overlay_change *c)
{
	const struct overlay_change *earlier = overlay_find(o, c);

	for (const struct node *n = c->with ? c->with->first : NULL; n; n = n->next)
		(void)overlay_drop(o, c, n->key); /* a whole list anew: changes inside are moot */
	for (const struct node *n = c->without ? c->without->first : NULL; n; n = n->next)
		(void)overlay_drop(o, c, n->text);
	if (earlier && earlier->act != OVERLAY_REMOVE) {
		struct overlay_change *target = overlay_find(o, c);

		overlay_unset_join(o, target, c);
		if (c->with) {
			overlay_take_over(c, earlier);
			target->with = c->with;
		}
		return;
	}
	overlay_append(o, c);
}

static void overlay_join_remove(struct overlay *o, struct overlay_change *c)
{
	const struct overlay_change *earlier = overlay_find(o, c);
	bool was_added = earlier && earlier->act == OVERLAY_ADD;

	(void)overlay_drop(o, c, (struct view){ 0 });
	if (!was_added)
		overlay_append(o, c);
}

static void overlay_join_drop(struct overlay *o, const struct overlay_change *c)
{
	if (overlay_drop(o, c, (struct view){ 0 }) == 0)
		diag_error(o->source->diag, c->place, "there is no run-time change to drop");
}

/* One change that is asked for, into the list of those that are in force. */
static void overlay_join(struct overlay *o, struct overlay_change *c)
{
	struct overlay_change *earlier = overlay_find(o, c);

	switch ((enum overlay_act)c->act) {
	case OVERLAY_SET:
		overlay_join_set(o, c);
		break;
	case OVERLAY_REMOVE:
		overlay_join_remove(o, c);
		break;
	case OVERLAY_DROP:
		overlay_join_drop(o, c);
		break;
	case OVERLAY_ADD:
	case OVERLAY_REPLACE:
	default:
		if (earlier && earlier->act == OVERLAY_REMOVE) {
			(void)overlay_drop(o, c, (struct view){ 0 });
			c->act = OVERLAY_REPLACE;
		}
		overlay_append(o, c);
		break;
	}
}

bool overlay_read(struct overlay *o, struct view text, bool is_new)
{
	struct source *s = o->source;
	const struct node *list = NULL;

	if (text.n == 0)
		return true;
	if (!o->has_file)
		o->file = s->diag->file_n;
	o->has_file = true;
	list = source_text(s, VIEW("run-time change"), text);
	if (!list)
		return false;
	if (list->kind != NODE_LIST || list->n > OVERLAY_CHANGES)
		return overlay_refuse(o, list, "expected a list of changes, 4096 at most");
	for (const struct node *n = list->first; n; n = n->next) {
		struct overlay_change *c = REGION_NEW(s->region, struct overlay_change, 1);

		c->is_new = is_new;
		if (!overlay_read_change(o, n, c))
			return false;
		overlay_names(o, c);
		if (is_new)
			overlay_join(o, c);
		else
			overlay_append(o, c);
	}
	if (o->n <= OVERLAY_CHANGES)
		return true;
	return overlay_refuse(
		o, list,
		"too many run-time changes, 4096 at most: `sluis changes save` prints "
		"them for the files");
}

/* ---- writing ---- */

static void overlay_put_change(struct wbuf *w, const struct overlay_change *c)
{
	WBUF_LIT(w, "- {at: [");
	for (unsigned i = 0; i < c->at_n; i++) {
		wbuf_str(w, i ? ", " : "");
		yaml_writer_text(w, c->at[i]);
	}
	WBUF_LIT(w, "], do: ");
	wbuf_str(w, overlay_word(c->act));
	if (c->before.n) {
		WBUF_LIT(w, ", before: ");
		yaml_writer_text(w, c->before);
	}
	if (c->with && c->with->n) {
		WBUF_LIT(w, ", with: ");
		yaml_writer_flow(w, c->with);
	}
	if (c->without && c->without->n) {
		WBUF_LIT(w, ", without: ");
		yaml_writer_flow(w, c->without);
	}
	WBUF_LIT(w, "}\n");
}

enum err overlay_put(const struct overlay *o, struct wbuf *w)
{
	for (const struct overlay_change *c = o->first; c; c = c->next)
		if (!c->is_void)
			overlay_put_change(w, c);
	return wbuf_check(w);
}
