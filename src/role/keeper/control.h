/* The control socket: what the `sluis` command asks, and what it is told (ipc/tool_keeper.h). */
#ifndef ROLE_KEEPER_CONTROL_H
#define ROLE_KEEPER_CONTROL_H

#include "role/keeper/keeper.h"

extern const struct frame_table control_table;

/* control_open - the socket, into the loop. E_SYS (logged) */
enum err control_open(struct keeper *k, int listen_fd);

/* control_adopt - a command that asked an earlier keeper for its upgrade waits for it here */
void control_adopt(struct keeper *k, int fd, uid_t uid);

/* control_on_listen, control_on_client - handlers of the loop */
void control_on_listen(void *owner, struct loop_source *source, uint32_t events);
void control_on_client(void *owner, struct loop_source *source, uint32_t events);

/* control_answer - the last word for c, which is closed or will be; text: one line, may be empty */
void control_answer(struct keeper_client *c, bool is_refused, struct view text);

/* control_tell - a line for c; level as in KEEPER_TEXT */
void control_tell(struct keeper_client *c, uint8_t level, struct view text);

/* control_tell_waiting - a line for the commands that wait for the present change */
void control_tell_waiting(struct keeper *k, uint8_t level, struct view text);

/* control_tell_applied - the same of what has been applied; entry: of the history, or 0 */
void control_tell_applied(struct keeper *k, uint32_t generation, uint32_t entry);

/* control_next_edit - the command whose run-time change is next; NULL: none waits */
struct keeper_client *control_next_edit(struct keeper *k);

/* control_change_begins - who waited for the next change waits for this one now */
void control_change_begins(struct keeper *k);

/* control_change_done - those who wait for the present change are told how it ended */
void control_change_done(struct keeper *k, bool is_refused);

/* control_tick - commands that take no answer are forgotten; the next time, or UINT64_MAX */
uint64_t control_tick(struct keeper *k);

#endif
