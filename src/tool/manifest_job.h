/* What the parts of a check share. */
#ifndef TOOL_MANIFEST_JOB_H
#define TOOL_MANIFEST_JOB_H

#include "tool/manifest_file.h"
#include "tool/program_place.h"

#include <sys/types.h>

enum {
	MANIFEST_JOB_PATH = PROGRAM_PLACE_MAX + 300,
	MANIFEST_JOB_SEEN = 64,
	MANIFEST_JOB_LIBRARIES = 128,
	MANIFEST_JOB_CHUNK = 1 << 17
};

/* A file whose hash is known already: a thousand cells run one program. */
struct manifest_seen {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
	char sha256[MANIFEST_HEX + 1];
};

/* A library that some process has mapped. */
struct manifest_library {
	dev_t device;
	uint64_t inode;
	bool is_known; /* a package has it */
	char path[512];
};

struct manifest_job {
	const struct manifest_options *options;
	struct manifest_result *result;
	char place[PROGRAM_PLACE_MAX]; /* of the programs */
	struct manifest_file file;
	struct manifest_seen seen[MANIFEST_JOB_SEEN];
	size_t seen_n;
	struct manifest_library library[MANIFEST_JOB_LIBRARIES];
	size_t library_n;
	bool has_more_libraries;
	uint8_t memory[MANIFEST_JOB_CHUNK], disk[MANIFEST_JOB_CHUNK]; /* what is compared */
};

/* manifest_job_tell - counts a finding and hands it on */
void manifest_job_tell(struct manifest_job *j, const struct manifest_finding *f);

#endif
