/* A cell's claims; each is checked for what can be, and spoils numbers at worst. */
#include "role/spawner/counted.h"

#include "base/canary.h"
#include "ipc/cell_spawner.h"
#include "role/spawner/birth.h"

/* The entry of a claim, made new when it is of a newer server, rule or pool; NULL: of an older one
 */
static _Atomic uint64_t *counted_entry(struct page_load_page *p, const struct cell_count *c)
{
	enum cell_count_kind kind = (enum cell_count_kind)c->kind;
	_Atomic uint64_t *at = cell_spawner_entry(p, kind, c->slot);
	uint32_t had = (uint32_t)PAGE_GET(at[0]);

	if (kind == CELL_COUNT_LISTENER || had == c->gen)
		return at;
	if (had && (int32_t)(c->gen - had) < 0)
		return NULL;
	for (unsigned i = 0; i < cell_spawner_words(kind); i++)
		PAGE_SET(at[i], 0);
	PAGE_SET(at[0], c->gen);
	return at;
}

static void counted_raise(_Atomic uint32_t *high, uint32_t slot)
{
	if (PAGE_GET(*high) <= slot)
		PAGE_SET(*high, slot + 1);
}

static void counted_add(struct spawner_cell_slot *of, const struct cell_count *c)
{
	struct page_load_page *p = of->s->load;
	_Atomic uint64_t *at = NULL;

	/* Another listener than its own is none of its business */
	if (c->kind == CELL_COUNT_LISTENER && c->slot != of->who.listener)
		return;
	if (c->kind != CELL_COUNT_LISTENER && c->gen == 0)
		return;
	at = counted_entry(p, c);
	if (!at)
		return;
	atomic_fetch_add_explicit(&at[c->word], c->more, memory_order_relaxed);
	if (c->kind == CELL_COUNT_SERVER)
		counted_raise(&p->server_high, c->slot);
	else if (c->kind == CELL_COUNT_POOL)
		counted_raise(&p->pool_high, c->slot);
	else if (c->kind == CELL_COUNT_RULE)
		counted_raise(&p->rule_high, c->slot);
}

static enum err counted_on_counts(void *role, struct frame *f)
{
	struct spawner_cell_slot *c = role;
	struct view in = f->body;
	uint32_t us = 0;
	uint64_t now_s = c->s->loop.now_ms / 1000;

	c->heard = c->heard_s == now_s ? c->heard + 1 : 1;
	c->heard_s = now_s;
	if (c->heard > CELL_COUNTS_PER_S)
		return E_LIMIT;
	TRY(view_u32(&in, &us));
	if (us < 10000000)
		atomic_fetch_add(&c->s->page->spawn_us, us);
	while (in.n) {
		struct cell_count n = { 0 };

		TRY(cell_spawner_next(&in, &n));
		counted_add(c, &n);
	}
	return E_OK;
}

static enum err counted_on_leaks(void *role, struct frame *f)
{
	struct view in = f->body;
	uint8_t kind = 0;

	TRY(view_u8(&in, &kind));
	return kind <= CANARY_KINDS ? birth_freeze(role, kind) : E_DENIED;
}

static const struct frame_def counted_defs[] = {
	{ CELL_LEAKS, 0, FRAME_RUN, 1, 1, counted_on_leaks },
	{ CELL_COUNTS, 0, FRAME_RUN, 4, FRAME_BODY_MAX, counted_on_counts },
};

static const struct frame_table counted_table = { counted_defs,
						  sizeof counted_defs / sizeof counted_defs[0] };

enum err counted_pump(struct spawner_cell_slot *c, unsigned budget)
{
	return frame_pump(c->lifeline.fd, &counted_table, FRAME_RUN, c, budget);
}
