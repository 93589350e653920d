/* The service manager's notification socket (sd_notify(3)), spoken directly. */
#ifndef ROLE_KEEPER_NOTIFY_H
#define ROLE_KEEPER_NOTIFY_H

#include "role/keeper/keeper.h"

/* notify_find - NOTIFY_SOCKET of the environment, or NULL; borrowed */
const char *notify_find(char *const *envp);

/* notify_send - "READY=1\n" and the like; without a service manager nothing */
void notify_send(const struct keeper *k, struct view text);

#endif
