/* /proc/PID/maps, line by line (proc(5)). Its paths may hold what the process wants. */
#ifndef BASE_PROC_MAPS_H
#define BASE_PROC_MAPS_H

#include "base/err.h"
#include "base/view.h"

enum { PROC_MAP_READ = 1, PROC_MAP_WRITE = 2, PROC_MAP_EXEC = 4, PROC_MAP_SHARED = 8 };

struct proc_map {
	uint64_t from, to, offset, device, inode;
	unsigned flags;
	struct view path; /* empty: of no file; without " (deleted)" */
	struct view line; /* all of it */
	bool is_deleted;
};

/* proc_maps_next - consumes one line. E_AGAIN there is none left · E_PROTO it is not understood */
enum err proc_maps_next(struct view *text, struct proc_map *ret);

#endif
