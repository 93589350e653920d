/*
 * A service is under a level when somebody who wants to use it is. Where that depends on which
 * network they come from, or by which listener, the page says "for some": it can't know who reads.
 */
#include "role/herald/board.h"

#include "base/hash.h"

struct view board_title(const struct image *im, struct image_range titles,
			enum notice_language language)
{
	static const struct view languages[NOTICE_LANGUAGES] = {
		[NOTICE_NL] = VIEW_INIT("nl"), [NOTICE_EN] = VIEW_INIT("en")
	};
	struct view found = { 0 };
	unsigned rank = 0;

	for (uint32_t i = 0; i < titles.n; i++) {
		const struct image_title *t = image_title_at(im, titles.first + i);
		struct view its = image_view(im, t->language);
		unsigned r = view_eq(its, languages[language]) ? 3 : its.n == 0 ? 2 : 1;

		if (r <= rank)
			continue;
		rank = r;
		found = image_view(im, t->text);
	}
	return found;
}

/* What holds for those who come by one listener or another. */
struct board_masks {
	uint16_t any, every; /* in one of them; in all of them */
	bool has;
};

static void board_join(struct board_masks *m, uint16_t mask)
{
	m->every = m->has ? m->every & mask : mask;
	m->any |= mask;
	m->has = true;
}

static uint16_t board_listener_mask(const struct board *b, const struct image_listener *l)
{
	uint16_t all = l->flags & IMAGE_INSIDE ? 0 : b->map.all.on;

	return (uint16_t)(all | b->map.listener[l->slot].on);
}

/* Clients of some zone, or of none, are held back although others are not. */
static void board_join_zones(const struct board *b, struct board_masks *m)
{
	uint32_t zones = image_count(b->im, IMAGE_ZONE);
	uint16_t any = b->map.outside.on, every = b->map.outside.on;

	for (uint32_t i = 0; i < zones && b->map.has_zones; i++) {
		/* Further ones count as closed: access/level.h */
		uint16_t on = i < LEVEL_ZONES ? b->map.zone[i].on : LEVEL_BIT(LEVEL_CLOSED);

		any |= on;
		every &= on;
	}
	m->any |= any; /* every listener with every zone: sets distribute */
	m->every |= every;
}

static bool board_is_of(const struct level_entry *e, struct view name, uint8_t scope)
{
	return e->scope == scope && view_eq(view_of(e->name, e->name_n), name);
}

/* Since when the strictest of mask holds for it: the first word that says so. */
static uint64_t board_since(const struct board *b, uint16_t mask, uint8_t scope, struct view name)
{
	uint16_t bit = LEVEL_BIT(level_strictest(mask));
	uint64_t since_s = 0;

	for (uint32_t i = 0; i < b->map.book.n; i++) {
		const struct level_entry *e = &b->map.book.at[i];
		bool concerns = e->scope == LEVEL_OF_ALL || e->scope == LEVEL_OF_ZONE ||
				board_is_of(e, name, scope) ||
				(scope == LEVEL_OF_APP && e->scope == LEVEL_OF_LISTENER);

		if (!concerns || e->is_exercise || !(e->mask & bit))
			continue;
		if (since_s == 0 || e->since_s < since_s)
			since_s = e->since_s;
	}
	return since_s;
}

static void board_judge(const struct board *b, struct board_service *s, struct board_masks *m)
{
	board_join_zones(b, m);
	s->mask = m->any;
	s->is_partly = m->any != m->every;
	if (!b->is_known) {
		s->state = BOARD_UNKNOWN;
		s->mask = 0;
		s->is_partly = false;
	} else if (m->every & LEVEL_BIT(LEVEL_CLOSED)) {
		s->state = BOARD_CLOSED;
		s->mask = LEVEL_BIT(LEVEL_CLOSED);
		s->is_partly = false;
	} else {
		s->state = m->any ? BOARD_LIMITED : BOARD_OPEN;
	}
}

static struct board_service *board_add(struct board *b, struct image_range titles)
{
	struct board_service *s = &b->at[b->n];

	if (board_title(b->im, titles, NOTICE_NL).n == 0)
		return NULL;
	if (b->n == BOARD_SERVICES) {
		b->more++;
		return NULL;
	}
	*s = (struct board_service){ 0 };
	for (unsigned l = 0; l < NOTICE_LANGUAGES; l++)
		s->title[l] = board_title(b->im, titles, (enum notice_language)l);
	b->n++;
	return s;
}

static void board_add_app(struct board *b, uint32_t i)
{
	const struct image_app *a = image_app_at(b->im, i);
	struct board_masks m = { 0 };
	struct board_service *s = a->is_on_status_page ? board_add(b, a->titles) : NULL;

	if (!s)
		return;
	for (uint32_t k = 0; k < image_count(b->im, IMAGE_LISTENER); k++) {
		const struct image_listener *l = image_listener_at(b->im, k);

		if (l->flags & IMAGE_CELL) /* where applications are served */
			board_join(&m, board_listener_mask(b, l) | b->map.app[i].on);
	}
	if (!m.has)
		board_join(&m, b->map.all.on | b->map.app[i].on);
	board_judge(b, s, &m);
	s->key = a->id;
	if (s->mask)
		s->since_s = board_since(b, s->mask, LEVEL_OF_APP, image_view(b->im, a->name));
}

static void board_add_listener(struct board *b, const struct image_listener *l)
{
	struct board_masks m = { 0 };
	struct board_service *s = board_add(b, l->titles);

	if (!s)
		return;
	board_join(&m, board_listener_mask(b, l));
	board_judge(b, s, &m);
	s->key = hash_mix(hash_fnv1a(image_view(b->im, l->name)));
	if (s->mask)
		s->since_s = board_since(b, s->mask, LEVEL_OF_LISTENER, image_view(b->im, l->name));
}

/* Of all together: as closed as the most open of them, and open when all are. */
static void board_sum(struct board *b)
{
	struct board_masks m = { 0 };
	struct board_service all = { 0 };
	uint32_t count[BOARD_STATES] = { 0 };

	board_join(&m, b->map.all.on);
	board_judge(b, &all, &m);
	b->mask = all.mask;
	b->state = all.state;
	b->since_s = all.mask ? board_since(b, all.mask, LEVEL_OF_ALL, (struct view){ 0 }) : 0;
	for (uint32_t i = 0; i < b->n; i++)
		count[b->at[i].state]++;
	if (b->n == 0 || !b->is_known)
		return;
	if (count[BOARD_CLOSED] == b->n)
		b->state = BOARD_CLOSED;
	else
		b->state = count[BOARD_OPEN] == b->n ? BOARD_OPEN : BOARD_LIMITED;
}

void board_make(struct board *b)
{
	b->n = b->more = 0;
	level_map_make(&b->map, b->im);
	for (uint32_t i = 0; i < image_count(b->im, IMAGE_APP); i++)
		board_add_app(b, i);
	for (uint32_t i = 0; i < image_count(b->im, IMAGE_LISTENER); i++)
		board_add_listener(b, image_listener_at(b->im, i));
	board_sum(b);
}

void board_remember(struct board *b, const struct board *before, uint64_t now_s)
{
	for (uint32_t i = 0; i < b->n; i++) {
		struct board_service *s = &b->at[i];

		for (uint32_t k = 0; k < before->n && s->state == BOARD_OPEN; k++) {
			const struct board_service *was = &before->at[k];

			if (was->key != s->key)
				continue;
			s->reopened_s = was->state == BOARD_OPEN ? was->reopened_s : now_s;
			break;
		}
	}
}
