/* Fixed memory, looked through from end to end: a place is asked for every few seconds, by people.
 */
#include "role/authority/room.h"

enum { ROOM_MINUTE_MS = 60000, ROOM_ONE = 1000 };

static const struct image_isolation *room_rules(const struct authority *a)
{
	return &authority_image(a)->header->isolation;
}

static bool room_has_door(struct authority *a, const struct image_app *app)
{
	const struct image_isolation *i = room_rules(a);
	const struct recover_app *r = NULL;

	if (!(i->room_per_minute | i->room_at_a_time) || !recover_is_on(a))
		return false;
	r = recover_find(a, image_view(authority_image(a), app->name));
	return r && r->step >= RECOVER_PILOT;
}

/* ---- doors ---- */

static struct room_door *room_door(struct authority *a, uint64_t app)
{
	struct room_door *oldest = &a->doors[0];

	for (unsigned i = 0; i < AUTHORITY_DOORS; i++) {
		if (a->doors[i].app == app)
			return &a->doors[i];
		if (a->doors[i].at_ms < oldest->at_ms)
			oldest = &a->doors[i];
	}
	*oldest = (struct room_door){ .app = app, .thousandths = UINT32_MAX };
	return oldest;
}

static void room_refill(struct authority *a, struct room_door *d)
{
	uint64_t per_minute = (uint64_t)room_rules(a)->room_per_minute * ROOM_ONE,
		 most = per_minute / ROOM_BURST, passed_ms = a->now_ms - d->at_ms;

	if (most < ROOM_ONE)
		most = ROOM_ONE;
	if (passed_ms > ROOM_MINUTE_MS)
		passed_ms = ROOM_MINUTE_MS;
	d->thousandths += per_minute * passed_ms / ROOM_MINUTE_MS;
	if (d->thousandths > most)
		d->thousandths = most;
	d->at_ms = a->now_ms;
}

/* Those let in that have not entered yet count as inside. */
static uint32_t room_on_the_way(const struct authority *a, uint64_t app)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < AUTHORITY_PLACES; i++)
		n += a->places[i].app == app && a->places[i].is_let_in;
	return n;
}

static void room_count(struct authority *a, struct room_door *d)
{
	struct store_ask q = { 0 };
	uint64_t n = 0;

	if (d->counted_ms && a->now_ms < d->counted_ms + ROOM_COUNT_MS)
		return;
	q = store_ask(&a->store, Q_TOKEN_USERS);
	store_put_int(&q, d->app);
	d->inside = store_number(&q, &n) == E_OK ? (uint32_t)n : UINT32_MAX;
	d->counted_ms = a->now_ms;
}

/* How many may come in now. */
static uint64_t room_free(struct authority *a, struct room_door *d)
{
	const struct image_isolation *i = room_rules(a);
	uint64_t n = UINT64_MAX, inside = 0;

	if (i->room_per_minute) {
		room_refill(a, d);
		n = d->thousandths / ROOM_ONE;
	}
	if (!i->room_at_a_time)
		return n;
	room_count(a, d);
	inside = (uint64_t)d->inside + room_on_the_way(a, d->app);
	if (inside >= i->room_at_a_time)
		return 0;
	return n < i->room_at_a_time - inside ? n : i->room_at_a_time - inside;
}

/* ---- places ---- */

static bool room_is_named(struct view names, struct view groups)
{
	while (groups.n) {
		size_t end = view_find(groups, '\n');
		struct view one = view_slice(groups, 0, end), rest = names;

		while (rest.n) {
			size_t stop = view_find(rest, '\n');

			if (view_eq(view_slice(rest, 0, stop), one))
				return true;
			rest = view_slice(rest, stop + (stop < rest.n), rest.n);
		}
		groups = view_slice(groups, end + (end < groups.n), groups.n);
	}
	return false;
}

static bool room_is_urgent(struct authority *a, uint32_t user)
{
	struct view names = image_view(authority_image(a), room_rules(a)->urgent);
	uint8_t at[GATE_GROUPS_MAX];
	struct wbuf groups = wbuf_of(at, sizeof at);

	return names.n && user_groups(a, user, &groups) == E_OK &&
	       room_is_named(names, wbuf_view(&groups));
}

static struct room_place *room_find(struct authority *a, uint32_t user, uint64_t app)
{
	for (unsigned i = 0; a->place_n && i < AUTHORITY_PLACES; i++)
		if (a->places[i].app == app && a->places[i].user == user)
			return &a->places[i];
	return NULL;
}

static void room_leave(struct authority *a, struct room_place *p)
{
	*p = (struct room_place){ 0 };
	a->place_n--;
}

/* The last of those that are not urgent, to make room for somebody who is. */
static struct room_place *room_last(struct authority *a)
{
	struct room_place *last = NULL;

	for (unsigned i = 0; i < AUTHORITY_PLACES; i++) {
		struct room_place *p = &a->places[i];

		if (!p->is_urgent && !p->is_let_in && (!last || p->order > last->order))
			last = p;
	}
	return last;
}

static struct room_place *room_take(struct authority *a, uint32_t user, uint64_t app)
{
	bool is_urgent = room_is_urgent(a, user);
	struct room_place *p = NULL;

	if (a->place_n == AUTHORITY_PLACES) {
		p = is_urgent ? room_last(a) : NULL;
		if (!p)
			return NULL;
		room_leave(a, p);
	}
	for (unsigned i = 0; !p && i < AUTHORITY_PLACES; i++)
		p = a->places[i].app ? NULL : &a->places[i];
	*p = (struct room_place){
		.app = app, .user = user, .order = ++a->place_order, .is_urgent = is_urgent
	};
	a->place_n++;
	return p;
}

static uint32_t room_position(const struct authority *a, const struct room_place *p)
{
	uint32_t n = 1;

	for (unsigned i = 0; i < AUTHORITY_PLACES; i++) {
		const struct room_place *o = &a->places[i];

		if (o->app != p->app || o == p || o->is_let_in)
			continue;
		n += o->is_urgent != p->is_urgent ? o->is_urgent : o->order < p->order;
	}
	return n;
}

uint32_t room_waiting(const struct authority *a, uint64_t app)
{
	uint32_t n = 0;

	for (unsigned i = 0; a->place_n && i < AUTHORITY_PLACES; i++)
		n += a->places[i].app == app && !a->places[i].is_let_in;
	return n;
}

/* ---- the door ---- */

static bool room_is_inside(struct authority *a, uint32_t user, uint64_t app)
{
	struct store_ask q = store_ask(&a->store, Q_TOKEN_IN);
	uint64_t n = 0;

	store_put_int(&q, user);
	store_put_int(&q, app);
	return store_number(&q, &n) == E_OK && n;
}

static bool room_let_in(struct authority *a, struct room_place *p)
{
	struct room_door *d = room_door(a, p->app);

	if (room_position(a, p) > room_free(a, d))
		return false;
	if (room_rules(a)->room_per_minute)
		d->thousandths -= ROOM_ONE;
	p->is_let_in = true;
	return true;
}

bool room_enter(struct authority *a, uint32_t user, const struct image_app *app,
		struct room_answer *ret)
{
	struct room_place *p = NULL;

	*ret = (struct room_answer){ 0 };
	if (!room_has_door(a, app) || room_is_inside(a, user, app->id))
		return true;
	p = room_find(a, user, app->id);
	if (!p)
		p = room_take(a, user, app->id);
	if (p && p->is_let_in) /* its code was lost on the way: that is no second entry */
		return true;
	if (p) {
		p->seen_ms = a->now_ms;
		if (room_let_in(a, p))
			return true;
	}
	ret->waiting = room_waiting(a, app->id) + !p;
	ret->position = p ? room_position(a, p) : ret->waiting;
	return false;
}

void room_entered(struct authority *a, uint32_t user, uint64_t app)
{
	struct room_place *p = room_find(a, user, app);

	if (!p)
		return;
	if (p->is_let_in)
		room_door(a, app)->inside++; /* until they are counted again */
	room_leave(a, p);
}

void room_tick(struct authority *a)
{
	for (unsigned i = 0; a->place_n && i < AUTHORITY_PLACES; i++)
		if (a->places[i].app && a->now_ms >= a->places[i].seen_ms + ROOM_SILENT_MS)
			room_leave(a, &a->places[i]);
}
