/*
 * What a level refuses is a row of a table: its condition, per kind of thing asked. A mask with a
 * bit that has no row refuses everything.
 */
#include "access/level.h"

#include "proto/http1.h"

static bool level_is_of(const struct level_entry *e, struct view name)
{
	return view_eq(view_of(e->name, e->name_n), name);
}

static void level_add(struct level_map *m, struct level_set *s, const struct level_entry *e)
{
	m->has_any = true;
	if (e->is_exercise)
		s->exercise |= e->mask;
	else
		s->on |= e->mask;
}

static void level_add_listener(struct level_map *m, const struct image *im,
			       const struct level_entry *e)
{
	for (uint32_t i = 0; i < image_count(im, IMAGE_LISTENER); i++) {
		const struct image_listener *l = image_listener_at(im, i);

		if (l->slot < IMAGE_LISTENER_SLOTS && level_is_of(e, image_view(im, l->name)))
			level_add(m, &m->listener[l->slot], e);
	}
}

static void level_add_zone(struct level_map *m, const struct image *im, const struct level_entry *e)
{
	bool is_known = false;

	for (uint32_t i = 0; i < image_count(im, IMAGE_ZONE); i++) {
		if (!level_is_of(e, image_view(im, image_zone_at(im, i)->name)))
			continue;
		is_known = true;
		m->has_zones = true;
		if (i < LEVEL_ZONES)
			level_add(m, &m->zone[i], e);
	}
	if (is_known || !level_is_of(e, VIEW("internet")))
		return;
	m->has_zones = true;
	level_add(m, &m->outside, e);
}

static void level_add_app(struct level_map *m, const struct image *im, const struct level_entry *e)
{
	for (uint32_t i = 0; i < image_count(im, IMAGE_APP) && i < IMAGE_APPS_MAX; i++)
		if (level_is_of(e, image_view(im, image_app_at(im, i)->name)))
			level_add(m, &m->app[i], e);
}

void level_map_make(struct level_map *m, const struct image *im)
{
	const struct level_set none = { 0 };

	m->version = m->book.version;
	m->made++;
	m->has_any = m->has_zones = false;
	m->all = m->outside = none;
	for (unsigned i = 0; i < IMAGE_LISTENER_SLOTS; i++)
		m->listener[i] = none;
	for (unsigned i = 0; i < LEVEL_ZONES; i++)
		m->zone[i] = none;
	for (unsigned i = 0; i < IMAGE_APPS_MAX; i++)
		m->app[i] = none;
	for (uint32_t i = 0; i < m->book.n; i++) {
		const struct level_entry *e = &m->book.at[i];

		if (e->scope == LEVEL_OF_ALL)
			level_add(m, &m->all, e);
		else if (e->scope == LEVEL_OF_LISTENER)
			level_add_listener(m, im, e);
		else if (e->scope == LEVEL_OF_ZONE)
			level_add_zone(m, im, e);
		else
			level_add_app(m, im, e);
	}
}

bool level_map_refresh(struct level_map *m, const struct level_page *page, const struct image *im,
		       uint32_t image)
{
	if (m->version && m->version == level_page_version(page) && m->image == image)
		return false;
	(void)level_page_read(page, &m->book); /* what can't be read closes everything */
	level_map_make(m, im);
	m->image = image;
	return true;
}

static bool level_is_in(const struct image *im, const struct image_zone *zone, const struct ip *ip)
{
	for (uint32_t i = 0; i < zone->networks.n; i++)
		if (ip_net_has(image_network_at(im, zone->networks.first + i), ip))
			return true;
	return false;
}

static void level_join(struct level_set *to, struct level_set more)
{
	to->on |= more.on;
	to->exercise |= more.exercise;
}

static void level_join_zones(const struct level_map *m, const struct image *im, const struct ip *ip,
			     struct level_set *to)
{
	bool is_inside = false;

	for (uint32_t i = 0; i < image_count(im, IMAGE_ZONE); i++) {
		if (!level_is_in(im, image_zone_at(im, i), ip))
			continue;
		is_inside = true;
		if (i < LEVEL_ZONES)
			level_join(to, m->zone[i]);
		else
			to->on |= LEVEL_BIT(LEVEL_CLOSED);
	}
	if (!is_inside)
		level_join(to, m->outside);
}

/* Levels over all spare what is marked as inside, but for the word that nothing is known. */
static bool level_spares(const struct level_map *m, const struct image *im, uint32_t slot)
{
	if (m->version == 0 || m->version & 1)
		return false;
	for (uint32_t i = 0; i < image_count(im, IMAGE_LISTENER); i++)
		if (image_listener_at(im, i)->slot == slot)
			return image_listener_at(im, i)->flags & IMAGE_INSIDE;
	return false;
}

struct level_set level_set_of(const struct level_map *m, const struct image *im, uint32_t slot,
			      uint32_t app, const struct ip *ip)
{
	struct level_set s = { 0 };

	if (!m->has_any)
		return s;
	if ((m->all.on | m->all.exercise) && !level_spares(m, im, slot))
		level_join(&s, m->all);
	if (slot < IMAGE_LISTENER_SLOTS)
		level_join(&s, m->listener[slot]);
	if (app < IMAGE_APPS_MAX)
		level_join(&s, m->app[app]);
	if (m->has_zones)
		level_join_zones(m, im, ip, &s);
	return s;
}

/* Whether the entry is one of those that level_set_of joins. */
static bool level_concerns(const struct level_entry *e, const struct image *im, uint32_t slot,
			   uint32_t app, const struct ip *ip)
{
	bool is_inside = false, is_named = false;

	if (e->scope == LEVEL_OF_ALL)
		return true;
	if (e->scope == LEVEL_OF_APP)
		return app < image_count(im, IMAGE_APP) &&
		       level_is_of(e, image_view(im, image_app_at(im, app)->name));
	for (uint32_t i = 0; e->scope == LEVEL_OF_LISTENER && i < image_count(im, IMAGE_LISTENER);
	     i++) {
		const struct image_listener *l = image_listener_at(im, i);

		if (l->slot == slot && level_is_of(e, image_view(im, l->name)))
			return true;
	}
	for (uint32_t i = 0; e->scope == LEVEL_OF_ZONE && i < image_count(im, IMAGE_ZONE); i++) {
		const struct image_zone *z = image_zone_at(im, i);
		bool is_it = level_is_of(e, image_view(im, z->name)), has = level_is_in(im, z, ip);

		is_named |= is_it;
		is_inside |= has;
		if (is_it && has)
			return true;
	}
	return e->scope == LEVEL_OF_ZONE && !is_named && !is_inside &&
	       level_is_of(e, VIEW("internet"));
}

uint64_t level_since(const struct level_map *m, const struct image *im, uint32_t slot, uint32_t app,
		     const struct ip *ip, enum level level)
{
	uint64_t since_s = 0;

	for (uint32_t i = 0; i < m->book.n; i++) {
		const struct level_entry *e = &m->book.at[i];

		if (e->is_exercise || !(e->mask & LEVEL_BIT(level)) || e->since_s <= since_s)
			continue;
		if (level_concerns(e, im, slot, app, ip))
			since_s = e->since_s;
	}
	return since_s;
}

/* ---- judging ---- */

typedef bool level_lets(const struct level_facts *f);

static bool level_lets_fresh(const struct level_facts *f)
{
	return f->what != LEVEL_FOR_APP || f->is_fresh;
}

static bool level_lets_running(const struct level_facts *f)
{
	return f->is_running || (f->what != LEVEL_FOR_SESSION && f->what != LEVEL_FOR_STREAM);
}

static bool level_lets_office(const struct level_facts *f)
{
	return f->is_office;
}

static bool level_lets_partner(const struct level_facts *f)
{
	return f->is_partner;
}

static bool level_is_portal(const struct level_facts *f)
{
	return f->what == LEVEL_FOR_PORTAL || f->what == LEVEL_FOR_SESSION;
}

/* What a stream carries nobody here can see. */
static bool level_lets_reading(const struct level_facts *f)
{
	return level_is_portal(f) || (f->what != LEVEL_FOR_STREAM && f->is_safe);
}

static bool level_lets_pilot(const struct level_facts *f)
{
	return level_is_portal(f) || (f->what == LEVEL_FOR_APP && f->is_pilot);
}

static bool level_lets_return(const struct level_facts *f)
{
	return f->is_office || level_lets_pilot(f);
}

enum level level_judge(uint16_t mask, const struct level_facts *facts)
{
	static level_lets *const lets[LEVELS] = {
		[LEVEL_STEP_UP] = level_lets_fresh,
		[LEVEL_NO_NEW_SESSIONS] = level_lets_running,
		[LEVEL_OFFICE_ONLY] = level_lets_office,
		[LEVEL_PARTNERS_ONLY] = level_lets_partner,
		[LEVEL_READ_ONLY] = level_lets_reading,
		[LEVEL_PILOT_RETURN] = level_lets_return,
		[LEVEL_PILOT] = level_lets_pilot,
	};

	if (mask & ~LEVEL_MASK_ALL)
		return LEVEL_CLOSED;
	for (unsigned level = LEVELS - 1; mask && level > LEVEL_OPEN; level--)
		if (mask & LEVEL_BIT(level) && !(lets[level] && lets[level](facts)))
			return (enum level)level;
	return LEVEL_OPEN;
}

void level_place(const struct image *im, const struct ip *ip, struct level_facts *facts)
{
	for (uint32_t i = 0; i < image_count(im, IMAGE_ZONE); i++) {
		const struct image_zone *z = image_zone_at(im, i);

		if (!(z->is_office || z->is_partner) || !level_is_in(im, z, ip))
			continue;
		facts->is_office |= z->is_office;
		facts->is_partner |= z->is_partner;
	}
}

/* Segment by segment: "/search" takes "/search" and "/search/x", not "/searching". */
static bool level_path_is_under(struct view path, struct view prefix)
{
	if (view_ends(prefix, VIEW("/")))
		prefix.n--;
	if (!view_starts(path, prefix))
		return false;
	return path.n == prefix.n || path.p[prefix.n] == '/';
}

bool level_is_safe(const struct image *im, const struct image_app *app, unsigned method,
		   struct view path, bool is_websocket)
{
	if (is_websocket)
		return app && app->read_only_websocket;
	if (!app) /* RFC 9110 §9.2.1, but for TRACE */
		return method == METHOD_GET || method == METHOD_HEAD || method == METHOD_OPTIONS;
	if (method < METHOD_N && app->read_only_methods & UINT64_C(1) << method)
		return true;
	for (uint32_t i = 0; i < app->read_only_also.n; i++) {
		const struct image_safe_call *call =
			image_safe_call_at(im, app->read_only_also.first + i);

		if (call->method == method &&
		    level_path_is_under(path, image_view(im, call->path_prefix)))
			return true;
	}
	return false;
}
