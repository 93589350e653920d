/* /proc/PID/smaps: what is mapped, and how it is guarded (proc(5)). */
#ifndef TOOL_BLAST_MAP_H
#define TOOL_BLAST_MAP_H

#include "base/err.h"
#include "base/view.h"

enum { BLAST_MAP_SHOWN = 24, BLAST_MAP_NAME = 120, BLAST_MAP_BYTES = 32 << 20 };

struct blast_map {
	uint64_t bytes;
	bool is_writable;
	char name[BLAST_MAP_NAME]; /* of the file; any bytes */
};

struct blast_maps {
	bool is_known;
	struct blast_map shared[BLAST_MAP_SHOWN]; /* memory that others may see */
	size_t shared_n;
	unsigned shared_total, shared_writable;
	unsigned writable_code;			/* mappings that are writable and executable */
	unsigned anonymous_code;		/* executable, of no file */
	struct blast_map code[BLAST_MAP_SHOWN]; /* those */
	size_t code_n;
	uint64_t hidden; /* bytes that nobody but itself can read: memfd_secret(2) */
	uint64_t bytes, resident, locked, not_dumped, wiped, sealed; /* bytes, by VmFlags */
};

/*
 * blast_map_parse - all mappings
 *   text  borrows; names in it are others' choice, and have no newline as the kernel writes them
 * E_PROTO a line is not understood
 */
enum err blast_map_parse(struct view text, struct blast_maps *ret);

/* blast_map_is_hidden - a mapping's path: that of memfd_secret(2) */
bool blast_map_is_hidden(struct view path);

/* blast_map_look - of a process. E_CLOSED, E_DENIED, E_LIMIT, E_NOMEM, E_PROTO, E_SYS */
enum err blast_map_look(int pid, struct blast_maps *ret);

#endif
