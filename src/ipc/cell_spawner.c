/* Which words of the load page count up, by the layout of its structs. */
#include "ipc/cell_spawner.h"

#include <stddef.h>

#define CELL_WORD(T, member) (offsetof(struct T, member) / sizeof(uint64_t))
#define CELL_BIT(T, member)  (UINT64_C(1) << CELL_WORD(T, member))

struct cell_spawner_row {
	size_t at, bytes; /* of the first entry in the page; of one entry */
	uint32_t slots;
	uint64_t gauges; /* bits: words that go up and down, or name the entry; all below 64 */
};

static const struct cell_spawner_row cell_spawner_rows[CELL_COUNT_KINDS] = {
	[CELL_COUNT_LISTENER] = { offsetof(struct page_load_page, listener),
				  sizeof(struct page_load_listener), IMAGE_LISTENER_SLOTS,
				  CELL_BIT(page_load_listener, connections) |
					  CELL_BIT(page_load_listener, h2_sessions) },
	[CELL_COUNT_SERVER] = { offsetof(struct page_load_page, server),
				sizeof(struct page_load_server), IMAGE_SERVER_SLOTS,
				CELL_BIT(page_load_server, gen) |
					CELL_BIT(page_load_server, connections) |
					CELL_BIT(page_load_server, peak_at_ms) |
					CELL_BIT(page_load_server, h2_streams) },
	[CELL_COUNT_POOL] = { offsetof(struct page_load_page, pool), sizeof(struct page_load_pool),
			      IMAGE_POOL_SLOTS,
			      CELL_BIT(page_load_pool, gen) | CELL_BIT(page_load_pool, in_flight) },
	[CELL_COUNT_RULE] = { offsetof(struct page_load_page, rule), sizeof(struct page_load_rule),
			      IMAGE_RULE_SLOTS, CELL_BIT(page_load_rule, gen) },
};

_Static_assert(CELL_WORD(page_load_listener, h2_sessions) < 64, "gauges fit in one word of bits");

unsigned cell_spawner_words(enum cell_count_kind kind)
{
	return (unsigned)kind < CELL_COUNT_KINDS
		       ? (unsigned)(cell_spawner_rows[kind].bytes / sizeof(uint64_t))
		       : 0;
}

bool cell_spawner_is_counter(enum cell_count_kind kind, unsigned word)
{
	if (word >= cell_spawner_words(kind))
		return false;
	return word >= 64 || !(cell_spawner_rows[kind].gauges >> word & 1);
}

uint32_t cell_spawner_slots(enum cell_count_kind kind)
{
	return (unsigned)kind < CELL_COUNT_KINDS ? cell_spawner_rows[kind].slots : 0;
}

_Atomic uint64_t *cell_spawner_entry(struct page_load_page *p, enum cell_count_kind kind,
				     uint32_t slot)
{
	const struct cell_spawner_row *r = &cell_spawner_rows[kind];

	INVARIANT((unsigned)kind < CELL_COUNT_KINDS && slot < r->slots);
	return (_Atomic uint64_t *)(void *)((uint8_t *)p + r->at + slot * r->bytes);
}

void cell_spawner_put(struct wbuf *w, const struct cell_count *c)
{
	wbuf_u8(w, c->kind);
	wbuf_u16(w, c->word);
	wbuf_u32(w, c->slot);
	wbuf_u32(w, c->gen);
	wbuf_u64(w, c->more);
}

enum err cell_spawner_next(struct view *rest, struct cell_count *ret)
{
	TRY(view_u8(rest, &ret->kind));
	TRY(view_u16(rest, &ret->word));
	TRY(view_u32(rest, &ret->slot));
	TRY(view_u32(rest, &ret->gen));
	TRY(view_u64(rest, &ret->more));
	if (ret->slot >= cell_spawner_slots((enum cell_count_kind)ret->kind) ||
	    !cell_spawner_is_counter((enum cell_count_kind)ret->kind, ret->word))
		return E_PROTO;
	return ret->more > CELL_COUNT_MOST ? E_LIMIT : E_OK;
}
