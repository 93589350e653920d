/*
 * Headers of a bundle's tar: ustar (POSIX.1-1988), regular files only, names of a few plain
 * letters. A reader takes exactly what the writer makes, byte by byte, so that no two programs can
 * read two things in one bundle.
 */
#ifndef TOOL_EVIDENCE_TAR_H
#define TOOL_EVIDENCE_TAR_H

#include "base/wbuf.h"

enum { EVIDENCE_TAR_BLOCK = 512, EVIDENCE_TAR_NAME = 100 };

/* A file's most bytes: eleven octal digits. */
#define EVIDENCE_TAR_BYTES_MAX ((UINT64_C(1) << 33) - 1)

struct evidence_tar {
	char name[EVIDENCE_TAR_NAME]; /* ends with NUL */
	uint64_t bytes, mtime_s;
};

/* evidence_tar_is_name - relative, without "..", of letters, digits and "._-/@+" */
bool evidence_tar_is_name(struct view name);

/* evidence_tar_put - one block. E_LIMIT the name, the size or the time has no place in it */
enum err evidence_tar_put(const struct evidence_tar *t, uint8_t ret[EVIDENCE_TAR_BLOCK]);

/* evidence_tar_get - block: hostile. E_CLOSED a block of zeros: the end · E_PROTO not one of ours
 */
enum err evidence_tar_get(struct view block, struct evidence_tar *ret);

/* evidence_tar_padding - bytes of zero behind a file of so many */
size_t evidence_tar_padding(uint64_t bytes);

#endif
