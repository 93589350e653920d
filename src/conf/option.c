/*
 * The engine behind the option tables. Runs in the config role and in `sluis check`.
 *
 * A tree of maps is walked with a stack of its own: how deep a file is never decides how deep
 * calls go.
 */
#include "conf/option.h"

#include "conf/region.h"
#include "conf/suggest.h"

#include <stdio.h>

enum { OPTION_KIND_TEXT = 400 };

/* A map that waits for its turn. */
struct option_task {
	struct option_task *next;
	const struct option_table *table;
	const struct node *node;
	void *ret;
};

/* One value on its way into its struct. */
struct option_field {
	struct option_parse *p;
	const struct option *row;
	const struct node *node; /* of the value */
	void *ret;		 /* the field */
	struct option_task **tasks;
};

typedef void option_handler(struct option_field *f);

static const char *option_bound(char text[24], const struct option *row, uint64_t x)
{
	struct wbuf w = wbuf_of(text, 23);

	if (row->kind == OPTION_SIZE)
		value_put_size(&w, x);
	else if (row->kind == OPTION_DURATION)
		value_put_duration(&w, x);
	else if (row->kind == OPTION_FACTOR)
		value_put_factor(&w, x);
	else
		wbuf_dec(&w, x);
	text[w.n] = '\0';
	return text;
}

static void option_put_words(struct wbuf *w, const struct option_words *words)
{
	const char *between = "";

	for (size_t i = 0; i < words->n; i++) {
		if (words->p[i].state != OPTION_WORD_READY)
			continue;
		wbuf_str(w, between);
		wbuf_str(w, words->p[i].word);
		between = ", ";
	}
}

static void option_put_range(struct wbuf *w, const struct option *row, const char *what)
{
	char min[24] = "", max[24] = "";

	wbuf_str(w, what);
	wbuf_str(w, " from ");
	wbuf_str(w, option_bound(min, row, row->min));
	wbuf_str(w, " to ");
	wbuf_str(w, option_bound(max, row, row->max));
}

void option_put_kind(struct wbuf *w, const struct option *row)
{
	static const char *const plain[] = {
		[OPTION_BOOL] = "true or false",
		[OPTION_NAME] = "a name of letters, digits, '-', '_' and '.'",
		[OPTION_TEXT] = "a text",
		[OPTION_TEXTS] = "a list of texts",
		[OPTION_NETWORKS] = "a list of networks ([10.0.0.0/8])",
		[OPTION_STATUSES] = "a list of status codes ([200-399])",
		[OPTION_PAIRS] = "a map of names to texts",
		[OPTION_MAP] = "a map",
		[OPTION_LIST] = "a list",
		[OPTION_INCLUDE] = "a list of files",
		[OPTION_ABSENT] = "nothing",
	};

	switch (row->kind) {
	case OPTION_NUMBER:
		option_put_range(w, row, "a number");
		break;
	case OPTION_SIZE:
		option_put_range(w, row, "a size (16k, 4m)");
		break;
	case OPTION_DURATION:
		option_put_range(w, row, "a duration (500ms, 10m)");
		break;
	case OPTION_FACTOR:
		option_put_range(w, row, "a number with at most two decimals");
		break;
	case OPTION_WORD:
		wbuf_str(w, "one of: ");
		option_put_words(w, row->words);
		break;
	case OPTION_WORDS:
		wbuf_str(w, "a list of: ");
		option_put_words(w, row->words);
		break;
	case OPTION_SETS:
		wbuf_str(w, "a list of lists ([[a], [b, c]]) of: ");
		option_put_words(w, row->words);
		break;
	case OPTION_ADDRESS:
		wbuf_str(w, "an address (127.0.0.1:8080, [::1]:8080");
		wbuf_str(w, row->max & 1u << IMAGE_ADDRESS_NAME ? ", host.name:8080" : "");
		wbuf_str(w, row->max & 1u << IMAGE_ADDRESS_UNIX ? ", unix:/path)" : ")");
		break;
	default:
		wbuf_str(w, plain[row->kind]);
		break;
	}
}

void option_put_preset(struct wbuf *w, const struct option *row)
{
	struct view rest = view_str(row->preset);

	if (row->kind != OPTION_SETS) {
		wbuf_view_put(w, rest);
		return;
	}
	WBUF_LIT(w, "[[");
	for (; rest.n; rest = view_slice(rest, 1, rest.n)) {
		if (rest.p[0] == ' ')
			WBUF_LIT(w, "], [");
		else if (rest.p[0] == '+')
			WBUF_LIT(w, ", ");
		else
			wbuf_u8(w, rest.p[0]);
	}
	WBUF_LIT(w, "]]");
}

static void option_wrong(const struct option_field *f, const struct node *at)
{
	char kind[OPTION_KIND_TEXT] = "";
	struct wbuf w = wbuf_of(kind, sizeof kind - 1);

	option_put_kind(&w, f->row);
	kind[w.n] = '\0';
	if (at->kind == NODE_SCALAR)
		diag_error(f->p->diag, at->at, "%s: expected %s, not \"%.*s\"", f->row->name, kind,
			   DIAG_VIEW(at->text));
	else
		diag_error(f->p->diag, at->at, "%s: expected %s", f->row->name, kind);
}

/* The text of a scalar; false (told): the value is a list or a map. */
static bool option_scalar(const struct option_field *f, const struct node *n, struct view *ret)
{
	if (n->kind != NODE_SCALAR) {
		option_wrong(f, n);
		return false;
	}
	*ret = n->text;
	return true;
}

/* A list; one scalar where a list belongs gets told how to write it. */
static bool option_is_list(const struct option_field *f)
{
	if (f->node->kind == NODE_LIST)
		return true;
	if (f->node->kind == NODE_SCALAR && f->node->text.n)
		diag_error(f->p->diag, f->node->at, "%s: expected a list: write [%.*s]",
			   f->row->name, DIAG_VIEW(f->node->text));
	else
		option_wrong(f, f->node);
	return false;
}

static void option_on_bool(struct option_field *f)
{
	struct view text = { 0 };

	if (option_scalar(f, f->node, &text) && value_bool(text, f->ret) != E_OK)
		option_wrong(f, f->node);
}

static void option_on_number(struct option_field *f)
{
	enum err (*const read)(struct view, uint64_t *) =
		f->row->kind == OPTION_SIZE	  ? value_size
		: f->row->kind == OPTION_DURATION ? value_duration
		: f->row->kind == OPTION_FACTOR	  ? value_factor
						  : value_number;
	struct view text = { 0 };
	uint64_t x = 0;

	if (!option_scalar(f, f->node, &text))
		return;
	if (read(text, &x) != E_OK || x < f->row->min || x > f->row->max)
		option_wrong(f, f->node);
	else
		*(uint64_t *)f->ret = x;
}

static void option_on_name(struct option_field *f)
{
	struct view text = { 0 };

	if (!option_scalar(f, f->node, &text))
		return;
	if (value_is_name(text))
		*(struct view *)f->ret = text;
	else
		option_wrong(f, f->node);
}

/* A text of the row's length, on one line unless the row allows more. */
static bool option_text(const struct option_field *f, const struct node *n, struct view *ret)
{
	struct view text = { 0 };

	if (!option_scalar(f, n, &text))
		return false;
	if (text.n < f->row->min || text.n > f->row->max) {
		diag_error(f->p->diag, n->at, "%s: expected %llu to %llu bytes, not %zu",
			   f->row->name, (unsigned long long)f->row->min,
			   (unsigned long long)f->row->max, text.n);
		return false;
	}
	if (!(f->row->flags & OPTION_LINES) &&
	    (view_find(text, '\n') != text.n || view_find(text, '\t') != text.n)) {
		diag_error(f->p->diag, n->at, "%s: expected one line without tabs", f->row->name);
		return false;
	}
	*ret = text;
	return true;
}

static void option_on_text(struct option_field *f)
{
	struct view text = { 0 };

	if (option_text(f, f->node, &text))
		*(struct view *)f->ret = text;
}

static const struct option_word *option_word(const struct option_field *f, const struct node *n)
{
	struct view text = { 0 };
	const struct option_words *words = f->row->words;

	if (!option_scalar(f, n, &text))
		return NULL;
	for (size_t i = 0; i < words->n; i++) {
		const struct option_word *w = &words->p[i];

		if (!view_eq(text, view_str(w->word)))
			continue;
		if (w->state == OPTION_WORD_NEVER)
			diag_error(f->p->diag, n->at, "%s: %s is not available in this version",
				   f->row->name, w->word);
		else if (w->state == OPTION_WORD_LATER)
			diag_warning(f->p->diag, n->at,
				     "%s: %s is not available in this version and has no effect",
				     f->row->name, w->word);
		return w;
	}
	option_wrong(f, n);
	return NULL;
}

static void option_on_word(struct option_field *f)
{
	const struct option_word *w = option_word(f, f->node);

	if (w)
		*(uint8_t *)f->ret = w->value;
}

/* The words of a list, as bits; 0: one of them is none (told). */
static uint8_t option_bits(const struct option_field *f, const struct node *list)
{
	bool is_good = true;
	uint8_t bits = 0;

	for (const struct node *n = list->first; n; n = n->next) {
		const struct option_word *w = option_word(f, n);

		bits |= w ? w->value : 0;
		is_good &= w != NULL;
	}
	return is_good ? bits : 0;
}

static void option_on_words(struct option_field *f)
{
	if (option_is_list(f))
		*(uint8_t *)f->ret = option_bits(f, f->node);
}

static void option_on_sets(struct option_field *f)
{
	struct model_sets sets = { 0 };

	if (!option_is_list(f))
		return;
	sets.p = REGION_NEW(f->p->region, struct model_set, f->node->n);
	for (const struct node *n = f->node->first; n; n = n->next) {
		if (n->kind == NODE_LIST)
			sets.p[sets.n++] = (struct model_set){ .at = n, .bits = option_bits(f, n) };
		else if (n->kind == NODE_SCALAR && n->text.n)
			diag_error(f->p->diag, n->at, "%s: expected a list of lists: write [%.*s]",
				   f->row->name, DIAG_VIEW(n->text));
		else
			option_wrong(f, n);
	}
	*(struct model_sets *)f->ret = sets;
}

static void option_on_address(struct option_field *f)
{
	struct value_address a = { 0 };
	struct view text = { 0 };

	if (!option_scalar(f, f->node, &text))
		return;
	if (value_address(text, &a) != E_OK || !(f->row->max & 1u << a.kind))
		option_wrong(f, f->node);
	else
		*(struct value_address *)f->ret = a;
}

static void option_on_texts(struct option_field *f)
{
	struct model_texts list = { 0 };

	if (!option_is_list(f))
		return;
	list.p = REGION_NEW(f->p->region, struct model_text, f->node->n);
	for (const struct node *n = f->node->first; n; n = n->next) {
		struct model_text *t = &list.p[list.n];

		if (option_text(f, n, &t->text)) {
			t->at = n;
			list.n++;
		}
	}
	*(struct model_texts *)f->ret = list;
}

static void option_on_networks(struct option_field *f)
{
	struct model_networks list = { 0 };
	struct view text = { 0 };

	if (!option_is_list(f))
		return;
	list.p = REGION_NEW(f->p->region, struct ip_net, f->node->n);
	for (const struct node *n = f->node->first; n; n = n->next) {
		if (!option_scalar(f, n, &text))
			continue;
		if (ip_net_parse(text, &list.p[list.n]) == E_OK)
			list.n++;
		else
			diag_error(f->p->diag, n->at,
				   "%s: expected a network like 10.0.0.0/8 or 2001:db8::/32 (bits "
				   "behind the prefix are zero), not \"%.*s\"",
				   f->row->name, DIAG_VIEW(text));
	}
	*(struct model_networks *)f->ret = list;
}

static void option_on_statuses(struct option_field *f)
{
	struct model_statuses list = { 0 };
	struct view text = { 0 };

	if (!option_is_list(f))
		return;
	list.p = REGION_NEW(f->p->region, struct image_status_range, f->node->n);
	for (const struct node *n = f->node->first; n; n = n->next) {
		if (!option_scalar(f, n, &text))
			continue;
		if (value_status_range(text, &list.p[list.n]) == E_OK)
			list.n++;
		else
			option_wrong(f, n);
	}
	*(struct model_statuses *)f->ret = list;
}

static void option_on_pairs(struct option_field *f)
{
	struct model_pairs list = { 0 };

	if (f->node->kind != NODE_MAP) {
		option_wrong(f, f->node);
		return;
	}
	list.p = REGION_NEW(f->p->region, struct model_pair, f->node->n);
	for (const struct node *n = f->node->first; n; n = n->next) {
		struct model_pair *pair = &list.p[list.n];

		if (option_text(f, n, &pair->value)) {
			pair->at = n;
			pair->name = n->key;
			list.n++;
		}
	}
	*(struct model_pairs *)f->ret = list;
}

static void option_push(struct option_field *f, const struct node *node, void *ret)
{
	struct option_task *t = REGION_NEW(f->p->region, struct option_task, 1);

	*t = (struct option_task){
		.next = *f->tasks, .table = f->row->table, .node = node, .ret = ret
	};
	*f->tasks = t;
}

static void option_on_map(struct option_field *f)
{
	option_push(f, f->node, f->ret);
}

static void option_on_list(struct option_field *f)
{
	struct model_list list = { 0 };
	uint8_t *at = NULL;

	if (!option_is_list(f))
		return;
	if (f->node->n > f->row->max) {
		diag_error(f->p->diag, f->node->at, "%s: %u of them, at most %llu", f->row->name,
			   f->node->n, (unsigned long long)f->row->max);
		return;
	}
	list.n = f->node->n;
	list.p = region_alloc(f->p->region, list.n, f->row->table->size, 8);
	at = list.p;
	for (const struct node *n = f->node->first; n; n = n->next) {
		option_push(f, n, at);
		at += f->row->table->size;
	}
	*(struct model_list *)f->ret = list;
}

static void option_on_absent(struct option_field *f)
{
	const struct node *n = f->node;
	bool is_off = n->kind == NODE_SCALAR
			      ? view_eq(n->text, VIEW("false")) || view_eq(n->text, VIEW("off")) ||
					view_eq(n->text, VIEW("none")) ||
					view_eq(n->text, VIEW("0")) || n->text.n == 0
			      : n->n == 0;

	if (!is_off)
		diag_error(f->p->diag, n->key_at,
			   "%s is not available in this version: leave it out", f->row->name);
}

static void option_on_include(struct option_field *f)
{
	(void)f; /* source.c has read the files */
}

static option_handler *const option_handlers[] = {
	[OPTION_BOOL] = option_on_bool,		[OPTION_NUMBER] = option_on_number,
	[OPTION_SIZE] = option_on_number,	[OPTION_DURATION] = option_on_number,
	[OPTION_FACTOR] = option_on_number,	[OPTION_NAME] = option_on_name,
	[OPTION_TEXT] = option_on_text,		[OPTION_WORD] = option_on_word,
	[OPTION_WORDS] = option_on_words,	[OPTION_SETS] = option_on_sets,
	[OPTION_ADDRESS] = option_on_address,	[OPTION_TEXTS] = option_on_texts,
	[OPTION_NETWORKS] = option_on_networks, [OPTION_STATUSES] = option_on_statuses,
	[OPTION_PAIRS] = option_on_pairs,	[OPTION_MAP] = option_on_map,
	[OPTION_LIST] = option_on_list,		[OPTION_ABSENT] = option_on_absent,
	[OPTION_INCLUDE] = option_on_include,
};

/* A list of the parts of a text. */
static struct node *option_split(struct option_parse *p, struct view rest, uint8_t between)
{
	struct node *list = REGION_NEW(p->region, struct node, 1);

	list->kind = NODE_LIST;
	while (rest.n) {
		struct node *item = REGION_NEW(p->region, struct node, 1);
		size_t end = view_find(rest, between);

		item->kind = NODE_SCALAR;
		item->text = view_slice(rest, 0, end);
		node_append(list, item);
		rest = view_slice(rest, end + 1, rest.n);
	}
	return list;
}

/* What a preset stands for: a scalar, a list of its words, or a list of lists ("a b+c"). */
static const struct node *option_preset(struct option_parse *p, const struct option *row)
{
	struct view text = view_str(row->preset);
	struct node *n = NULL, *list = NULL;

	if (row->kind == OPTION_WORDS || row->kind == OPTION_STATUSES || row->kind == OPTION_SETS)
		n = option_split(p, text, ' ');
	if (!n) {
		n = REGION_NEW(p->region, struct node, 1);
		n->kind = NODE_SCALAR;
		n->text = text;
	}
	if (row->kind != OPTION_SETS)
		return n;
	list = REGION_NEW(p->region, struct node, 1);
	list->kind = NODE_LIST;
	for (const struct node *item = n->first; item; item = item->next)
		node_append(list, option_split(p, item->text, '+'));
	return list;
}

/* The option that word may have meant; empty: none, or enough was guessed. */
static struct view option_guess_row(struct option_parse *p, const struct option_table *table,
				    struct view word)
{
	struct suggest s = suggest_for(word);

	if (p->guesses++ >= OPTION_GUESSES_MAX)
		return (struct view){ 0 };
	for (size_t i = 0; i < table->n; i++)
		suggest_offer(&s, view_str(table->rows[i].name));
	return s.best;
}

/* Keys that no row has. */
static void option_check_keys(struct option_parse *p, const struct option_table *table,
			      const struct node *map)
{
	for (const struct node *n = map->first; n; n = n->next) {
		struct view guess = { 0 };
		size_t i = 0;

		while (i < table->n && !view_eq(n->key, view_str(table->rows[i].name)))
			i++;
		if (i < table->n)
			continue;
		guess = option_guess_row(p, table, n->key);
		if (guess.n)
			diag_error(p->diag, n->key_at,
				   "%s has no option \"%.*s\"; did you mean \"%.*s\"?", table->name,
				   DIAG_VIEW(n->key), DIAG_VIEW(guess));
		else
			diag_error(p->diag, n->key_at, "%s has no option \"%.*s\"", table->name,
				   DIAG_VIEW(n->key));
	}
}

/* The map that a task's node stands for; a scalar may be short for one option. NULL: told. */
static const struct node *option_map(struct option_parse *p, const struct option_task *t)
{
	struct node *map = NULL, *value = NULL;

	if (!t->node || t->node->kind == NODE_MAP)
		return t->node;
	if (t->node->kind != NODE_SCALAR || !t->table->scalar || t->node->text.n == 0) {
		diag_error(p->diag, t->node->at, "expected a map of options (%s)", t->table->name);
		return NULL;
	}
	map = REGION_NEW(p->region, struct node, 1);
	value = REGION_NEW(p->region, struct node, 1);
	*map = *t->node;
	map->kind = NODE_MAP;
	*value = *t->node;
	value->key = view_str(t->table->scalar);
	value->key_at = value->at;
	node_append(map, value);
	return map;
}

static void option_run(struct option_parse *p, const struct option_task *t,
		       struct option_task **tasks)
{
	const struct node *map = option_map(p, t);

	*(const struct node **)t->ret = map;
	if (map)
		option_check_keys(p, t->table, map);
	for (size_t i = 0; i < t->table->n; i++) {
		const struct option *row = &t->table->rows[i];
		struct option_field f = {
			.p = p, .row = row, .ret = (uint8_t *)t->ret + row->offset, .tasks = tasks
		};
		const struct node *given = node_get(map, row->name);

		if (row->preset) {
			f.node = option_preset(p, row);
			option_handlers[row->kind](&f);
		}
		f.node = given;
		if (given || row->kind == OPTION_MAP)
			option_handlers[row->kind](&f);
		else if (row->flags & OPTION_REQUIRED && map)
			diag_error(p->diag, map->at, "%s needs \"%s\"", t->table->name, row->name);
	}
}

void option_parse(struct option_parse *p, const struct option_table *table, const struct node *node,
		  void *ret)
{
	struct option_task *tasks = NULL;
	struct option_task first = { .table = table, .node = node, .ret = ret };

	option_run(p, &first, &tasks);
	while (tasks) {
		struct option_task *t = tasks;

		tasks = t->next;
		option_run(p, t, &tasks);
	}
}
