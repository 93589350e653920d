/* The cell's load page is its own and nobody reads it: what has been told is set back to zero. */
#include "role/cell/counts.h"

#include "ipc/cell_spawner.h"

struct counts_out {
	struct edge *e;
	struct wbuf w;
	bool is_full; /* the lifeline took a frame no more */
	uint8_t body[FRAME_BODY_MAX];
};

static void counts_begin(struct counts_out *o, uint32_t spawn_us)
{
	o->w = wbuf_of(o->body, sizeof o->body);
	wbuf_u32(&o->w, spawn_us);
}

static void counts_send(struct counts_out *o)
{
	if (frame_send(o->e->keeper.fd, CELL_COUNTS, 0, wbuf_view(&o->w), NULL, 0) != E_OK)
		o->is_full = true;
	counts_begin(o, 0);
}

/* One entry's words that are not zero. */
static void counts_entry(struct counts_out *o, enum cell_count_kind kind, uint32_t slot)
{
	_Atomic uint64_t *at = cell_spawner_entry(o->e->load, kind, slot);
	struct cell_count c = { .kind = (uint8_t)kind, .slot = slot };

	c.gen = kind == CELL_COUNT_LISTENER ? 0 : (uint32_t)PAGE_GET(at[0]);
	if (kind != CELL_COUNT_LISTENER && !c.gen)
		return;
	for (unsigned i = 0; i < cell_spawner_words(kind) && !o->is_full; i++) {
		uint64_t n = cell_spawner_is_counter(kind, i) ? PAGE_GET(at[i]) : 0;

		if (!n)
			continue;
		c.word = (uint16_t)i;
		c.more = n < CELL_COUNT_MOST ? n : CELL_COUNT_MOST;
		cell_spawner_put(&o->w, &c);
		PAGE_SET(at[i], n - c.more);
		if (wbuf_room(&o->w) < CELL_COUNT_BYTES)
			counts_send(o);
	}
}

static void counts_entries(struct counts_out *o, enum cell_count_kind kind, uint32_t high)
{
	for (uint32_t i = 0; i < high && i < cell_spawner_slots(kind); i++)
		counts_entry(o, kind, i);
}

void counts_tell(struct edge *e, uint32_t spawn_us)
{
	struct counts_out o = { .e = e };

	if (e->keeper.fd < 0)
		return;
	counts_begin(&o, spawn_us);
	counts_entry(&o, CELL_COUNT_LISTENER, e->me.listener);
	counts_entries(&o, CELL_COUNT_SERVER, PAGE_GET(e->load->server_high));
	counts_entries(&o, CELL_COUNT_POOL, PAGE_GET(e->load->pool_high));
	counts_entries(&o, CELL_COUNT_RULE, PAGE_GET(e->load->rule_high));
	if (o.w.n > sizeof(uint32_t) || spawn_us)
		counts_send(&o);
}
