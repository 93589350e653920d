/* Who each role runs as. */
#ifndef ROLE_KEEPER_USERS_H
#define ROLE_KEEPER_USERS_H

#include "role/keeper/keeper.h"

/*
 * users_find - under root: the system user "sluis-<role>" of /etc/passwd, else uid base + role;
 * otherwise the caller for all. E_SYS (logged)
 */
enum err users_find(struct keeper *k);

#endif
