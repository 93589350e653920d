/* `sluis user`, `group`, `session`, `invite`: the people of the gateway (docs/administration.md).
 */
#ifndef TOOL_ADMIN_H
#define TOOL_ADMIN_H

/* admin_user, ... - the sub-commands; the exit status */
int admin_user(int argc, char **argv);
int admin_group(int argc, char **argv);
int admin_session(int argc, char **argv);
int admin_invite(int argc, char **argv);

#endif
