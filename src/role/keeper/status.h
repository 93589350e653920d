/* Rows for `sluis status`: what runs, and read-only descriptors of the shared pages. */
#ifndef ROLE_KEEPER_STATUS_H
#define ROLE_KEEPER_STATUS_H

#include "role/keeper/keeper.h"

/*
 * status_send - sends rows from *step on and moves it
 * E_OK all are sent · E_AGAIN the queue is full: again from *step · E_CLOSED, E_SYS
 */
enum err status_send(const struct keeper *k, int fd, uint32_t *step);

#endif
