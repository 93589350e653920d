/* The inside of a twin, until its keeper runs: what is mounted, what listens, who lives there. */
#ifndef TOOL_DRILL_STAGE_H
#define TOOL_DRILL_STAGE_H

#include "tool/drill_twin.h"

struct drill_stage {
	const struct drill_plan *plan;
	struct board *board;
	const char *dir;    /* the scratch folder */
	const char *cgroup; /* empty: none */
	enum role role;
	uid_t uid; /* of the neighbour */
	int board_fd, log_fd;
	int sync_fd; /* one byte comes when it may begin */
};

/* drill_stage_run - in the first process of the twin; executes the keeper */
void drill_stage_run(const struct drill_stage *s) __attribute__((noreturn));

#endif
