/*
 * A twin of an instance: its programs, its configuration and a keeper of its own, in namespaces
 * where nothing that happens concerns anybody else (docs/drill.md). All addresses of its network
 * lead to itself, all file systems but a scratch folder in memory are read-only, and it is gone
 * with its first process.
 */
#ifndef TOOL_DRILL_TWIN_H
#define TOOL_DRILL_TWIN_H

#include "base/ip.h"
#include "drill/board.h"
#include "ipc/role.h"

#include <stdbool.h>
#include <sys/types.h>

enum { DRILL_ARGS = 48, DRILL_PATH = 512 };

/* What all twins share: how the instance was started. */
struct drill_plan {
	char keeper[DRILL_PATH]; /* the program to execute */
	char config[DRILL_PATH]; /* its configuration file */
	char state[DRILL_PATH];	 /* its state directory: config/current is copied */
	char *args[DRILL_ARGS];	 /* the keeper's, without --state and what comes of an
				    upgrade; owned */
	unsigned arg_n;
	struct ip cell_ip;    /* where cells are to be had */
	uint16_t cell_port;   /* 0: there are none */
	uint32_t first, last; /* acts that are tried: first .. last - 1 */
	bool has_own_config;  /* not the configuration that is in force */
	bool is_bare; /* no keeper: the program tries by itself, without a sandbox (tests) */
};

enum drill_state { DRILL_WAITING = 0, DRILL_RUNNING, DRILL_DONE, DRILL_BROKEN };

struct drill_twin {
	const struct drill_plan *plan;
	enum role role;
	uid_t uid;     /* of the neighbour: the role's, where root starts twins */
	uint8_t state; /* enum drill_state */
	struct board *board;
	int board_fd, log_fd, pidfd;
	pid_t pid;
	uint32_t seen_next, seen_births;
	uint64_t began_ms, moved_ms, ended_ms;
	char dir[64], cgroup[DRILL_PATH];
	char why[200]; /* DRILL_BROKEN */
};

/* drill_twin_start - puts it up; it drills by itself from then on. E_SYS: t->why says what failed
 */
enum err drill_twin_start(struct drill_twin *t);

/* drill_twin_look - how it goes; ends it when it is done, has come to an end, or stands still */
void drill_twin_look(struct drill_twin *t);

/* drill_twin_end - all of its processes are gone afterwards, and its folder */
void drill_twin_end(struct drill_twin *t);

#endif
