/* Comparing two trees by name. Defaults come from the option tables. */
#include "conf/diff.h"

#include "conf/names.h"
#include "conf/options.h"
#include "conf/region.h"
#include "conf/yaml_writer.h"

/* Two values of one place that are to be compared; a list, worked on from its head. */
struct diff_task {
	struct diff_task *next;
	struct view path;
	const struct node *old, *now;
	const struct option_table *table; /* of the options inside; NULL: not known */
	const struct option *row;	  /* of the value itself; NULL: not known */
};

struct diff_run {
	struct diff *d;
	struct diff_task *first, **at; /* new tasks go to *at: depth first, in order */
};

/* The URL of a webhook may be a secret, and these lines go into the log: from there on the line is
 * left out. */
static struct view diff_hide(struct diff *d, struct view line)
{
	static const struct view secret[] = { VIEW_INIT("webhook: "), VIEW_INIT("webhook\": ") };

	for (size_t at = 0; at < line.n; at++)
		for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++)
			if (view_starts(view_slice(line, at, line.n), secret[i]))
				return region_join(d->region, view_slice(line, 0, at + secret[i].n),
						   VIEW("(not shown)"));
	return region_copy(d->region, line);
}

static void diff_line(struct diff *d, const struct wbuf *w)
{
	d->all++;
	if (d->line_n < DIFF_LINES)
		d->lines[d->line_n++] = diff_hide(d, wbuf_view(w));
}

static void diff_put_value(struct wbuf *w, const struct node *n)
{
	uint8_t text[DIFF_LINE_BYTES / 3];
	struct wbuf value = wbuf_of(text, sizeof text);

	yaml_writer_flow(&value, n);
	wbuf_view_put(w, wbuf_view(&value));
	if (value.bad)
		WBUF_LIT(w, " ...");
}

static void diff_came(struct diff *d, const struct diff_task *t, const char *sign,
		      const struct node *n)
{
	uint8_t text[DIFF_LINE_BYTES];
	struct wbuf w = wbuf_of(text, sizeof text);

	wbuf_str(&w, sign);
	wbuf_view_put(&w, view_slice(t->path, 0, 400));
	if (n && n->kind != NODE_SCALAR) {
		WBUF_LIT(&w, ": ");
		diff_put_value(&w, n);
	}
	diff_line(d, &w);
}

/* An option that is given on one side only: the other has its default. */
static void diff_put_default(struct wbuf *w, const struct diff_task *t)
{
	if (!t->row || !t->row->preset) {
		WBUF_LIT(w, "not set");
		return;
	}
	option_put_preset(w, t->row);
	WBUF_LIT(w, " (default)");
}

static void diff_value(struct diff *d, const struct diff_task *t)
{
	uint8_t text[DIFF_LINE_BYTES];
	struct wbuf w = wbuf_of(text, sizeof text);

	wbuf_view_put(&w, view_slice(t->path, 0, 300));
	WBUF_LIT(&w, ": ");
	if (t->old)
		diff_put_value(&w, t->old);
	else
		diff_put_default(&w, t);
	WBUF_LIT(&w, " -> ");
	if (t->now)
		diff_put_value(&w, t->now);
	else
		diff_put_default(&w, t);
	diff_line(d, &w);
}

static const struct option *diff_row(const struct option_table *table, struct view key)
{
	for (size_t i = 0; table && i < table->n; i++)
		if (view_eq(view_str(table->rows[i].name), key))
			return &table->rows[i];
	return NULL;
}

static struct view diff_join(struct arena *region, struct view path, struct view key)
{
	if (path.n)
		path = region_join(region, path, VIEW("/"));
	return region_join(region, path, key);
}

static void diff_push(struct diff_run *r, const struct diff_task *t)
{
	struct diff_task *copy = REGION_NEW(r->d->region, struct diff_task, 1);

	*copy = *t;
	copy->next = *r->at;
	*r->at = copy;
	r->at = &copy->next;
}

static void diff_option(struct diff_run *r, const struct diff_task *t, struct view key,
			const struct node *old, const struct node *now)
{
	const struct option *row = diff_row(t->table, key);
	struct diff_task child = { .path = diff_join(r->d->region, t->path, key),
				   .old = old,
				   .now = now,
				   .row = row,
				   .table = row ? row->table : NULL };

	diff_push(r, &child);
}

static void diff_map(struct diff_run *r, const struct diff_task *t)
{
	struct names seen = names_of(r->d->region);

	for (const struct node *n = t->now->first; n; n = n->next)
		(void)names_put(&seen, n->key, 0);
	for (const struct node *n = t->old->first; n; n = n->next)
		if (names_get(&seen, n->key) == NAMES_NONE)
			diff_option(r, t, n->key, n, NULL);
	seen = names_of(r->d->region);
	for (const struct node *n = t->old->first; n; n = n->next)
		(void)names_put(&seen, n->key, 0);
	for (const struct node *n = t->now->first; n; n = n->next) {
		const struct node *old = NULL;

		if (names_get(&seen, n->key) != NAMES_NONE)
			for (old = t->old->first; old && !view_eq(old->key, n->key);)
				old = old->next;
		diff_option(r, t, n->key, old, n);
	}
}

/* A name for every item: its own, or its number. */
static struct view diff_item_name(struct diff *d, const struct node *item, uint32_t i)
{
	char text[16];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct view name = node_name(item);

	if (name.n)
		return name;
	WBUF_LIT(&w, "#");
	wbuf_dec(&w, i + 1);
	return region_copy(d->region, wbuf_view(&w));
}

/* The items of a list, by name. */
struct diff_items {
	struct names names; /* name to position */
	const struct node **items;
	struct view *texts;
	uint32_t n;
};

static struct diff_items diff_items(struct diff *d, const struct node *list)
{
	struct diff_items s = { .names = names_of(d->region) };

	s.items = (const struct node **)(void *)REGION_NEW(d->region, struct node *, list->n + 1);
	s.texts = REGION_NEW(d->region, struct view, list->n + 1);
	for (const struct node *n = list->first; n; n = n->next, s.n++) {
		s.items[s.n] = n;
		s.texts[s.n] = diff_item_name(d, n, s.n);
		(void)names_put(&s.names, s.texts[s.n], s.n);
	}
	return s;
}

static void diff_list(struct diff_run *r, const struct diff_task *t)
{
	struct diff_items old = diff_items(r->d, t->old), now = diff_items(r->d, t->now);
	uint32_t last = 0;
	bool is_moved = false;

	for (uint32_t i = 0; i < old.n; i++) {
		struct diff_task child = { .path = diff_join(r->d->region, t->path, old.texts[i]),
					   .old = old.items[i],
					   .table = t->table };

		if (names_get(&now.names, old.texts[i]) == NAMES_NONE)
			diff_push(r, &child);
	}
	for (uint32_t i = 0; i < now.n; i++) {
		uint32_t was = names_get(&old.names, now.texts[i]);
		struct diff_task child = { .path = diff_join(r->d->region, t->path, now.texts[i]),
					   .old = was == NAMES_NONE ? NULL : old.items[was],
					   .now = now.items[i],
					   .table = t->table };

		is_moved |= was != NAMES_NONE && was < last;
		last = was != NAMES_NONE ? was : last;
		diff_push(r, &child);
	}
	if (is_moved) {
		uint8_t text[DIFF_LINE_BYTES];
		struct wbuf w = wbuf_of(text, sizeof text);

		wbuf_view_put(&w, view_slice(t->path, 0, 400));
		WBUF_LIT(&w, ": another order");
		diff_line(r->d, &w);
	}
}

/* What a plain text in the place of an item's options stands for. */
static const struct node *diff_unfold(struct diff *d, const struct node *n,
				      const struct option_table *table)
{
	struct node *map = NULL, *option = NULL;

	if (!n || n->kind != NODE_SCALAR || !table || !table->scalar)
		return n;
	map = REGION_NEW(d->region, struct node, 1);
	option = REGION_NEW(d->region, struct node, 1);
	*map = (struct node){ .kind = NODE_MAP, .at = n->at };
	*option = (struct node){
		.kind = NODE_SCALAR, .at = n->at, .text = n->text, .key = view_str(table->scalar)
	};
	node_append(map, option);
	return map;
}

static void diff_one(struct diff_run *r, struct diff_task *t)
{
	bool is_item = !t->row;

	if (t->old && t->now && t->old->kind != t->now->kind) {
		t->old = diff_unfold(r->d, t->old, t->table);
		t->now = diff_unfold(r->d, t->now, t->table);
	}
	if (is_item && !t->old)
		diff_came(r->d, t, "+ ", t->now);
	else if (is_item && !t->now)
		diff_came(r->d, t, "- ", NULL);
	else if (!t->old || !t->now || t->old->kind != t->now->kind)
		diff_value(r->d, t);
	else if (t->old->kind == NODE_MAP)
		diff_map(r, t);
	else if (t->old->kind == NODE_LIST)
		diff_list(r, t);
	else if (!view_eq(t->old->text, t->now->text))
		diff_value(r->d, t);
}

void diff_run(struct diff *d, struct arena *region, const struct node *old, const struct node *now)
{
	static const struct node nothing = { .kind = NODE_MAP };
	struct diff_run r = { .d = d };
	struct diff_task top = { .old = old ? old : &nothing,
				 .now = now ? now : &nothing,
				 .table = options_top() };

	*d = (struct diff){ .region = region };
	d->lines = REGION_NEW(region, struct view, DIFF_LINES);
	r.at = &r.first;
	diff_push(&r, &top);
	while (r.first) {
		struct diff_task *t = r.first;

		r.first = t->next;
		r.at = &r.first;
		diff_one(&r, t);
	}
}

void diff_put(const struct diff *d, struct wbuf *w)
{
	for (uint32_t i = 0; i < d->line_n && wbuf_room(w) > d->lines[i].n; i++) {
		wbuf_view_put(w, d->lines[i]);
		WBUF_LIT(w, "\n");
	}
	if (d->all > d->line_n) {
		WBUF_LIT(w, "and ");
		wbuf_dec(w, d->all - d->line_n);
		WBUF_LIT(w, " more\n");
	}
}
