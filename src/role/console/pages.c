/* The shared pages and images as the console maps them: read-only, checked once. */
#include "role/console/console.h"

#include "sys/clock.h"
#include "sys/log.h"
#include "sys/shm.h"

static struct console_image *pages_vacant(struct console *c)
{
	for (size_t i = 0; i < CONSOLE_IMAGES; i++) {
		struct console_image *im = &c->images[i];

		if (im->map && im->users == 0 && im != c->image) {
			shm_unmap(im->map, im->map_bytes);
			*im = (struct console_image){ 0 };
		}
		if (!im->map)
			return im;
	}
	return NULL;
}

enum err pages_take_image(struct console *c, int fd)
{
	struct console_image fresh = { 0 }, *to = pages_vacant(c);
	const char *why = NULL;
	enum err e = E_OK;

	if (!shm_is_sealed(fd))
		return E_PROTO;
	if (!to) { /* answers to readers that are slower than three changes: the old page stays */
		log_line(LOG_WARNING, "a change is not shown yet: too many slow readers");
		return E_OK;
	}
	TRY(shm_map(fd, false, &fresh.map, &fresh.map_bytes));
	e = image_check(view_of(fresh.map, fresh.map_bytes), &fresh.image, &why);
	if (e != E_OK) {
		log_line(LOG_ERROR, "the image is unusable: %s", why);
		shm_unmap(fresh.map, fresh.map_bytes);
		return e;
	}
	*to = fresh;
	c->image = to;
	return E_OK;
}

/* Maps a page of exactly this size. */
static enum err pages_map(int fd, size_t want, const void **ret)
{
	void *p = NULL;
	size_t n = 0;

	if (!shm_size_is_sealed(fd))
		return E_PROTO;
	TRY(shm_map(fd, false, &p, &n));
	if (n < want) {
		shm_unmap(p, n);
		return E_PROTO;
	}
	*ret = p;
	return E_OK;
}

/* Pages live as long as the keeper: one that is there already is the same memory again. */
enum err pages_take_page(struct console *c, uint8_t kind, uint16_t index, int fd)
{
	const void **to = NULL;
	size_t want = 0;

	switch ((enum page_kind)kind) {
	case PAGE_HEALTH:
		to = (const void **)&c->health;
		want = sizeof *c->health;
		break;
	case PAGE_KEEPER:
		to = (const void **)&c->keeper_page;
		want = sizeof *c->keeper_page;
		break;
	case PAGE_AUDIT:
		to = (const void **)&c->audit;
		want = sizeof *c->audit;
		break;
	case PAGE_EXPORTER:
		to = (const void **)&c->exporter;
		want = sizeof *c->exporter;
		break;
	case PAGE_SHIPPER:
		to = (const void **)&c->shipper;
		want = sizeof *c->shipper;
		break;
	case PAGE_GATE:
		to = (const void **)&c->gate;
		want = sizeof *c->gate;
		break;
	case PAGE_CELLS:
		to = (const void **)&c->cells;
		want = sizeof *c->cells;
		break;
	case PAGE_LOAD:
		if (index >= PAGE_LOADS)
			return E_PROTO;
		to = (const void **)&c->load[index];
		want = sizeof *c->load[index];
		break;
	}
	if (!to)
		return E_PROTO;
	return *to ? E_OK : pages_map(fd, want, to);
}

void pages_tick(struct console *c)
{
	for (size_t i = 0; i < ROLE_EDGES_MAX; i++) {
		uint64_t loops = c->load[i] ? PAGE_GET(c->load[i]->loops) : 0;

		if (loops != c->edge_loops[i])
			c->edge_alive_ms[i] = c->loop.now_ms;
		c->edge_loops[i] = loops;
	}
}

struct metrics_source pages_source(const struct console *c, const struct console_image *image)
{
	struct metrics_source s = { .image = image ? &image->image : NULL,
				    .health = c->health,
				    .keeper = c->keeper_page,
				    .audit = c->audit,
				    .exporter = c->exporter,
				    .shipper = c->shipper,
				    .cells = c->cells,
				    .gate = c->gate,
				    .load = c->load,
				    .now_mono_ms = clock_mono_ms() };

	for (size_t i = 0; i < ROLE_EDGES_MAX; i++)
		s.has_edge |= c->edge_alive_ms[i] &&
			      c->loop.now_ms - c->edge_alive_ms[i] < CONSOLE_EDGE_MS;
	return s;
}
