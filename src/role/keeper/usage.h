/* What each process of a role uses, as the kernel counts it, and how changes went: the keeper's own
 * page. */
#ifndef ROLE_KEEPER_USAGE_H
#define ROLE_KEEPER_USAGE_H

#include "role/keeper/keeper.h"

/* usage_open - makes the page and the one that audit writes. E_SYS (logged) */
enum err usage_open(struct keeper *k);

/* usage_update - looks now, unless that was done a moment ago */
void usage_update(struct keeper *k);

/* usage_tick - looks every few seconds while the console is there to show it; when next, or
 * UINT64_MAX */
uint64_t usage_tick(struct keeper *k);

/* usage_ended - a process is over: its seat's row is empty until the next one starts */
void usage_ended(struct keeper *k, const struct keeper_child *c);

/* usage_changed - a change of the configuration was applied, or refused */
void usage_changed(struct keeper *k, bool is_good);

#endif
