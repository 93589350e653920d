/* Through all folders below one, as whoever calls (blast_files.h). */
#ifndef TOOL_BLAST_WALK_H
#define TOOL_BLAST_WALK_H

#include "tool/blast_files.h"

/* blast_walk - adds up what may be opened; for BLAST_FILES_MS at most. E_NOMEM */
enum err blast_walk(int dir_fd, struct blast_files *ret);

#endif
