/* Waiting until a server is what was asked for; and, while it drains, until it has nothing left. */
#ifndef TOOL_SERVER_WAIT_H
#define TOOL_SERVER_WAIT_H

#include "tool/snapshot.h"

/* server_wait_applied - until the health page, which edges and relay choose by, has this state
 * (enum page_admin) for the server, five seconds at most. The exit status: 0 · 1 (told) */
int server_wait_applied(const struct snapshot *s, const char *label,
			const struct image_server *server, unsigned state);

/*
 * server_wait - looks once a second, and says what is left when that changes
 *   state      --state, or NULL
 *   label      "pool/name", for the lines
 *   server     {slot, slot_gen} are looked at; a copy, because the image goes with its snapshot
 *   quiet_ms   no client of its own may have asked for so long; 0: its pool has no persistence
 * The exit status: 0 nothing is left, or the server is gone · 1 (told)
 */
int server_wait(const char *state, const char *label, struct image_server server,
		uint64_t quiet_ms);

#endif
