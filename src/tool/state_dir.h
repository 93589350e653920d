/* The state directory that a sub-command speaks of, and the running instance behind it. */
#ifndef TOOL_STATE_DIR_H
#define TOOL_STATE_DIR_H

#include "base/err.h"

enum { STATE_DIR_MAX = 4000 };

/* state_dir_path - --state, or /var/lib/sluis for root and ~/.local/state/sluis for others (option
 * NULL). E_SYS: told on standard error */
enum err state_dir_path(const char *option, char ret[STATE_DIR_MAX + 1]);

/* state_dir_connect - to the keeper's control socket; gives. E_CLOSED nobody runs there, E_SYS:
 * both told on standard error, with the path */
enum err state_dir_connect(const char *option, int *ret_fd);

#endif
