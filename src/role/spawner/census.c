/* Counting; once per tick all rows, in between what this spawner starts. */
#include "role/spawner/census.h"

#include "base/hash.h"

uint64_t census_key(const struct spawner *s, const struct ip *ip)
{
	struct ip who = ip_source(ip);

	return hash_keyed(s->source_key, view_of(who.b, sizeof who.b)) | 1;
}

/* The place of a key, or the free one where it would be; NULL: the table is full of others. */
static struct spawner_count *census_place(const struct spawner *s, uint64_t key)
{
	const struct spawner_count *all = s->census.source;

	for (uint32_t n = 0; n < SPAWNER_SOURCES; n++) {
		const struct spawner_count *c = &all[(key + n) & (SPAWNER_SOURCES - 1)];

		if (c->key == key || c->key == 0)
			return (struct spawner_count *)(uintptr_t)c;
	}
	return NULL;
}

static void census_row(struct spawner *s, const struct page_cell *row, bool is_at_work)
{
	uint16_t listener = PAGE_GET(row->listener);
	struct spawner_count *c = census_place(s, PAGE_GET(row->source) | 1);

	s->census.all++;
	s->census.strangers += !is_at_work;
	if (listener < IMAGE_LISTENER_SLOTS)
		s->census.of_listener[listener]++;
	if (!c)
		return;
	c->key = PAGE_GET(row->source) | 1;
	c->n++;
	c->at_work = (uint16_t)(c->at_work + is_at_work);
}

static bool census_is_at_work(const struct spawner *s, uint32_t slot, uint64_t serial)
{
	return s->e->gate_page && PAGE_GET(s->e->gate_page->logged_in[slot]) == serial;
}

void census_take(struct spawner *s)
{
	s->census = (struct spawner_census){ 0 };
	for (uint32_t i = 0; i < CELL_SLOTS; i++) {
		uint64_t serial = PAGE_GET(s->page->cell[i].serial);

		if (serial)
			census_row(s, &s->page->cell[i], census_is_at_work(s, i, serial));
	}
	if (s->is_draining)
		return; /* the gauges are the next one's */
	PAGE_SET(s->page->strangers, s->census.strangers);
	PAGE_SET(s->page->at_work, s->census.all - s->census.strangers);
	PAGE_SET(s->page->pending, s->pending_n);
	for (uint16_t i = 0; i < IMAGE_LISTENER_SLOTS; i++)
		if (s->e->now->listener[i])
			PAGE_SET(s->load->listener[i].connections, s->census.of_listener[i]);
}

/* 0: no limit. */
static bool census_is_over(uint32_t n, uint32_t limit)
{
	return limit && n >= limit;
}

enum page_cell_refusal census_admit(const struct spawner *s, uint64_t key, uint16_t listener)
{
	const struct image_gateway *g = &s->e->now->image.header->gateway;
	const struct image_listener *l = s->e->now->listener[listener];
	const struct spawner_count *c = census_place(s, key);
	uint32_t n = c ? c->n : 0;

	if (census_is_over(n, g->cells_per_address) ||
	    census_is_over(n, l->connections_per_address))
		return PAGE_CELL_ADDRESS;
	if (census_is_over(s->census.all, g->cells) ||
	    census_is_over(s->census.of_listener[listener], l->connections) ||
	    s->cell_n >= s->most_cells)
		return PAGE_CELL_ALL;
	if (census_is_over(s->census.strangers, g->cells_before_login) && !(c && c->at_work))
		return PAGE_CELL_STRANGERS;
	return PAGE_CELL_REFUSALS;
}

void census_add(struct spawner *s, uint64_t key, uint16_t listener)
{
	struct spawner_count *c = census_place(s, key);

	s->census.all++;
	s->census.strangers++;
	s->census.of_listener[listener]++;
	if (!c)
		return;
	c->key = key;
	c->n++;
}

enum err census_claim(struct spawner *s, struct spawner_cell *who)
{
	uint64_t serial = atomic_fetch_add(&s->page->last_serial, 1) + 1;

	for (uint32_t n = 0; n < CELL_SLOTS; n++) {
		uint32_t slot = s->next_slot++ % CELL_SLOTS;
		uint64_t none = 0;

		/* of ours: its descriptors may still be named by events of this turn */
		if (s->cells[slot].serial ||
		    (s->cells[slot].freed_turn && s->cells[slot].freed_turn == s->loop.turn))
			continue;
		if (!atomic_compare_exchange_strong(&s->page->cell[slot].serial, &none, serial))
			continue;
		who->slot = slot;
		who->serial = serial;
		return E_OK;
	}
	return E_LIMIT;
}

void census_free(struct spawner *s, uint32_t slot, uint64_t serial)
{
	uint64_t own = serial;

	PAGE_SET(s->page->cell[slot].pid, 0);
	(void)atomic_compare_exchange_strong(&s->page->cell[slot].serial, &own, 0);
}

void census_refuse(struct spawner *s, enum page_cell_refusal why)
{
	atomic_fetch_add(&s->page->refused[why], 1);
}
