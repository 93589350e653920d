/*
 * Which files somebody can open below a directory: looked at by a process that has become him, so
 * that the answers are the kernel's, with its groups, access lists, read-only mounts and all.
 *
 * Landlock can't be seen from outside: a process that it holds reaches less than is said here.
 */
#ifndef TOOL_BLAST_FILES_H
#define TOOL_BLAST_FILES_H

#include "tool/blast_status.h"

enum {
	BLAST_FILES_PATH = 240,
	BLAST_FILES_SHOWN = 12,
	BLAST_FILES_S = 20, /* after which it is cut, unless somebody wants it longer or shorter */
	BLAST_FILES_S_MAX = 3600
};

/* The worst of a kind first; paths may have any byte, too long ones end in "...". */
struct blast_files_list {
	char path[BLAST_FILES_SHOWN][BLAST_FILES_PATH];
	int8_t rank[BLAST_FILES_SHOWN];
	unsigned n;
};

struct blast_files {
	bool is_cut;   /* there is more: too many, too deep, or it took too long */
	bool has_proc; /* /proc is there: it shows other processes */
	bool reads_shadow;
	uint64_t looked_at, readable, writable, executable, folders; /* folders: that may be
									written in */
	uint64_t setuid;  /* programs of another user that may be started */
	uint64_t sockets; /* local sockets that may be connected to */
	uint64_t devices; /* devices that may be read or written, but /dev/null and its like */
	uint64_t keys;	  /* private keys among what is readable */
	struct blast_files_list key, write, in, run;
};

/* Who looks. */
struct blast_files_who {
	uint32_t uid, gid;
	const uint32_t *group; /* borrowed */
	size_t group_n;
	uint64_t caps;	    /* that count on the machine's files */
	uint64_t within_ms; /* then it is cut */
};

/*
 * blast_files_look - everything below a directory
 *   dir_fd  borrows; paths are told as if it were "/"
 * E_DENIED this user can't become him · E_NOMEM, E_SYS it could not be done
 */
enum err blast_files_look(int dir_fd, const struct blast_files_who *who, struct blast_files *ret);

/* blast_files_is_key - whether a file's first bytes have a private key in PEM */
bool blast_files_is_key(struct view text);

/* blast_files_note - puts a path into a list when it is worse than what is there */
void blast_files_note(struct blast_files_list *l, const char *path);

#endif
