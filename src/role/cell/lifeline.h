/* Descriptor 3 of a cell: what the spawner brings, and what its silence means. */
#ifndef ROLE_CELL_LIFELINE_H
#define ROLE_CELL_LIFELINE_H

#include "role/edge/edge.h"

/* lifeline_take - fd (taken) is the cell's channel to this role; others are closed. E_DENIED, E_SYS
 * (logged) */
enum err lifeline_take(struct edge *e, enum role peer, int fd);

/* lifeline_drain - nothing new is begun; over at until_ms */
void lifeline_drain(struct edge *e, uint64_t until_ms);

/* lifeline_is_cut - nobody is left who could help this cell: the keeper is gone */
bool lifeline_is_cut(const struct edge *e);

void lifeline_on_event(void *owner, struct loop_source *source, uint32_t events);
void lifeline_on_audit(void *owner, struct loop_source *source, uint32_t events);

/* The messages of a spawner: their handlers' role is the struct edge. */
extern const struct frame_table lifeline_table;

#endif
