/*
 * Spawners and what they leave behind. The spawner is replaced every few minutes and at each change
 * of the configuration: the next one starts while the present one still accepts, and takes over
 * when it is ready. Cells outlive their spawner; the keeper is the one who reaps them then (P11).
 */
#ifndef ROLE_KEEPER_SPAWNERS_H
#define ROLE_KEEPER_SPAWNERS_H

#include "role/keeper/keeper.h"

/* spawners_open - the keeper reaps what spawners leave, and may clear their rows. E_SYS (logged) */
enum err spawners_open(struct keeper *k);

/* spawners_are_wanted - the image has a listener with isolation: cell */
bool spawners_are_wanted(const struct image *im);

/* spawners_renew - another one takes the seat; the present one goes on until it is ready */
void spawners_renew(struct keeper *k);

/* spawners_on_ready - c has its seat and is ready: those before it accept no more. A provider that
 * cells of older spawners need too is linked to these */
void spawners_on_ready(struct keeper_child *c);

/* spawners_retire - all of them finish what they have */
void spawners_retire(struct keeper *k);

/* spawners_tick - the next time something is due, or UINT64_MAX */
uint64_t spawners_tick(struct keeper *k);

#endif
