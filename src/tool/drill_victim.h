/* The neighbour of an intruder: what it may find around it in a twin. */
#ifndef TOOL_DRILL_VICTIM_H
#define TOOL_DRILL_VICTIM_H

#include "tool/drill_twin.h"

/*
 * drill_victim_start - a process that listens on a port (TCP and UDP, every address), on an
 * abstract socket and on one in the scratch folder, has System V memory, and may be signalled,
 * traced and read by its own user; the board's scene says where. For cells it is their client as
 * well. Where root starts it, it becomes uid: the user of the role that is taken over. E_SYS: errno
 * says why
 */
enum err drill_victim_start(const struct drill_plan *plan, struct board *board, enum role role,
			    uid_t uid);

#endif
