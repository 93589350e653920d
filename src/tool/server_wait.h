/* Waiting until a server that drains has nothing left. */
#ifndef TOOL_SERVER_WAIT_H
#define TOOL_SERVER_WAIT_H

#include "tool/snapshot.h"

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
