/*
 * Processes that are kept as evidence: an edge or a cell that has said that a canary was about to
 * leave it (role/edge/tripwire). It is stopped, its place is taken by another one, and its memory
 * stays as it was, for who may read it, until it is released or its time is over.
 *
 * What it says is not believed further than its own end: a worker that claims to leak over and over
 * is restarted like one that crashes (seat_plan), and the third of its role that would be kept is
 * ended instead. The first ones are kept: they show how it began.
 */
#ifndef ROLE_KEEPER_FREEZE_H
#define ROLE_KEEPER_FREEZE_H

#include "role/keeper/keeper.h"

/* freeze_child - c, an edge that runs, has said so; kind: enum canary_kind, as it says. E_DENIED it
 * may not */
enum err freeze_child(struct keeper_child *c, uint8_t kind);

/* freeze_tampered - c has code that it should not have. E_DENIED it is not kept: to be ended */
enum err freeze_tampered(struct keeper_child *c);

/* freeze_release - ends the frozen process with that number; uid: who wants it. E_CLOSED there is
 * none */
enum err freeze_release(struct keeper *k, uint32_t pid, uid_t uid);

/* freeze_sweep - frozen cells whose time is over, or whose Sluis stops; edges have a deadline */
void freeze_sweep(struct keeper *k);

#endif
