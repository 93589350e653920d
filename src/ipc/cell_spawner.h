/*
 * A cell's lifeline: on descriptor 3, where other roles have the keeper.
 *
 * The spawner says what the keeper would (ipc/keeper_role.h): KEEPER_CHANNEL, a fresh channel to
 * signer, dialer, authority or audit, and KEEPER_DRAIN. The cell says what it has counted since it
 * last said so, at most once a second and at its end. When the lifeline ends the cell finishes what
 * it has.
 *
 * What a cell claims is added to the spawners' stripe of load (PAGE_LOAD_CELLS) and nowhere else;
 * each claim is bounded, so that a cell that lies spoils numbers for people, and nothing that
 * decides.
 */
#ifndef IPC_CELL_SPAWNER_H
#define IPC_CELL_SPAWNER_H

#include "ipc/pages.h"

enum cell_spawner_message {
	CELL_LEAKS = 2, /* u8 enum canary_kind: as ROLE_LEAKS */
	CELL_COUNTS = 1 /* u32 microseconds from the first bytes to its own first step, or 0; then
			   as many struct cell_count as there are */
};

enum cell_count_kind {
	CELL_COUNT_LISTENER = 1,
	CELL_COUNT_SERVER,
	CELL_COUNT_POOL,
	CELL_COUNT_RULE,
	CELL_COUNT_KINDS
};

/* u8 kind, u16 word, u32 slot, u32 gen, u64 more: so much is added to word number `word` of that
 * entry of struct page_load_page. */
struct cell_count {
	uint8_t kind;	    /* enum cell_count_kind */
	uint16_t word;	    /* of eight bytes, in the entry's struct */
	uint32_t slot, gen; /* listeners: gen 0 */
	uint64_t more;
};

enum {
	CELL_COUNT_BYTES = 1 + 2 + 4 + 4 + 8,
	CELL_COUNTS_MAX = (FRAME_BODY_MAX - 4) / CELL_COUNT_BYTES,
	CELL_COUNTS_PER_S = 16 /* messages; more end the cell */
};

/* What a cell can have counted in a second; more is not believed. */
#define CELL_COUNT_MOST (UINT64_C(1) << 40)

/* cell_spawner_words - how many words an entry of this kind has; 0: there is no such kind */
unsigned cell_spawner_words(enum cell_count_kind kind);

/* cell_spawner_is_counter - the word only counts up: it may be told and added */
bool cell_spawner_is_counter(enum cell_count_kind kind, unsigned word);

/* cell_spawner_slots - entries of this kind that a page has */
uint32_t cell_spawner_slots(enum cell_count_kind kind);

/* cell_spawner_entry - the entry's first word; its generation is in the lower half of it, but for
 * listeners. INVARIANT kind and slot are within bounds */
_Atomic uint64_t *cell_spawner_entry(struct page_load_page *p, enum cell_count_kind kind,
				     uint32_t slot);

void cell_spawner_put(struct wbuf *w, const struct cell_count *c);

/* cell_spawner_next - consumes one. E_SHORT · E_PROTO kind, word or slot do not exist, or the word
 * is no counter · E_LIMIT more than can be */
enum err cell_spawner_next(struct view *rest, struct cell_count *ret);

#endif
