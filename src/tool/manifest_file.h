/*
 * manifest.json, as tools/make-manifest writes it, and the SHA-256 of files.
 *
 *   base   where the paths begin, from the manifest's own directory: "." in a build directory,
 *          "../.." in an installation (PREFIX/libexec/sluis/manifest.json)
 *   files  path, bytes, sha256; of an installation also mode, and whether the file may be missing
 *          (documentation, which some machines leave out); sorted by path
 */
#ifndef TOOL_MANIFEST_FILE_H
#define TOOL_MANIFEST_FILE_H

#include "tool/manifest.h"

enum { MANIFEST_PATH_MAX = 191, MANIFEST_NO_MODE = -1 };

struct manifest_entry {
	char path[MANIFEST_PATH_MAX + 1]; /* "libexec/sluis/sluis-edge", relative to the base */
	const char *program;		  /* its last part when it is a program; else NULL */
	uint64_t bytes;
	int mode; /* 0644, or MANIFEST_NO_MODE: not compared, nor is the owner */
	bool is_optional;
	char sha256[MANIFEST_HEX + 1];
};

struct manifest_file {
	struct manifest_entry entry[MANIFEST_FILES_MAX];
	size_t n;
	bool is_installed; /* base is "../..": whatever else lies beside the programs is a stranger
			    */
	char version[MANIFEST_VERSION_MAX + 1];
	char sha256[MANIFEST_HEX + 1]; /* of the manifest itself */
};

/* manifest_file_read - E_CLOSED no such file · E_PROTO no manifest · E_DENIED, E_NOMEM, E_SYS */
enum err manifest_file_read(const char *path, struct manifest_file *ret);

/* manifest_file_program - the program of that name; NULL: there is none */
const struct manifest_entry *manifest_file_program(const struct manifest_file *m, const char *name);

/* manifest_file_hash - of a regular file from its beginning; the descriptor's position moves.
 * E_DENIED it is none · E_SYS */
enum err manifest_file_hash(int fd, char ret[MANIFEST_HEX + 1], uint64_t *ret_bytes);

/* manifest_file_md5 - the same as Debian's packages have it: 32 digits */
enum err manifest_file_md5(int fd, char ret[MANIFEST_HEX + 1]);

#endif
