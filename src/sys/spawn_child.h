/*
 * The child's half of spawn_role: from its birth to the execution of the role's program. It is
 * sys/spawn's own; nobody else includes it.
 */
#ifndef SYS_SPAWN_CHILD_H
#define SYS_SPAWN_CHILD_H

#include "sys/spawn.h"

/* Where the child is, or failed; told to the parent over the socket pair. */
enum spawn_child_step {
	SPAWN_CHILD_IS_BORN = 1, /* waits until its ids are mapped */
	SPAWN_CHILD_SIGNALS,
	SPAWN_CHILD_LIMITS,
	SPAWN_CHILD_DESCRIPTORS,
	SPAWN_CHILD_IDENTITY,
	SPAWN_CHILD_CAPABILITIES,
	SPAWN_CHILD_EXECUTE,
	SPAWN_CHILD_N
};

struct spawn_child_news {
	int step;  /* enum spawn_child_step */
	int error; /* errno */
};

struct spawn_child {
	const struct spawn_spec *spec; /* borrows */
	int program_fd, sync_fd;
	uid_t uid;
	gid_t gid;
	bool is_root, wants_user;
};

/* spawn_child_run - becomes the role, or tells the parent why not and ends */
void spawn_child_run(const struct spawn_child *c) __attribute__((noreturn));

/* spawn_child_step_name - what was being done, for the log */
const char *spawn_child_step_name(int step);

#endif
