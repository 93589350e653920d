/* manifest.json, and the SHA-256 of files. */
#ifndef TOOL_MANIFEST_FILE_H
#define TOOL_MANIFEST_FILE_H

#include "tool/manifest.h"

struct manifest_entry {
	char name[64]; /* "sluis-edge" */
	uint64_t bytes;
	char sha256[MANIFEST_HEX + 1];
};

struct manifest_file {
	struct manifest_entry entry[MANIFEST_FILES_MAX];
	size_t n;
	char version[MANIFEST_VERSION_MAX + 1];
	char sha256[MANIFEST_HEX + 1]; /* of the file itself */
};

/* manifest_file_read - E_CLOSED no such file · E_PROTO no manifest · E_DENIED, E_NOMEM, E_SYS */
enum err manifest_file_read(const char *path, struct manifest_file *ret);

/* manifest_file_find - NULL: it names no such program */
const struct manifest_entry *manifest_file_find(const struct manifest_file *m, const char *name);

/* manifest_file_hash - of a regular file from its beginning; the descriptor's position moves.
 * E_DENIED it is none · E_SYS */
enum err manifest_file_hash(int fd, char ret[MANIFEST_HEX + 1], uint64_t *ret_bytes);

#endif
