/*
 * Access rules: the tree that people write to the tree in preorder that src/access reads. How deep
 * the tree is never decides how deep calls go.
 */
#include "conf/check.h"

#include "conf/region.h"
#include "ipc/gate_words.h"

/* A list of conditions that is being worked on: where it has come to. */
struct check_condition_list {
	const struct model_condition *next, *end;
	uint32_t node; /* that they belong to */
};

struct check_condition_walk {
	struct check *c;
	struct model_tree tree;
	struct check_condition_list stack[IMAGE_CONDITION_DEPTH];
	uint32_t depth;
	bool is_wrong;
};

/* A user's or a group's name, as ipc/gate_words.h has it. */
static bool check_condition_is_name(struct view text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t b = text.p[i];

		if (!(b >= 'a' && b <= 'z') && !(b >= '0' && b <= '9') && b != '.' && b != '_' &&
		    b != '-')
			return false;
	}
	return text.n != 0 && text.n <= GATE_USER_MAX;
}

bool check_condition_name(struct check *c, struct place at, const char *what, struct view text)
{
	struct view lower = check_lower(c, text);

	if (check_condition_is_name(text))
		return true;
	if (check_condition_is_name(lower))
		diag_error(c->diag, at,
			   "names of users and groups are in lower case: write \"%.*s\"",
			   DIAG_VIEW(lower));
	else
		diag_error(c->diag, at,
			   "\"%.*s\" is not the name of a %s: it has letters, digits, '.', '_' and "
			   "'-'",
			   DIAG_VIEW(text), what);
	return false;
}

/* Monday is 1; 0: no day. */
static unsigned check_condition_day(struct view text)
{
	static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

	for (unsigned i = 0; i < 7; i++)
		if (view_ieq(text, view_str(days[i])))
			return i + 1;
	return 0;
}

/* "mon" or "mon-fri", also over the end of the week; 0: neither. */
static uint8_t check_condition_days(struct view text)
{
	size_t dash = view_find(text, '-');
	unsigned first = check_condition_day(view_slice(text, 0, dash));
	unsigned last =
		dash == text.n ? first : check_condition_day(view_slice(text, dash + 1, text.n));
	uint8_t bits = 0;

	if (!first || !last)
		return 0;
	for (unsigned d = first;; d = d % 7 + 1) {
		bits |= (uint8_t)(1u << d);
		if (d == last)
			return bits;
	}
}

/* "07:00" to minutes; up to "24:00". False: it is none */
static bool check_condition_minutes(struct view text, uint16_t *ret)
{
	size_t colon = view_find(text, ':');
	uint64_t hour = 0, minute = 0;

	if (text.n != colon + 3 || colon == 0 || colon > 2 ||
	    view_dec(view_slice(text, 0, colon), &hour) != E_OK ||
	    view_dec(view_slice(text, colon + 1, 2), &minute) != E_OK || minute > 59 ||
	    hour * 60 + minute > IMAGE_DAY_MINUTES)
		return false;
	*ret = (uint16_t)(hour * 60 + minute);
	return true;
}

static void check_condition_time(struct check *c, const struct model_time *m, struct model_node *to)
{
	static const uint8_t every_day = 0xfe;

	to->days = m->days.p ? 0 : every_day;
	for (uint32_t i = 0; m->days.p && i < m->days.n; i++) {
		uint8_t days = check_condition_days(m->days.p[i].text);

		if (!days)
			diag_error(c->diag, m->days.p[i].at->at,
				   "\"%.*s\" is no day: write mon, tue, wed, thu, fri, sat or sun, "
				   "or mon-fri",
				   DIAG_VIEW(m->days.p[i].text));
		to->days |= days;
	}
	if (m->days.p && m->days.n == 0)
		diag_error(c->diag, node_place(m->at, "days"),
			   "no day: leave it out for every day");
	if (!check_condition_minutes(m->from, &to->from) || to->from == IMAGE_DAY_MINUTES)
		diag_error(c->diag, node_place(m->at, "from"),
			   "from: expected a time from 00:00 to 23:59, not \"%.*s\"",
			   DIAG_VIEW(m->from));
	else if (!check_condition_minutes(m->to, &to->to))
		diag_error(c->diag, node_place(m->at, "to"),
			   "to: expected a time from 00:00 to 24:00, not \"%.*s\"",
			   DIAG_VIEW(m->to));
	else if (to->from == to->to)
		diag_error(c->diag, node_place(m->at, "to"),
			   "from and to are the same: leave both out for the whole day");
}

/* The members that are given. */
static unsigned check_condition_kinds(const struct model_condition *m)
{
	return (unsigned)(m->all.p != NULL) << IMAGE_IF_ALL |
	       (unsigned)(m->any.p != NULL) << IMAGE_IF_ANY |
	       (unsigned)(m->none.p != NULL) << IMAGE_IF_NONE |
	       (unsigned)(m->group.n != 0) << IMAGE_IF_GROUP |
	       (unsigned)(m->user.n != 0) << IMAGE_IF_USER |
	       (unsigned)(m->zone.n != 0) << IMAGE_IF_ZONE |
	       (unsigned)(m->factor != 0) << IMAGE_IF_FACTOR |
	       (unsigned)m->client_certificate << IMAGE_IF_CERTIFICATE |
	       (unsigned)(m->time.at != NULL) << IMAGE_IF_TIME |
	       (unsigned)m->everyone << IMAGE_IF_EVERYONE;
}

/* Of a condition that has exactly one; 0: told. */
static uint8_t check_condition_kind(struct check *c, const struct model_condition *m)
{
	static const char *const switches[] = { "everyone", "client_certificate" };
	unsigned bits = check_condition_kinds(m);

	for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
		bool is_on = i ? m->client_certificate : m->everyone;

		if (!is_on && node_get(m->at, switches[i])) {
			diag_error(c->diag, node_place(m->at, switches[i]),
				   "a condition is what holds: write none: [{%s: true}]",
				   switches[i]);
			return 0;
		}
	}
	if (bits && !(bits & (bits - 1)))
		return (uint8_t)__builtin_ctz(bits);
	if (bits)
		diag_error(c->diag, m->at->at,
			   "a condition is one thing: write all: [...] or any: [...] around "
			   "several");
	else if (m->at->n == 0) /* else what is in it was told of */
		diag_error(c->diag, m->at->at,
			   "an empty condition: write everyone: true, or what has to hold");
	return 0;
}

static struct model_list check_condition_children(const struct model_condition *m, uint8_t kind)
{
	return kind == IMAGE_IF_ALL    ? m->all
	       : kind == IMAGE_IF_ANY  ? m->any
	       : kind == IMAGE_IF_NONE ? m->none
				       : (struct model_list){ 0 };
}

static void check_condition_leaf(struct check *c, const struct model_condition *m,
				 struct model_node *to)
{
	switch (to->kind) {
	case IMAGE_IF_GROUP:
		to->text = m->group;
		(void)check_condition_name(c, node_place(m->at, "group"), "group", m->group);
		break;
	case IMAGE_IF_USER:
		to->text = m->user;
		(void)check_condition_name(c, node_place(m->at, "user"), "user", m->user);
		break;
	case IMAGE_IF_ZONE:
		to->index = check_resolve(c, &c->zones, "zone", m->zone, node_place(m->at, "zone"));
		break;
	case IMAGE_IF_FACTOR:
		to->index = m->factor;
		break;
	case IMAGE_IF_TIME:
		check_condition_time(c, &m->time, to);
		break;
	default:
		break;
	}
}

/* Lists that hold nothing say the opposite of what they look like. */
static void check_condition_empty(struct check *c, const struct model_condition *m, uint8_t kind)
{
	static const char *const names[] = {
		[IMAGE_IF_ALL] = "all", [IMAGE_IF_ANY] = "any", [IMAGE_IF_NONE] = "none"
	};

	diag_error(c->diag, node_place(m->at, names[kind]),
		   "%s of nothing: write what has to hold, or everyone: true", names[kind]);
}

/* One condition, and its list as the next one to work on. */
static void check_condition_one(struct check_condition_walk *w, const struct model_condition *m)
{
	struct model_node *to = NULL;
	struct model_list list = { 0 };

	if (!m->at)
		return; /* no map: told */
	if (w->tree.n == IMAGE_CONDITIONS_MAX) {
		diag_error(w->c->diag, m->at->at, "too many conditions: at most %d in one rule",
			   IMAGE_CONDITIONS_MAX);
		w->is_wrong = true;
		return;
	}
	to = &w->tree.p[w->tree.n];
	*to = (struct model_node){ .at = m->at,
				   .kind = check_condition_kind(w->c, m),
				   .depth = (uint8_t)w->depth };
	if (!to->kind)
		return;
	w->tree.n++;
	check_condition_leaf(w->c, m, to);
	if (to->kind > IMAGE_IF_NONE)
		return;
	list = check_condition_children(m, to->kind);
	if (list.n == 0)
		check_condition_empty(w->c, m, to->kind);
	if (w->depth + 1 == IMAGE_CONDITION_DEPTH) {
		diag_error(w->c->diag, m->at->at, "at most %d conditions in one another",
			   IMAGE_CONDITION_DEPTH);
		return;
	}
	w->stack[w->depth++] = (struct check_condition_list){
		.next = list.p,
		.end = (const struct model_condition *)list.p + list.n,
		.node = w->tree.n - 1,
	};
}

struct model_tree check_condition(struct check *c, const struct model_condition *from)
{
	struct check_condition_walk w = { .c = c };
	uint32_t errors = c->diag->errors;

	if (!from->at)
		return w.tree;
	w.tree.p = REGION_NEW(c->region, struct model_node, IMAGE_CONDITIONS_MAX);
	check_condition_one(&w, from);
	while (w.depth && !w.is_wrong) {
		struct check_condition_list *l = &w.stack[w.depth - 1];

		if (l->next < l->end) {
			check_condition_one(&w, l->next++);
			continue;
		}
		w.tree.p[l->node].n = w.tree.n - l->node - 1;
		w.depth--;
	}
	if (c->diag->errors != errors)
		return (struct model_tree){ 0 };
	return w.tree;
}
