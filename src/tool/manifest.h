/*
 * Are these the programs that were built, and do they run unchanged? Files on disk against
 * manifest.json, which is written when the programs are linked or installed (tools/make-manifest);
 * then each process of the instance: its executable against the manifest, every executable mapping
 * against the file it came from, byte by byte. Reads only.
 *
 * Who may replace the programs may replace the manifest too: compare its SHA-256 with one that was
 * kept elsewhere, or name that copy.
 */
#ifndef TOOL_MANIFEST_H
#define TOOL_MANIFEST_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum manifest_what {
	MANIFEST_FILE_MISSING = 1, /* the manifest names it, the disk does not have it */
	MANIFEST_FILE_DIFFERS,	   /* its bytes are not those that were built */
	MANIFEST_FILE_EXTRA,	   /* a program beside ours that the manifest does not name */
	MANIFEST_PROCESS_UNKNOWN,  /* a process of the instance runs none of our programs */
	MANIFEST_PROCESS_DIFFERS,  /* ... or one whose bytes are not those that were built */
	MANIFEST_PROCESS_DELETED,  /* ... or one that is no longer on disk */
	MANIFEST_CODE_DELETED,	   /* an executable mapping of a file that is no longer on disk */
	MANIFEST_CODE_REPLACED,	   /* ... whose path leads to another file now */
	MANIFEST_CODE_DIFFERS,	   /* ... whose bytes in memory are not those of the file */
	MANIFEST_CODE_ANONYMOUS,   /* executable memory that belongs to no file */
	MANIFEST_CODE_WRITABLE,	   /* memory that is writable and executable */
	MANIFEST_UNREADABLE, /* no finding: what could not be looked at, and is counted apart */
	MANIFEST_WHATS
};

enum { MANIFEST_HEX = 64, MANIFEST_FILES_MAX = 256, MANIFEST_VERSION_MAX = 63 };

/* Texts end with NUL, come from the machine, and are printed through audit_line_put_printable. */
struct manifest_finding {
	uint8_t what;	    /* enum manifest_what */
	int pid;	    /* 0: of a file on disk */
	const char *name;   /* of the process, or of the file */
	const char *object; /* path, or the mapping as /proc/PID/maps has it */
	const char *detail; /* may be empty */
};

typedef void manifest_tell(void *arg, const struct manifest_finding *f);

struct manifest_options {
	const char *state;    /* --state, or NULL: which instance */
	const char *programs; /* directory of the roles' programs; NULL: those of this `sluis` */
	const char *manifest; /* NULL: manifest.json in that directory */
	bool is_disk_only;    /* leave processes alone */
	manifest_tell *on_finding; /* may be NULL */
	void *arg;
};

struct manifest_result {
	unsigned findings, unreadable; /* 0 and 0: all of it was looked at, and is as built */
	unsigned files, processes;     /* that were looked at */
	char path[4160];	       /* of the manifest */
	char sha256[MANIFEST_HEX + 1]; /* of the manifest itself */
	char version[MANIFEST_VERSION_MAX + 1];
};

/*
 * manifest_check - both halves; nobody needs to run
 * E_OK see ret · E_CLOSED there is no manifest · E_PROTO it is none · E_DENIED, E_LIMIT, E_NOMEM,
 * E_SYS it can't be read, or the processes can't be listed
 */
enum err manifest_check(const struct manifest_options *o, struct manifest_result *ret);

/* manifest_what_name - "file_differs", ...: for programs */
const char *manifest_what_name(unsigned what);

/* manifest_what_text - the same for people */
const char *manifest_what_text(unsigned what);

#endif
