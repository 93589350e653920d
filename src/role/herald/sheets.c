/*
 * The gate page's writer may be an attacker's: what is read is bounded, and however often it
 * changes, the page is drawn ten times a second at most.
 */
#include "role/herald/herald.h"

#include "base/hash.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/shm.h"

enum err sheets_init(struct herald *h, struct arena *a)
{
	for (unsigned i = 0; i < HERALD_SETS; i++)
		for (unsigned k = 0; k < SHEET_KINDS; k++) {
			h->sets[i].text[k] = ARENA_NEW(a, uint8_t, HERALD_SHEET);
			if (!h->sets[i].text[k])
				return E_NOMEM;
		}
	h->board = &h->boards[0];
	h->before = &h->boards[1];
	h->born_s = (uint64_t)clock_wall_us() / 1000000;
	return E_OK;
}

enum err sheets_take_image(struct herald *h, int fd)
{
	struct herald_image fresh = { 0 },
			    *to = h->image == &h->images[0] ? &h->images[1] : &h->images[0];
	const char *why = NULL;
	enum err e = E_OK;

	if (!shm_is_sealed(fd))
		return E_PROTO;
	TRY(shm_map(fd, false, &fresh.map, &fresh.bytes));
	e = image_check(view_of(fresh.map, fresh.bytes), &fresh.image, &why);
	if (e != E_OK) {
		log_line(LOG_ERROR, "the image is unusable: %s", why);
		shm_unmap(fresh.map, fresh.bytes);
		return e;
	}
	/* What was drawn is text of its own; the board that is remembered loses its titles */
	for (uint32_t i = 0; i < h->board->n; i++)
		h->board->at[i].title[NOTICE_NL] = h->board->at[i].title[NOTICE_EN] =
			(struct view){ 0 };
	if (to->map)
		shm_unmap(to->map, to->bytes);
	*to = fresh;
	h->image = to;
	h->is_stale = true;
	return E_OK;
}

enum err sheets_take_page(struct herald *h, uint8_t kind, int fd)
{
	void *p = NULL;
	size_t n = 0;

	if (kind != PAGE_GATE || !shm_size_is_sealed(fd))
		return E_PROTO;
	if (h->gate)
		return E_OK;
	TRY(shm_map(fd, false, &p, &n));
	if (n < sizeof *h->gate) {
		shm_unmap(p, n);
		return E_PROTO;
	}
	h->gate = p;
	return E_OK;
}

static struct sheets *sheets_vacant(struct herald *h)
{
	for (unsigned i = 0; i < HERALD_SETS; i++)
		if (&h->sets[i] != h->now && h->sets[i].users == 0)
			return &h->sets[i];
	return NULL;
}

static void sheets_draw_one(struct sheets *s, const struct herald *h, enum sheet_kind kind)
{
	struct wbuf w = wbuf_of(s->text[kind], HERALD_SHEET);

	switch (kind) {
	case SHEET_HTML:
	case SHEET_HTML_EN:
		sheet_html(&w, h->board, kind == SHEET_HTML ? NOTICE_NL : NOTICE_EN);
		break;
	case SHEET_JSON:
		sheet_json(&w, h->board);
		break;
	case SHEET_FEED:
	case SHEET_FEED_EN:
		sheet_feed(&w, h->board, kind == SHEET_FEED ? NOTICE_NL : NOTICE_EN, h->born_s);
		break;
	case SHEET_KINDS:
	default:
		break;
	}
	s->n[kind] = w.bad ? 0 : w.n;
	s->tag[kind] = hash_mix(hash_fnv1a(view_of(s->text[kind], s->n[kind])));
}

static void sheets_draw(struct herald *h, struct sheets *to)
{
	struct board *b = h->before;

	h->before = h->board;
	h->board = b;
	b->im = &h->image->image;
	b->is_known = level_page_read(&h->gate->levels, &b->map.book) == E_OK;
	(void)notice_page_read(&h->gate->notice, &b->notice);
	board_make(b);
	board_remember(b, h->before, (uint64_t)clock_wall_us() / 1000000);
	for (unsigned k = 0; k < SHEET_KINDS; k++)
		sheets_draw_one(to, h, (enum sheet_kind)k);
	h->level_version = b->map.book.version;
	h->notice_version = b->notice.version;
	h->is_stale = !b->is_known || b->notice.version & 1;
	h->now = to;
	h->drawn_ms = h->loop.now_ms;
}

void sheets_look(struct herald *h)
{
	struct sheets *to = NULL;

	if (!h->image || !h->gate ||
	    (!h->is_stale && level_page_version(&h->gate->levels) == h->level_version &&
	     notice_page_version(&h->gate->notice) == h->notice_version))
		return;
	/* the authority's first word is shown at once */
	if (h->now && h->loop.now_ms < h->drawn_ms + HERALD_DRAW_MS &&
	    (h->level_version || !level_page_version(&h->gate->levels)))
		return;
	to = sheets_vacant(h);
	if (to) /* else slow readers have all others: their time ends */
		sheets_draw(h, to);
}
