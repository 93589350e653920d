/*
 * Channels to signer, dialer, authority and audit, and through them the cells' own: each living
 * cell is introduced to each of the four that runs. When one of them was replaced, every cell gets
 * a fresh channel to the new one over its lifeline.
 */
#ifndef ROLE_SPAWNER_LINK_H
#define ROLE_SPAWNER_LINK_H

#include "role/spawner/spawner.h"

void link_init(struct spawner *s);

/* link_set - fd (taken) is the channel to that role from now on. E_DENIED no such role · E_SYS
 * (logged) */
enum err link_set(struct spawner *s, enum role peer, int fd);

/*
 * link_introduce - a fresh channel between cell c and that role, which has been told of it
 * The cell's end, which is the caller's to close; -1: the role is away or busy, and c will be
 * introduced later.
 */
int link_introduce(struct spawner *s, enum spawner_link_kind kind, struct spawner_cell_slot *c);

/* link_turn - goes on with introductions that are owed */
void link_turn(struct spawner *s);

/* link_is_behind - there are such */
bool link_is_behind(const struct spawner *s);

void link_on_event(void *owner, struct loop_source *source, uint32_t events);

#endif
