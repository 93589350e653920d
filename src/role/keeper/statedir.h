/* The state directory: lock, control socket, log and key directories. */
#ifndef ROLE_KEEPER_STATEDIR_H
#define ROLE_KEEPER_STATEDIR_H

#include "role/keeper/keeper.h"

/*
 * statedir_open - makes what is missing and takes the lock; k->users must be known
 * DIR 0755 · DIR/lock · DIR/audit 0750, owner audit · DIR/keys 0700, owner signer
 * E_DENIED another keeper has it, E_SYS: both logged with what to do
 */
enum err statedir_open(struct keeper *k);

/* statedir_control - the control socket, mode 0600, listening. E_SYS (logged) */
enum err statedir_control(struct keeper *k, int *ret_fd);

/* statedir_done - the control socket's name goes; the lock goes with the process */
void statedir_done(struct keeper *k);

#endif
