/*
 * The history of configurations (ipc/history_entry.h): DIR/config, mode 0700, the keeper's own. The
 * keeper stores bytes that the config role made; it reads none of them but the head of "current".
 */
#ifndef ROLE_KEEPER_HISTORY_H
#define ROLE_KEEPER_HISTORY_H

#include "role/keeper/keeper.h"

/* history_open - the directory, and what was in force when the last keeper ended. E_PROTO it is
 * damaged, E_SYS (both logged, with what to do) */
enum err history_open(struct keeper *k);

/* history_on_document - what the config role made; takes fd. E_PROTO it is none: ends the role */
enum err history_on_document(struct keeper_child *c, uint8_t kind, int fd);

/* history_record - writes the prepared change down, durably, before it is decided; nothing when it
 * is what is in force already. E_SYS (logged, told): it can't be */
enum err history_record(struct keeper *k);

/* history_commit - what was prepared is in force; history_discard - it is not */
void history_commit(struct keeper *k);
void history_discard(struct keeper *k);

/* history_diff - the difference of the prepared change, mapped: empty when there is none; give it
 * back with shm_unmap */
struct view history_diff(const struct keeper *k);

#endif
