/* What a cell has counted, told to its spawner: ipc/cell_spawner.h. */
#ifndef ROLE_CELL_COUNTS_H
#define ROLE_CELL_COUNTS_H

#include "role/edge/edge.h"

/*
 * counts_tell - everything since the last time, which is then zero in the cell's own page
 *   spawn_us   of the first time: how long its birth took; else 0
 * What the lifeline does not take now is told next time.
 */
void counts_tell(struct edge *e, uint32_t spawn_us);

#endif
