/* Telling dialers which applications a cell may be connected to (ipc/authority_dialer.h): before
 * the cell is told that it may. */
#ifndef ROLE_AUTHORITY_REACH_H
#define ROLE_AUTHORITY_REACH_H

#include "role/authority/authority.h"

/* reach_add - takes fd: a channel to a dialer; it is told what cells may reach already, as it
 * reads. When there are too many the oldest is left. E_SYS */
enum err reach_add(struct authority *a, int fd);

/* reach_allow - c may reach the application, as far as all dialers are concerned. E_AGAIN: one of
 * them does not listen now */
enum err reach_allow(struct authority *a, struct authority_cell *c, uint64_t app);

/* reach_forbid - c reaches no application any more; reach_forbid_session - nor does any cell that
 * has shown this session */
void reach_forbid(struct authority *a, struct authority_cell *c);
void reach_forbid_session(struct authority *a, uint32_t session);

/* reach_tick - dialers that take nothing are given up */
void reach_tick(struct authority *a);

/* reach_on_event - the loop's handler: dialers say nothing */
void reach_on_event(void *owner, struct loop_source *source, uint32_t events);

#endif
