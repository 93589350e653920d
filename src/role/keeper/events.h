/* The keeper's own audit records. */
#ifndef ROLE_KEEPER_EVENTS_H
#define ROLE_KEEPER_EVENTS_H

#include "ipc/record.h"
#include "role/keeper/keeper.h"

/* events_open - a ring for the keeper's records. E_SYS, E_NOMEM (logged) */
enum err events_open(struct keeper *k);

/* events_put - one record; what is empty becomes "-". When the ring is full it is counted, and the
 * count is told as soon as there is room */
void events_put(struct keeper *k, enum record_kind kind, const char *action, struct view object,
		const char *result, struct view detail);

/* events_put_actor - the same, on behalf of the user of a command */
void events_put_actor(struct keeper *k, uid_t uid, const char *action, struct view object,
		      const char *result);

/* events_put_actor_detail - the same with a detail */
void events_put_actor_detail(struct keeper *k, uid_t uid, const char *action, struct view object,
			     const char *result, struct view detail);

/* events_put_change - what became of the present change: who asked for it and why, what it changes.
 * text is in front */
void events_put_change(struct keeper *k, const char *action, const char *result, struct view text);

/* events_put_child - what a role did or what became of it: object is "edge[0]" */
void events_put_child(const struct keeper_child *c, enum record_kind kind, const char *action,
		      const char *result, struct view detail);

#endif
