/*
 * The table is small and kept whole, as that of levels is. Levels come first: a step that lets more
 * through is on disk as a level before it is one here, and one that lets less through is a level
 * before anything else happens.
 */
#include "role/authority/recover.h"

#include "role/authority/recover_wish.h"
#include "sys/log.h"

enum { RECOVER_TRY_MS = 5000 };

/* ---- finding ---- */

struct recover_app *recover_find(struct authority *a, struct view name)
{
	for (uint32_t i = 0; i < a->recover.n; i++)
		if (view_eq(recover_app_name(&a->recover.at[i]), name))
			return &a->recover.at[i];
	return NULL;
}

const struct image_app *recover_image_app(const struct authority *a, struct view name)
{
	const struct image *im = authority_image(a);

	for (uint32_t i = 0; i < image_count(im, IMAGE_APP); i++)
		if (view_eq(image_view(im, image_app_at(im, i)->name), name))
			return image_app_at(im, i);
	return NULL;
}

/* What is in force, not exercises. */
static const struct level_entry *recover_level_of(const struct authority *a, struct view name)
{
	const struct level_book *b = &a->levels.book;

	for (uint32_t i = 0; i < b->n; i++)
		if (b->at[i].scope == LEVEL_OF_APP && !b->at[i].is_exercise &&
		    view_eq(view_of(b->at[i].name, b->at[i].name_n), name))
			return &b->at[i];
	return NULL;
}

static uint16_t recover_mask_of(const struct authority *a, struct view name)
{
	const struct level_entry *e = recover_level_of(a, name);

	return e ? e->mask : 0;
}

enum recover_step recover_step_of(struct authority *a, struct view name)
{
	const struct recover_app *r = recover_find(a, name);

	if (r)
		return (enum recover_step)r->step;
	return recover_mask_of(a, name) ? RECOVER_CLOSED : RECOVER_OPEN;
}

/* All that it needs of those that return are before it; of what the image does not have nothing is
 * known. */
static bool recover_is_ready(const struct authority *a, const struct image_app *app,
			     const uint16_t *place, const bool *is_done)
{
	for (uint32_t i = 0; app && i < app->needs.n; i++) {
		uint16_t at = place[image_need_at(authority_image(a), app->needs.first + i)->app];

		if (at != UINT16_MAX && !is_done[at])
			return false;
	}
	return true;
}

void recover_arrange(struct authority *a)
{
	const struct image_app *apps[RECOVER_APPS] = { 0 };
	uint16_t place[IMAGE_APPS_MAX];
	bool is_done[RECOVER_APPS] = { 0 };

	for (unsigned i = 0; i < IMAGE_APPS_MAX; i++)
		place[i] = UINT16_MAX;
	for (uint32_t i = 0; i < a->recover.n; i++) {
		apps[i] = recover_image_app(a, recover_app_name(&a->recover.at[i]));
		if (apps[i])
			place[apps[i] - image_app_at(authority_image(a), 0)] = (uint16_t)i;
	}
	for (uint32_t turn = 0; turn < a->recover.n; turn++) {
		uint32_t at = 0;

		while (at < a->recover.n &&
		       (is_done[at] || !recover_is_ready(a, apps[at], place, is_done)))
			at++;
		INVARIANT(at < a->recover.n); /* image_check: needs lead nowhere in a circle */
		is_done[at] = true;
		a->recover.order[turn] = (uint8_t)at;
	}
}

static void recover_put_levels(struct wbuf *w, uint16_t mask)
{
	for (unsigned i = LEVEL_OPEN + 1; i < LEVELS; i++) {
		if (!(mask & LEVEL_BIT(i)))
			continue;
		WBUF_LIT(w, " ");
		wbuf_view_put(w, level_name((enum level)i));
	}
}

void recover_put_held(const struct authority *a, struct wbuf *w)
{
	const struct level_book *b = &a->levels.book;

	for (uint32_t i = 0; i < b->n && wbuf_room(w) > 2 * LEVEL_NAME_MAX + 64; i++) {
		if (b->at[i].scope == LEVEL_OF_APP || b->at[i].is_exercise)
			continue;
		if (w->n)
			WBUF_LIT(w, "; ");
		wbuf_view_put(w, level_scope_name((enum level_scope)b->at[i].scope));
		if (b->at[i].name_n) {
			WBUF_LIT(w, " ");
			wbuf_view_put(w, view_of(b->at[i].name, b->at[i].name_n));
		}
		WBUF_LIT(w, ":");
		recover_put_levels(w, b->at[i].mask);
	}
}

/* ---- the store ---- */

static enum err recover_write_app(struct authority *a, const struct recover_app *r)
{
	struct store_ask q = store_ask(&a->store, Q_RETURN_ADD);

	store_put_text(&q, recover_app_name(r));
	store_put_int(&q, r->step);
	store_put_int(&q, r->since_s);
	store_put_int(&q, r->fell_s);
	store_put_text(&q, view_of(r->fell_by, r->fell_n));
	return store_run(&q);
}

static enum err recover_write_rows(struct authority *a)
{
	const struct recover *r = &a->recover;
	struct store_ask q = store_ask(&a->store, Q_RETURN_CLEAR);

	TRY(store_run(&q));
	q = store_ask(&a->store, Q_RETURN_HEAD_CLEAR);
	TRY(store_run(&q));
	if (!recover_is_on(a))
		return E_OK;
	q = store_ask(&a->store, Q_RETURN_HEAD_SET);
	store_put_int(&q, r->began_s);
	store_put_int(&q, r->incident_s);
	store_put_text(&q, view_of(r->note.reason, r->note.reason_n));
	store_put_text(&q, view_of(r->note.by, r->note.by_n));
	TRY(store_run(&q));
	for (uint32_t i = 0; i < r->n; i++)
		TRY(recover_write_app(a, &r->at[i]));
	return E_OK;
}

static enum err recover_write(struct authority *a)
{
	TRY(store_begin(&a->store));
	if (recover_write_rows(a) != E_OK) {
		store_abort(&a->store);
		return E_SYS;
	}
	return store_commit(&a->store);
}

/* What it says is in force, and tried again until it is on disk; after a crash meanwhile levels
 * are what they were, or stricter. */
static void recover_save(struct authority *a)
{
	a->recover.unsaved_ms = recover_write(a) == E_OK ? 0 : a->now_ms + RECOVER_TRY_MS;
}

static enum err recover_read_head(struct authority *a)
{
	struct store_ask q = store_ask(&a->store, Q_RETURN_HEAD);
	struct recover *r = &a->recover;
	enum err e = store_next(&q);

	if (e == E_OK) {
		r->began_s = store_int(&q, 0);
		r->incident_s = store_int(&q, 1);
		r->note.reason_n = (uint16_t)user_copy(r->note.reason, sizeof r->note.reason,
						       store_bytes(&q, 2));
		r->note.by_n =
			(uint16_t)user_copy(r->note.by, sizeof r->note.by, store_bytes(&q, 3));
		store_end(&q);
	}
	return e == E_CLOSED ? E_OK : e;
}

/* False: it can't be understood; what can be of it is kept, at the first step. */
static bool recover_read_row(struct authority *a, const struct store_ask *q)
{
	struct recover *r = &a->recover;
	struct recover_app app = { .since_s = store_int(q, 2), .fell_s = store_int(q, 3) };
	struct view name = store_bytes(q, 0), fell_by = store_bytes(q, 4);
	uint64_t step = store_int(q, 1);
	bool is_sound = step > RECOVER_NONE && step < RECOVER_STEPS && name.n > 0 &&
			name.n <= LEVEL_NAME_MAX && fell_by.n <= sizeof app.fell_by &&
			r->n < RECOVER_APPS && recover_is_on(a);

	app.step = is_sound ? (uint8_t)step : RECOVER_CLOSED;
	app.name_n = (uint8_t)user_copy(app.name, sizeof app.name, name);
	app.fell_n = (uint8_t)user_copy(app.fell_by, sizeof app.fell_by, fell_by);
	if (app.name_n && r->n < RECOVER_APPS)
		r->at[r->n++] = app;
	return is_sound;
}

static enum err recover_set_level(struct authority *a, struct view name, uint16_t mask,
				  const struct isolate_wish *why)
{
	const struct isolate_wish w = { .scope = LEVEL_OF_APP,
					.mask = mask,
					.name = name,
					.reason = why->reason,
					.by = why->by,
					.tell = why->tell };

	return isolate_set(a, &w);
}

/* Levels of an application say what it may do: at least what its step does. */
static void recover_hold(struct authority *a, const struct recover_app *r)
{
	static const struct isolate_wish why = { .reason = VIEW_INIT("its step of the return"),
						 .by = VIEW_INIT("authority") };
	uint16_t want = recover_step_mask((enum recover_step)r->step),
		 have = recover_mask_of(a, recover_app_name(r));

	if (!(want & ~have) || have & LEVEL_BIT(LEVEL_CLOSED) ||
	    !recover_image_app(a, recover_app_name(r)))
		return;
	if (recover_set_level(a, recover_app_name(r), (uint16_t)(want | have), &why) != E_OK)
		log_line(LOG_ERROR, "the level of a returning application can't be set");
}

/* Which step each was at nobody can tell: all of it begins anew. */
static void recover_damaged(struct authority *a)
{
	const struct tell t = { .action = "recover.damaged",
				.object = VIEW_INIT("all"),
				.result = "closed",
				.detail = VIEW_INIT("the return in the store can't be understood"),
				.is_alarm = true };

	if (!recover_is_on(a))
		a->recover.began_s = a->recover.incident_s = authority_wall_s(a);
	for (uint32_t i = 0; i < a->recover.n; i++) {
		a->recover.at[i].step = RECOVER_CLOSED;
		a->recover.at[i].since_s = authority_wall_s(a);
	}
	tell_event(a, &t);
	log_line(LOG_ERROR, "the staged return in the store can't be understood: what returns is "
			    "closed");
}

enum err recover_open(struct authority *a)
{
	struct store_ask q = store_ask(&a->store, Q_RETURN_ALL);
	bool is_sound = true;
	enum err e = E_OK;

	a->recover = (struct recover){ 0 };
	TRY(recover_read_head(a));
	for (e = store_next(&q); e == E_OK; e = store_next(&q))
		is_sound &= recover_read_row(a, &q);
	store_end(&q);
	if (e == E_SYS)
		return E_SYS;
	if (!is_sound)
		recover_damaged(a);
	for (uint32_t i = 0; i < a->recover.n; i++)
		recover_hold(a, &a->recover.at[i]);
	return E_OK;
}

/* ---- beginning and end ---- */

static void recover_tell(struct authority *a, const char *action, struct view object,
			 struct view detail, const struct tell *who)
{
	struct tell t = who ? *who : (struct tell){ 0 };

	t.action = action;
	t.result = "ok";
	t.object = object;
	t.detail = detail;
	tell_event(a, &t);
}

/* A level of a wider scope concerns all of them. */
static bool recover_is_wide(const struct authority *a)
{
	for (uint32_t i = 0; i < a->levels.book.n; i++)
		if (!a->levels.book.at[i].is_exercise && a->levels.book.at[i].scope != LEVEL_OF_APP)
			return true;
	return false;
}

static uint64_t recover_incident(const struct authority *a)
{
	const struct level_book *b = &a->levels.book;
	enum level strictest = LEVEL_OPEN;
	uint64_t since_s = authority_wall_s(a);

	for (uint32_t i = 0; i < b->n; i++) {
		enum level level = level_strictest(b->at[i].mask);

		if (b->at[i].is_exercise || level < strictest)
			continue;
		if (level > strictest || b->at[i].since_s < since_s)
			since_s = b->at[i].since_s;
		strictest = level;
	}
	return since_s;
}

static enum err recover_gather(struct authority *a)
{
	const struct image *im = authority_image(a);
	bool is_wide = recover_is_wide(a);
	struct recover *to = &a->recover;

	for (uint32_t i = 0; i < image_count(im, IMAGE_APP); i++) {
		struct view name = image_view(im, image_app_at(im, i)->name);
		struct recover_app *r = NULL;

		if (name.n > LEVEL_NAME_MAX || (!is_wide && !recover_mask_of(a, name)))
			continue;
		if (to->n == RECOVER_APPS)
			return E_LIMIT;
		r = &to->at[to->n++];
		*r = (struct recover_app){ .step = RECOVER_CLOSED, .since_s = authority_wall_s(a) };
		r->name_n = (uint8_t)user_copy(r->name, sizeof r->name, name);
	}
	return to->n ? E_OK : E_CLOSED;
}

/* Each is closed on its own before anything of the return is written: whatever fails half way has
 * closed more than there was. */
static enum err recover_close_all(struct authority *a, const struct recover_wish_to_start *w)
{
	const struct isolate_wish why = { .reason = w->reason, .by = w->by, .tell = w->tell };

	for (uint32_t i = 0; i < a->recover.n; i++) {
		struct view name = recover_app_name(&a->recover.at[i]);
		const struct level_entry *e = recover_level_of(a, name);

		if (e && e->mask & LEVEL_BIT(LEVEL_CLOSED) && !e->until_s)
			continue; /* one that ends by itself would open it by itself */
		TRY(recover_set_level(a, name, LEVEL_BIT(LEVEL_CLOSED), &why));
	}
	return E_OK;
}

static enum err recover_begin(struct authority *a, const struct recover_wish_to_start *w)
{
	struct recover *to = &a->recover;
	uint64_t incident_s = w->incident_s ? w->incident_s : recover_incident(a);

	TRY(recover_gather(a));
	if (!tell_room(a))
		return E_SYS;
	to->note.reason_n = (uint16_t)user_copy(to->note.reason, sizeof to->note.reason, w->reason);
	to->note.by_n = (uint16_t)user_copy(to->note.by, sizeof to->note.by, w->by);
	TRY(recover_close_all(a, w));
	to->incident_s = incident_s;
	to->began_s = authority_wall_s(a);
	return recover_write(a);
}

enum err recover_start(struct authority *a, const struct recover_wish_to_start *w)
{
	enum err e = E_DENIED;

	if (recover_is_on(a))
		return e;
	a->recover.n = 0;
	a->recover.unsaved_ms = 0;
	e = recover_begin(a, w);
	if (e != E_OK) {
		a->recover.began_s = 0;
		a->recover.n = 0;
		return e;
	}
	recover_tell(a, "recover.started", VIEW("all"), w->reason, w->tell);
	return E_OK;
}

enum err recover_stop(struct authority *a, struct view reason, const struct tell *tell)
{
	uint64_t began_s = a->recover.began_s;
	uint32_t n = a->recover.n;

	if (!tell_room(a))
		return E_SYS;
	a->recover.began_s = 0;
	a->recover.n = 0;
	if (recover_write(a) != E_OK) {
		a->recover.began_s = began_s;
		a->recover.n = n;
		return E_SYS;
	}
	recover_wish_void(a, RECOVER_WISH_STEP, (struct view){ 0 }, "the return has ended");
	recover_tell(a, "recover.ended", VIEW("all"), reason, tell);
	return E_OK;
}

/* ---- steps ---- */

enum err recover_take(struct authority *a, struct recover_app *r, enum recover_step step,
		      const struct isolate_wish *why)
{
	TRY(recover_set_level(a, recover_app_name(r), recover_step_mask(step), why));
	r->step = (uint8_t)step;
	r->since_s = authority_wall_s(a);
	recover_save(a);
	return E_OK;
}

void recover_closed(struct authority *a, const struct isolate_wish *w)
{
	struct recover_app *r =
		w->scope == LEVEL_OF_APP && !w->is_exercise && w->mask & LEVEL_BIT(LEVEL_CLOSED)
			? recover_find(a, w->name)
			: NULL;

	if (!r || r->step == RECOVER_CLOSED)
		return;
	r->step = RECOVER_CLOSED;
	r->since_s = authority_wall_s(a);
	recover_save(a);
	recover_wish_void(a, RECOVER_WISH_STEP, w->name, "it was closed");
}

/* Whether the application has been open for long enough to leave the return. */
static bool recover_is_back(const struct authority *a, const struct recover_app *r)
{
	return r->step == RECOVER_OPEN && r->since_s + RECOVER_PROBATION_S <= authority_wall_s(a);
}

static void recover_leave(struct authority *a)
{
	static const struct view over = VIEW_INIT("all of it is back");
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->recover.n; i++)
		n += recover_is_back(a, &a->recover.at[i]);
	if (recover_is_on(a) && n == a->recover.n && recover_stop(a, over, NULL) != E_OK)
		a->recover.unsaved_ms = a->now_ms + RECOVER_TRY_MS;
}

void recover_tick(struct authority *a)
{
	if (a->recover.unsaved_ms && a->now_ms >= a->recover.unsaved_ms)
		recover_save(a);
	else if (!a->recover.unsaved_ms)
		recover_leave(a);
}
