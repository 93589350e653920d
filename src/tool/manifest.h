/*
 * Is this what was built, and does it run unchanged? The installed files against manifest.json,
 * which is written when the programs are linked or installed (tools/make-manifest), and its
 * signature; then each process of the instance: its executable against the manifest, every
 * executable mapping against the file it came from, byte by byte; then those files that are
 * libraries against the checksums of the machine's packages. Reads only.
 *
 * Who may replace the programs may replace the manifest too: that is what the signature is for, and
 * the key that comes from elsewhere.
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
	MANIFEST_FILE_EXTRA,  /* something beside our programs that the manifest does not name */
	MANIFEST_FILE_MODE,   /* its mode is another one, or others may write to its directory */
	MANIFEST_FILE_OWNER,  /* it belongs to somebody who is not root */
	MANIFEST_FILE_RIGHTS, /* setuid, setgid or file capabilities: nothing of ours has them */
	MANIFEST_PROCESS_UNKNOWN, /* a process of the instance runs none of our programs */
	MANIFEST_PROCESS_DIFFERS, /* ... or one whose bytes are not those that were built */
	MANIFEST_PROCESS_DELETED, /* ... or one that is no longer on disk */
	MANIFEST_CODE_DELETED,	  /* an executable mapping of a file that is no longer on disk */
	MANIFEST_CODE_REPLACED,	  /* ... whose path leads to another file now */
	MANIFEST_CODE_DIFFERS,	  /* ... whose bytes in memory are not those of the file */
	MANIFEST_CODE_ANONYMOUS,  /* executable memory that belongs to no file */
	MANIFEST_CODE_WRITABLE,	  /* memory that is writable and executable */
	MANIFEST_LIBRARY_DIFFERS, /* a mapped library is not what its package brought */
	MANIFEST_LIBRARY_UNKNOWN, /* ... is of no package */
	MANIFEST_SIGNATURE,	  /* the manifest is not signed by whom is trusted */
	MANIFEST_UNREADABLE, /* no finding: what could not be looked at, and is counted apart */
	MANIFEST_WHATS
};

enum {
	MANIFEST_HEX = 64,
	MANIFEST_FILES_MAX = 512,
	MANIFEST_VERSION_MAX = 63,
	MANIFEST_KEYS_MAX = 8,
	MANIFEST_SIGNER_MAX = 160
};

enum manifest_signature {
	MANIFEST_UNSIGNED,  /* there is no note */
	MANIFEST_UNCHECKED, /* there is one, and nobody is trusted */
	MANIFEST_SIGNED,    /* by a key that is trusted */
	MANIFEST_STRANGER,  /* by none of those that are trusted */
	MANIFEST_FORGED	    /* it is no note, of another manifest, or the signature is false */
};

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
	const char *packages; /* NULL: /var/lib/dpkg/info, if there is such a directory */
	const char *key[MANIFEST_KEYS_MAX]; /* verifier keys or files with them; trusted */
	size_t key_n;
	bool is_disk_only;	   /* leave processes alone */
	manifest_tell *on_finding; /* may be NULL */
	void *arg;
};

struct manifest_result {
	unsigned findings, unreadable; /* 0 and 0: all of it was looked at, and is as built */
	unsigned files, processes;     /* that were looked at */
	char path[4160];	       /* of the manifest */
	char sha256[MANIFEST_HEX + 1]; /* of the manifest itself */
	char version[MANIFEST_VERSION_MAX + 1];
	uint8_t signature; /* enum manifest_signature */
	bool has_keys;	   /* somebody is trusted: then MANIFEST_SIGNED alone is no finding */
	char signer[MANIFEST_SIGNER_MAX +
		    1];		   /* name and ID of the key, or empty; as the note says */
	const char *signature_why; /* for people; may be empty */
	unsigned libraries;	   /* that processes have mapped */
	bool has_packages;	   /* they were compared with the packages' checksums */
	const char *why;	   /* of an error, what is wrong with path; or NULL */
};

/*
 * manifest_check - all of it; nobody needs to run
 * E_OK see ret · E_CLOSED there is no manifest · E_PROTO it, or a key, is none · E_DENIED, E_LIMIT,
 * E_NOMEM, E_SYS something can't be read, or the processes can't be listed
 */
enum err manifest_check(const struct manifest_options *o, struct manifest_result *ret);

/* manifest_what_name - "file_differs", ...: for programs */
const char *manifest_what_name(unsigned what);

/* manifest_what_text - the same for people */
const char *manifest_what_text(unsigned what);

#endif
