/* A log in a folder, written line by line by a test: what no honest writer would write too. */
#ifndef TESTS_UNIT_TOOL_LOG_FOLDER_H
#define TESTS_UNIT_TOOL_LOG_FOLDER_H

#include "ipc/audit_file.h"
#include "sys/fd.h"
#include "tests/unit/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LOG_FOLDER_PREV                                                                            \
	",\"prev\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}"

struct log_folder {
	char path[64];
	int dir_fd;
	FILE *file; /* the segment that is written */
};

static inline struct log_folder log_folder_new(void)
{
	struct log_folder f = { .path = "/tmp/sluis-test-XXXXXX" };

	assert_non_null(mkdtemp(f.path));
	f.dir_fd = open(f.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f.dir_fd >= 0);
	return f;
}

static inline void log_folder_end(struct log_folder *f)
{
	if (f->file)
		assert_int_equal(fclose(f->file), 0);
	f->file = NULL;
}

static inline void log_folder_segment(struct log_folder *f, uint64_t seq)
{
	char name[AUDIT_FILE_NAME + 1] = "";
	struct wbuf w = wbuf_of(name, AUDIT_FILE_NAME);

	log_folder_end(f);
	audit_file_put_name(&w, seq);
	f->file = fdopen(openat(f->dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), "w");
	assert_non_null(f->file);
}

static inline void log_folder_done(struct log_folder *f)
{
	DIR *d = fdopendir(f->dir_fd);

	log_folder_end(f);
	for (const struct dirent *e = readdir(d); e; e = readdir(d))
		if (e->d_name[0] != '.')
			(void)unlinkat(f->dir_fd, e->d_name, 0);
	(void)closedir(d);
	assert_int_equal(rmdir(f->path), 0);
}

#endif
