/*
 * The table is small and kept whole: a change makes the next one beside it, publishes it, and
 * writes it to the store in one transaction. Cells that may no longer reach an application lose
 * their way to its servers at once, and end two seconds later whatever they show meanwhile.
 */
#include "role/authority/isolate.h"

#include "role/authority/reach.h"
#include "sys/log.h"

enum { ISOLATE_NONE = UINT32_MAX, ISOLATE_TRY_MS = 5000 };

/* ---- the table ---- */

static bool isolate_is(const struct level_entry *e, uint8_t scope, struct view name,
		       bool is_exercise)
{
	return e->scope == scope && e->is_exercise == is_exercise &&
	       view_eq(view_of(e->name, e->name_n), name);
}

static uint32_t isolate_find(const struct authority *a, uint8_t scope, struct view name,
			     bool is_exercise)
{
	for (uint32_t i = 0; i < a->levels.book.n; i++)
		if (isolate_is(&a->levels.book.at[i], scope, name, is_exercise))
			return i;
	return ISOLATE_NONE;
}

static void isolate_publish(struct authority *a)
{
	level_page_publish(&a->gate->levels, a->levels.book.at, a->levels.book.n);
	a->levels.book.version = level_page_version(&a->gate->levels);
	isolate_remap(a);
}

void isolate_remap(struct authority *a)
{
	level_map_make(&a->levels, authority_image(a));
}

/* ---- the store ---- */

static enum err isolate_write_row(struct authority *a, uint32_t i)
{
	const struct level_entry *e = &a->levels.book.at[i];
	const struct level_note *n = &a->level_notes[i];
	struct store_ask q = store_ask(&a->store, Q_LEVEL_ADD);

	store_put_int(&q, e->scope);
	store_put_text(&q, view_of(e->name, e->name_n));
	store_put_int(&q, e->is_exercise);
	store_put_int(&q, e->mask);
	store_put_int(&q, e->since_s);
	store_put_int(&q, e->until_s);
	store_put_text(&q, view_of(n->reason, n->reason_n));
	store_put_text(&q, view_of(n->by, n->by_n));
	return store_run(&q);
}

static enum err isolate_write_rows(struct authority *a)
{
	struct store_ask q = store_ask(&a->store, Q_LEVEL_CLEAR);

	TRY(store_run(&q));
	for (uint32_t i = 0; i < a->levels.book.n; i++)
		TRY(isolate_write_row(a, i));
	return E_OK;
}

static enum err isolate_write(struct authority *a)
{
	TRY(store_begin(&a->store));
	if (isolate_write_rows(a) != E_OK) {
		store_abort(&a->store);
		return E_SYS;
	}
	return store_commit(&a->store);
}

static uint16_t isolate_text(uint8_t *p, size_t cap, struct view v)
{
	struct wbuf w = wbuf_of(p, cap);

	wbuf_view_put(&w, view_slice(v, 0, cap));
	return (uint16_t)w.n;
}

static bool isolate_read_row(struct authority *a, const struct store_ask *q)
{
	struct level_book *b = &a->levels.book;
	struct level_entry e = { 0 };
	struct level_note n = { 0 };
	struct view name = store_bytes(q, 1);
	uint64_t scope = store_int(q, 0), mask = store_int(q, 3);

	if (b->n == LEVEL_ENTRIES || name.n > LEVEL_NAME_MAX || scope >= LEVEL_SCOPES ||
	    mask > UINT16_MAX)
		return false;
	e.scope = (uint8_t)scope;
	e.name_n = (uint8_t)isolate_text(e.name, sizeof e.name, name);
	e.is_exercise = store_int(q, 2) != 0;
	e.mask = (uint16_t)mask;
	e.since_s = store_int(q, 4);
	e.until_s = store_int(q, 5);
	n.reason_n = isolate_text(n.reason, sizeof n.reason, store_bytes(q, 6));
	n.by_n = isolate_text(n.by, sizeof n.by, store_bytes(q, 7));
	if (!level_is_sound(&e))
		return false;
	a->level_notes[b->n] = n;
	b->at[b->n++] = e;
	return true;
}

/* Which levels there were nobody can tell: then everything is closed, until somebody says which. */
static void isolate_close_all(struct authority *a)
{
	const struct tell t = { .action = "isolation.damaged",
				.object = VIEW_INIT("all"),
				.result = "closed",
				.detail = VIEW_INIT("the levels in the store can't be understood"),
				.is_alarm = true };
	struct level_note *n = &a->level_notes[0];

	a->levels.book.n = 1;
	a->levels.book.at[0] = (struct level_entry){ .scope = LEVEL_OF_ALL,
						     .mask = LEVEL_BIT(LEVEL_CLOSED),
						     .since_s = authority_wall_s(a) };
	*n = (struct level_note){ 0 };
	n->reason_n = isolate_text(n->reason, sizeof n->reason, t.detail);
	n->by_n = isolate_text(n->by, sizeof n->by, VIEW("authority"));
	tell_event(a, &t);
	log_line(LOG_ERROR, "the levels of isolation in the store can't be understood: everything "
			    "is closed");
}

enum err isolate_open(struct authority *a)
{
	struct store_ask q = store_ask(&a->store, Q_LEVEL_ALL);
	bool is_sound = true;
	enum err e = E_OK;

	a->levels.book.n = 0;
	for (e = store_next(&q); e == E_OK && is_sound; e = store_next(&q))
		is_sound = isolate_read_row(a, &q);
	store_end(&q);
	if (e == E_SYS)
		return E_SYS;
	if (!is_sound)
		isolate_close_all(a);
	isolate_publish(a);
	return E_OK;
}

/* ---- changing ---- */

bool isolate_knows(const struct authority *a, uint8_t scope, struct view name)
{
	const struct image *im = authority_image(a);

	if (scope == LEVEL_OF_ALL)
		return name.n == 0;
	if (name.n == 0 || name.n > LEVEL_NAME_MAX)
		return false;
	for (uint32_t i = 0; scope == LEVEL_OF_LISTENER && i < image_count(im, IMAGE_LISTENER); i++)
		if (view_eq(image_view(im, image_listener_at(im, i)->name), name))
			return true;
	for (uint32_t i = 0; scope == LEVEL_OF_APP && i < image_count(im, IMAGE_APP); i++)
		if (view_eq(image_view(im, image_app_at(im, i)->name), name))
			return true;
	for (uint32_t i = 0; scope == LEVEL_OF_ZONE && i < image_count(im, IMAGE_ZONE); i++)
		if (view_eq(image_view(im, image_zone_at(im, i)->name), name))
			return true;
	return scope == LEVEL_OF_ZONE && view_eq(name, VIEW("internet"));
}

bool isolate_is_looser(const struct authority *a, const struct isolate_wish *w)
{
	uint32_t i = isolate_find(a, w->scope, w->name, w->is_exercise);

	if (i == ISOLATE_NONE || w->is_exercise || w->mask & LEVEL_BIT(LEVEL_CLOSED))
		return false;
	return a->levels.book.at[i].mask & ~w->mask;
}

static void isolate_take_out(struct authority *a, uint32_t i)
{
	struct level_book *b = &a->levels.book;

	for (b->n--; i < b->n; i++) {
		b->at[i] = b->at[i + 1];
		a->level_notes[i] = a->level_notes[i + 1];
	}
}

static enum err isolate_put(struct authority *a, const struct isolate_wish *w)
{
	uint32_t i = isolate_find(a, w->scope, w->name, w->is_exercise);
	struct level_book *b = &a->levels.book;
	struct level_note *n = NULL;

	if (!w->mask) {
		if (i != ISOLATE_NONE)
			isolate_take_out(a, i);
		return E_OK;
	}
	if (i == ISOLATE_NONE) {
		if (b->n == LEVEL_ENTRIES)
			return E_LIMIT;
		i = b->n++;
	}
	n = &a->level_notes[i];
	b->at[i] = (struct level_entry){ .scope = w->scope,
					 .mask = w->mask,
					 .is_exercise = w->is_exercise,
					 .since_s = authority_wall_s(a),
					 .until_s = w->until_s };
	b->at[i].name_n = (uint8_t)isolate_text(b->at[i].name, LEVEL_NAME_MAX, w->name);
	*n = (struct level_note){ 0 };
	n->reason_n = isolate_text(n->reason, sizeof n->reason, w->reason);
	n->by_n = isolate_text(n->by, sizeof n->by, w->by);
	return E_OK;
}

static void isolate_put_mask(struct wbuf *w, uint16_t mask)
{
	bool is_more = false;

	if (!mask)
		WBUF_LIT(w, "open");
	for (unsigned i = LEVEL_OPEN + 1; i < LEVELS; i++) {
		if (!(mask & LEVEL_BIT(i)))
			continue;
		if (is_more)
			WBUF_LIT(w, ", ");
		wbuf_view_put(w, level_name((enum level)i));
		is_more = true;
	}
}

static void isolate_tell(struct authority *a, const struct isolate_wish *w, uint16_t was,
			 const char *action, bool is_alarm)
{
	uint8_t object_at[LEVEL_NAME_MAX + 16], detail_at[512], result_at[128];
	struct wbuf object = wbuf_of(object_at, sizeof object_at),
		    detail = wbuf_of(detail_at, sizeof detail_at),
		    result = wbuf_of(result_at, sizeof result_at - 1);
	struct tell t = w->tell ? *w->tell : (struct tell){ 0 };

	wbuf_view_put(&object, level_scope_name((enum level_scope)w->scope));
	if (w->name.n) {
		WBUF_LIT(&object, " ");
		wbuf_view_put(&object, w->name);
	}
	isolate_put_mask(&result, w->mask);
	result_at[result.n] = '\0';
	WBUF_LIT(&detail, "was ");
	isolate_put_mask(&detail, was);
	if (w->until_s) {
		WBUF_LIT(&detail, "; for ");
		wbuf_dec(&detail, w->until_s - authority_wall_s(a));
		WBUF_LIT(&detail, " s");
	}
	if (w->reason.n) {
		WBUF_LIT(&detail, "; ");
		wbuf_view_put(&detail, w->reason);
	}
	t.action = action;
	t.object = wbuf_view(&object);
	t.result = (const char *)result_at;
	t.detail = wbuf_view(&detail);
	t.is_alarm = is_alarm;
	tell_event(a, &t);
}

void isolate_tell_orphans(struct authority *a)
{
	for (uint32_t i = 0; i < a->levels.book.n; i++) {
		const struct level_entry *e = &a->levels.book.at[i];
		const struct isolate_wish w = { .scope = e->scope,
						.mask = e->mask,
						.name = view_of(e->name, e->name_n) };

		if (!e->is_exercise && !isolate_knows(a, w.scope, w.name))
			isolate_tell(a, &w, e->mask, "isolation.orphaned", true);
	}
}

/* ---- who is inside ---- */

static bool isolate_may_stay(const struct authority_cell *c, const struct image_app *app)
{
	struct decision d = { .verdict = GATE_OK };
	struct decide_facts facts;
	struct session s = { 0 };

	if (session_by_id(c->a, c->session, &s) != E_OK ||
	    decide_facts(c->a, &s, &(struct decide_from){ .ip = c->ip }, &facts) != E_OK)
		return false;
	isolate_decide(c, &s, app, facts.facts.groups, &d);
	return d.verdict == GATE_OK;
}

static bool isolate_may_keep(const struct authority_cell *c)
{
	const struct image *im = authority_image(c->a);

	for (unsigned i = 0; i < c->app_n; i++) {
		const struct image_app *app = decide_app_by_id(im, c->apps[i]);

		if (app && !isolate_may_stay(c, app))
			return false;
	}
	return true;
}

static void isolate_cut(struct authority *a)
{
	for (unsigned i = 0; a->levels.has_any && i < CELL_SLOTS; i++) {
		struct authority_cell *c = &a->cells[i];

		if (!c->serial || !c->app_n || c->condemned_ms || isolate_may_keep(c))
			continue;
		reach_forbid(a, c);
		c->condemned_ms = a->now_ms + AUTHORITY_KILL_MS;
	}
}

static void isolate_apply(struct authority *a)
{
	isolate_publish(a);
	isolate_cut(a);
}

static void isolate_keep(struct authority *a)
{
	a->level_before = a->levels.book;
	for (unsigned i = 0; i < LEVEL_ENTRIES; i++)
		a->level_notes_before[i] = a->level_notes[i];
}

static void isolate_restore(struct authority *a)
{
	a->levels.book = a->level_before;
	for (unsigned i = 0; i < LEVEL_ENTRIES; i++)
		a->level_notes[i] = a->level_notes_before[i];
}

static bool isolate_is_valid(const struct authority *a, const struct isolate_wish *w)
{
	if (w->mask & ~LEVEL_MASK_ALL || w->mask & LEVEL_BIT(LEVEL_OPEN))
		return false;
	return !w->mask || isolate_knows(a, w->scope, w->name);
}

/* What holds now is in the table, and counts already when it is stricter. */
static enum err isolate_save(struct authority *a, const struct isolate_wish *w, bool is_looser,
			     uint16_t was)
{
	if (isolate_write(a) == E_OK)
		return E_OK;
	if (is_looser) {
		isolate_restore(a);
		return E_SYS;
	}
	a->levels_unsaved_ms = a->now_ms + ISOLATE_TRY_MS;
	isolate_tell(a, w, was, "isolation.unsaved", true);
	return E_OK;
}

enum err isolate_set(struct authority *a, const struct isolate_wish *w)
{
	uint32_t at = isolate_find(a, w->scope, w->name, w->is_exercise);
	uint16_t was = at == ISOLATE_NONE ? 0 : a->levels.book.at[at].mask;
	bool is_looser = isolate_is_looser(a, w) || !w->mask;

	if (!isolate_is_valid(a, w))
		return E_DENIED;
	if (is_looser && !tell_room(a))
		return E_SYS;
	isolate_keep(a);
	TRY(isolate_put(a, w));
	if (!is_looser)
		isolate_apply(a);
	TRY(isolate_save(a, w, is_looser, was));
	if (is_looser)
		isolate_apply(a);
	isolate_tell(a, w, was, w->is_exercise ? "isolation.exercise" : "isolation.set", false);
	return E_OK;
}

/* ---- deciding ---- */

static bool isolate_has_group(struct view groups, struct view name)
{
	while (groups.n) {
		size_t end = view_find(groups, '\n');

		if (name.n && view_eq(view_slice(groups, 0, end), name))
			return true;
		groups = view_slice(groups, end + (end < groups.n), groups.n);
	}
	return false;
}

static uint32_t isolate_index(const struct image *im, const struct image_app *app)
{
	return app ? (uint32_t)(app - image_app_at(im, 0)) : IMAGE_NONE;
}

void isolate_decide(const struct authority_cell *c, const struct session *s,
		    const struct image_app *app, struct view groups, struct decision *d)
{
	const struct authority *a = c->a;
	const struct image *im = authority_image(a);
	uint32_t index = isolate_index(im, app);
	uint16_t on = level_set_of(&a->levels, im, c->listener, index, &c->ip).on;
	struct level_facts f = { .what = LEVEL_FOR_APP, .is_safe = true, .is_running = true };
	enum level by = LEVEL_OPEN;

	if (!on)
		return;
	level_place(im, &c->ip, &f);
	f.is_pilot = isolate_has_group(groups, image_view(im, im->header->isolation.pilot));
	f.is_fresh = s->factor_s >=
		     level_since(&a->levels, im, c->listener, index, &c->ip, LEVEL_STEP_UP);
	by = level_judge(on, &f);
	if (by == LEVEL_STEP_UP)
		*d = (struct decision){ .verdict = GATE_STEP_UP };
	else if (by != LEVEL_OPEN)
		*d = (struct decision){ .verdict = GATE_ISOLATED };
}

static bool isolate_lets(const struct authority_cell *c, uint16_t on)
{
	struct level_facts f = { .what = LEVEL_FOR_SESSION };

	level_place(authority_image(c->a), &c->ip, &f);
	return level_judge(on, &f) == LEVEL_OPEN;
}

bool isolate_lets_in(const struct authority_cell *c)
{
	const struct authority *a = c->a;

	return isolate_lets(
		c,
		level_set_of(&a->levels, authority_image(a), c->listener, IMAGE_NONE, &c->ip).on);
}

bool isolate_lets_enter(const struct authority_cell *c, const struct image_app *app)
{
	const struct authority *a = c->a;
	uint32_t index = isolate_index(authority_image(a), app);

	return index >= IMAGE_APPS_MAX ||
	       !(a->levels.app[index].on & LEVEL_BIT(LEVEL_NO_NEW_SESSIONS));
}

/* ---- time ---- */

static void isolate_expire(struct authority *a)
{
	uint64_t now_s = authority_wall_s(a);

	for (uint32_t i = 0; i < a->levels.book.n; i++) {
		struct level_entry e = a->levels.book.at[i];
		const struct isolate_wish w = { .scope = e.scope,
						.is_exercise = e.is_exercise,
						.name = view_of(e.name, e.name_n),
						.reason = VIEW_INIT("its time is over") };

		if (!e.until_s || e.until_s > now_s)
			continue;
		if (isolate_set(a, &w) == E_OK)
			i--;
	}
}

void isolate_tick(struct authority *a)
{
	if (a->levels_unsaved_ms && a->now_ms >= a->levels_unsaved_ms)
		a->levels_unsaved_ms = isolate_write(a) == E_OK ? 0 : a->now_ms + ISOLATE_TRY_MS;
	isolate_expire(a);
}
