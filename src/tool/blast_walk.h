/* Through all folders below one, as whoever calls (blast_files.h). */
#ifndef TOOL_BLAST_WALK_H
#define TOOL_BLAST_WALK_H

#include "tool/blast_files.h"

/* blast_walk - adds up what may be opened; then it is cut. E_NOMEM */
enum err blast_walk(int dir_fd, uint64_t within_ms, struct blast_files *ret);

#endif
