/* Spawners: believed when they introduce a cell, and in nothing else (ipc/spawner.h). */
#ifndef ROLE_AUTHORITY_SPAWNER_H
#define ROLE_AUTHORITY_SPAWNER_H

#include "role/authority/authority.h"

/* spawner_add - takes fd: a channel to a spawner; when there are too many one is left. E_SYS */
enum err spawner_add(struct authority *a, int fd);

/* spawner_on_event - the loop's handler */
void spawner_on_event(void *owner, struct loop_source *source, uint32_t events);

/* spawner_kill - all are told to end this cell; the one who started it does */
void spawner_kill(struct authority *a, const struct authority_cell *c);

#endif
