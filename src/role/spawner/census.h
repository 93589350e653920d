/*
 * How many cells there are, of this spawner and of those before it, by the page that all of them
 * write. The authority's page says which of them are at work; everyone else is a stranger.
 *
 * Strangers have a limit of their own, so that no number of them displaces people at work; who is
 * at work from an address may open further connections from there although strangers have reached
 * theirs (THREATS A22).
 */
#ifndef ROLE_SPAWNER_CENSUS_H
#define ROLE_SPAWNER_CENSUS_H

#include "role/spawner/spawner.h"

/* census_key - what a client's address is counted under; never 0 */
uint64_t census_key(const struct spawner *s, const struct ip *ip);

/* census_take - counts anew, by the pages */
void census_take(struct spawner *s);

/* census_admit - may this client have a cell? PAGE_CELL_REFUSALS: yes; else why not */
enum page_cell_refusal census_admit(const struct spawner *s, uint64_t key, uint16_t listener);

/* census_add - one more, until the next count */
void census_add(struct spawner *s, uint64_t key, uint16_t listener);

/*
 * census_claim - a row of the page for a new cell, with a serial that no cell ever had
 * E_LIMIT all rows are taken
 */
enum err census_claim(struct spawner *s, struct spawner_cell *who);

/* census_free - the row is nobody's */
void census_free(struct spawner *s, uint32_t slot, uint64_t serial);

/* census_refuse - somebody got no cell */
void census_refuse(struct spawner *s, enum page_cell_refusal why);

#endif
