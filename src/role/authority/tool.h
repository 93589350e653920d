/*
 * The command's channels (ipc/tool_authority.h): administration. The keeper has looked at who may;
 * here it is done, told to the audit log with the uid, and answered by rows and an end. A long
 * answer goes on as the command reads it.
 */
#ifndef ROLE_AUTHORITY_TOOL_H
#define ROLE_AUTHORITY_TOOL_H

#include "role/authority/tell.h"

/* tool_add - takes fd: the channel of a command that this uid has typed. E_LIMIT, E_SYS */
enum err tool_add(struct authority *a, uint32_t uid, int fd);

/* tool_on_event - the loop's handler */
void tool_on_event(void *owner, struct loop_source *source, uint32_t events);

/* tool_send - one row. E_AGAIN the command has to read first */
enum err tool_send(struct tool *t, uint8_t type, const struct wbuf *w);

/* tool_end - the answer is over: is_done, or why not and what to do instead (printf) */
void tool_end(struct tool *t, bool is_done, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
