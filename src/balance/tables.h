/*
 * The tables of the algorithms that hash, made a piece at a time: the largest takes ten
 * milliseconds, and who makes it has requests to serve meanwhile.
 */
#ifndef BALANCE_TABLES_H
#define BALANCE_TABLES_H

#include "balance/maglev.h"
#include "balance/ring_hash.h"

/* A pool's tables in the making. */
struct tables_build {
	struct balance_pool *p;
	struct balance_scratch *scratch;
	uint8_t *memory; /* what is not used yet */
	unsigned kind;	 /* of servers whose table is being made; 2: all are */
	union {
		struct maglev_build maglev;
		struct ring_hash_build ring;
	};
};

/* tables_bytes - memory that p's tables need; 0: it has none */
size_t tables_bytes(const struct balance_pool *p);

/*
 * tables_begin - once per pool, which can't be asked by key before they are made
 *   memory    keeps; tables_bytes(p), at a multiple of 8, zeroed
 *   scratch   keeps until they are made; p->n of them
 */
void tables_begin(struct tables_build *b, struct balance_pool *p, void *memory,
		  struct balance_scratch *scratch);

/* tables_step - goes on for about so many steps of some nanoseconds; true: they are made.
 *   steps   what is left of them */
bool tables_step(struct tables_build *b, uint32_t *steps);

/* tables_build - all at once */
void tables_build(struct balance_pool *p, void *memory, struct balance_scratch *scratch);

#endif
