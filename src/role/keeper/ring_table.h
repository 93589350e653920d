/*
 * Audit rings: one per process that writes records. A ring outlives its writer until audit has
 * read it to its end, and outlives audit: the next one reads on (promise P9).
 */
#ifndef ROLE_KEEPER_RING_TABLE_H
#define ROLE_KEEPER_RING_TABLE_H

#include "role/keeper/keeper.h"

/*
 * ring_table_new - a ring for a new process; audit is told
 *   ret_fds   gives {data read-write, cursor read-only}: the writer's ends
 * E_NOMEM all rings are in use · E_SYS (logged)
 */
enum err ring_table_new(struct keeper *k, enum role role, uint16_t index, uint32_t *ret_id,
			int ret_fds[2]);

/* ring_table_end - its writer is gone: audit drains and forgets it */
void ring_table_end(struct keeper *k, uint32_t id);

/* ring_table_done - audit has; E_PROTO no such ring, or its writer lives */
enum err ring_table_done(struct keeper *k, uint32_t id);

/* ring_table_post_all - all that are there, to a new audit; ring_table_post_ends - once it runs */
enum err ring_table_post_all(struct keeper_child *audit);
enum err ring_table_post_ends(struct keeper_child *audit);

#endif
