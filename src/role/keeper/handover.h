/*
 * What one keeper program hands to the next: a memory file with every descriptor and number that
 * must live on, field by field, under a version of its own.
 */
#ifndef ROLE_KEEPER_HANDOVER_H
#define ROLE_KEEPER_HANDOVER_H

#include "role/keeper/keeper.h"

enum { HANDOVER_VERSION = 3, HANDOVER_BYTES = 1 << 20, HANDOVER_CELL_PAGES = 3 };

/* handover_write - everything, into a new memory file; *ret_fd is gives. E_SYS (logged), E_LIMIT */
enum err handover_write(const struct keeper *k, int *ret_fd);

/* handover_inherit - clears (or sets) close-on-exec of every descriptor that is handed over */
enum err handover_inherit(const struct keeper *k, int fd, bool want_inherit);

/*
 * handover_read - what the predecessor wrote, into an empty keeper; nothing is touched but k
 * E_PROTO, E_SHORT: not understood · E_SYS (logged)
 */
enum err handover_read(struct keeper *k, int fd);

/* handover_adopt - what was read becomes alive: children, control socket and clients into the loop.
 * E_SYS, E_PROTO (logged) */
enum err handover_adopt(struct keeper *k);

#endif
