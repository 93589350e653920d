/*
 * What of a process's memory can be executed, as the kernel tells it (/proc/PID/maps): its keeper
 * looks now and then whether that is what it was when the process was ready (promise P5).
 *
 * The paths in that text are the process's own choice; nothing here believes them but for what the
 * kernel itself puts in front of memory that no file has.
 */
#ifndef SYS_CODE_MAP_H
#define SYS_CODE_MAP_H

#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

enum code_map_fault {
	CODE_MAP_NONE,
	CODE_MAP_WRITABLE, /* a mapping is writable and executable */
	CODE_MAP_NO_FILE,  /* one is executable and of no file: anonymous, or a memory file */
};

struct code_map {
	uint64_t digest; /* of all executable mappings, in order; never 0 */
	uint32_t n;	 /* of them */
	uint8_t fault;	 /* enum code_map_fault; of the first one that has any */
	uint64_t from, to;
};

/*
 * code_map_read - from a descriptor of such a file, until its end
 * E_LIMIT it is longer than any process of ours can make it · E_PROTO it is not understood · E_SYS
 * it can't be read, or the process is gone
 */
enum err code_map_read(int fd, struct code_map *ret);

/* code_map_of - of the process with that number. E_DENIED it may not be looked at · else as above
 */
enum err code_map_of(pid_t pid, struct code_map *ret);

#endif
