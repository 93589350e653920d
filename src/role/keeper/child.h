/* One process of a role: from spawn to its end. */
#ifndef ROLE_KEEPER_CHILD_H
#define ROLE_KEEPER_CHILD_H

#include "role/keeper/keeper.h"
#include "sys/process.h"

/*
 * child_start - a new process, which has been sent everything up to GO
 *   image         what it starts with (config: the one in use, or an empty one)
 *   is_candidate  it belongs to the change that is being prepared, not to a seat
 * NULL: it could not be started (logged, and told in k->change.why)
 */
struct keeper_child *child_start(struct keeper *k, enum role role, uint16_t index,
				 const struct keeper_image *image, bool is_candidate);

/* child_kill - ends it at once; its end is told like any other */
void child_kill(struct keeper_child *c);

/* child_retire - it has no seat any more: DRAIN, and at most deadline_ms to finish what it has */
void child_retire(struct keeper_child *c, uint32_t deadline_ms);

/* child_drain - DRAIN alone */
void child_drain(struct keeper_child *c, uint32_t deadline_ms);

/* child_is_alive - it has a process */
bool child_is_alive(const struct keeper_child *c);

/* child_adopt - takes over a process that an earlier keeper started: both descriptors into the
 * loop. E_SYS */
enum err child_adopt(struct keeper_child *c, int channel, int pidfd);

/* child_on_channel, child_on_pidfd - handlers of the loop */
void child_on_channel(void *owner, struct loop_source *source, uint32_t events);
void child_on_pidfd(void *owner, struct loop_source *source, uint32_t events);

/* child_tick - ends what is over its deadline; the next deadline, or UINT64_MAX */
uint64_t child_tick(struct keeper *k);

#endif
