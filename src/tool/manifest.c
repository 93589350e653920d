/* The half on disk; the processes are manifest_process.c's. */
#include "tool/manifest.h"

#include "sys/fd.h"
#include "tool/manifest_job.h"
#include "tool/manifest_process.h"
#include "tool/proc_file.h"
#include "tool/program_place.h"
#include "tool/state_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *name, *text;
} manifest_whats[MANIFEST_WHATS] = {
	[MANIFEST_FILE_MISSING] = { "file_missing", "the manifest names it, and it is not there" },
	[MANIFEST_FILE_DIFFERS] = { "file_differs", "is not the file that was built" },
	[MANIFEST_FILE_EXTRA] = { "file_extra", "is a program that the manifest does not name" },
	[MANIFEST_PROCESS_UNKNOWN] = { "process_unknown", "runs none of our programs" },
	[MANIFEST_PROCESS_DIFFERS] = { "process_differs", "runs a program that is not as built" },
	[MANIFEST_PROCESS_DELETED] = { "process_deleted",
				       "runs a program that is no longer on disk" },
	[MANIFEST_CODE_DELETED] = { "code_deleted",
				    "runs code of a file that is no longer on disk" },
	[MANIFEST_CODE_REPLACED] = { "code_replaced",
				     "runs code of a file that has been replaced since" },
	[MANIFEST_CODE_DIFFERS] = { "code_differs", "runs code that is not what the file has" },
	[MANIFEST_CODE_ANONYMOUS] = { "code_anonymous", "has executable memory of no file" },
	[MANIFEST_CODE_WRITABLE] = { "code_writable",
				     "has memory that is writable and executable" },
	[MANIFEST_UNREADABLE] = { "unreadable", "could not be looked at" },
};

const char *manifest_what_name(unsigned what)
{
	return what < MANIFEST_WHATS && manifest_whats[what].name ? manifest_whats[what].name
								  : "unknown";
}

const char *manifest_what_text(unsigned what)
{
	return what < MANIFEST_WHATS && manifest_whats[what].text ? manifest_whats[what].text : "?";
}

void manifest_job_tell(struct manifest_job *j, const struct manifest_finding *f)
{
	if (f->what == MANIFEST_UNREADABLE)
		j->result->unreadable++;
	else
		j->result->findings++;
	if (j->options->on_finding)
		j->options->on_finding(j->options->arg, f);
}

static void manifest_file_tell(struct manifest_job *j, enum manifest_what what, const char *name,
			       const char *path)
{
	manifest_job_tell(
		j, &(struct manifest_finding){
			   .what = (uint8_t)what, .name = name, .object = path, .detail = "" });
}

/* The command lies beside the roles in a build directory, in ../../bin of an installation. */
static int manifest_open(const struct manifest_job *j, const char *name, char *path)
{
	static const char *const command[] = { "", "../../bin/" };
	int fd = -1;

	for (unsigned i = 0; i < 2 && fd < 0; i++) {
		if (i && !view_eq(view_str(name), VIEW("sluis")))
			break;
		(void)snprintf(path, MANIFEST_JOB_PATH, "%s/%s%s", j->place, command[i], name);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0 && errno != ENOENT)
			break;
	}
	return fd;
}

static void manifest_look(struct manifest_job *j, const struct manifest_entry *e)
{
	char path[MANIFEST_JOB_PATH], hash[MANIFEST_HEX + 1] = "";
	uint64_t bytes = 0;
	AUTO_FD fd = manifest_open(j, e->name, path);

	j->result->files++;
	if (fd < 0)
		manifest_file_tell(j, errno == ENOENT ? MANIFEST_FILE_MISSING : MANIFEST_UNREADABLE,
				   e->name, path);
	else if (manifest_file_hash(fd, hash, &bytes) != E_OK)
		manifest_file_tell(j, MANIFEST_UNREADABLE, e->name, path);
	else if (bytes != e->bytes || !view_eq(view_str(hash), view_str(e->sha256)))
		manifest_file_tell(j, MANIFEST_FILE_DIFFERS, e->name, path);
}

static bool manifest_is_program(int dir_fd, const char *name)
{
	struct stat st = { 0 };

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ((S_ISREG(st.st_mode) && st.st_mode & S_IXUSR) || S_ISLNK(st.st_mode));
}

/* Programs that look like ours and are not named: what a spawner or a person could start. */
static void manifest_extra(struct manifest_job *j)
{
	DIR *dir = opendir(j->place);
	char path[MANIFEST_JOB_PATH];

	for (;;) {
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads */
		const struct dirent *d = dir ? readdir(dir) : NULL;

		if (!d)
			break;
		if (!view_starts(view_str(d->d_name), VIEW("sluis-")) ||
		    manifest_file_find(&j->file, d->d_name) ||
		    !manifest_is_program(dirfd(dir), d->d_name))
			continue;
		(void)snprintf(path, sizeof path, "%s/%.255s", j->place, d->d_name);
		manifest_file_tell(j, MANIFEST_FILE_EXTRA, d->d_name, path);
	}
	if (dir)
		(void)closedir(dir);
}

static enum err manifest_run(struct manifest_job *j)
{
	struct manifest_result *r = j->result;
	char state[STATE_DIR_MAX + 1];

	if (!program_place_find(j->options->programs, "manifest.json", j->place) &&
	    !program_place_find(NULL, "sluis-keeper", j->place))
		return E_CLOSED;
	(void)snprintf(r->path, sizeof r->path, "%s%s",
		       j->options->manifest ? j->options->manifest : j->place,
		       j->options->manifest ? "" : "/manifest.json");
	TRY(manifest_file_read(r->path, &j->file));
	(void)snprintf(r->sha256, sizeof r->sha256, "%s", j->file.sha256);
	(void)snprintf(r->version, sizeof r->version, "%s", j->file.version);
	for (size_t i = 0; i < j->file.n; i++)
		manifest_look(j, &j->file.entry[i]);
	manifest_extra(j);
	if (j->options->is_disk_only)
		return E_OK;
	TRY(state_dir_path(j->options->state, state));
	return manifest_process_all(j, state);
}

enum err manifest_check(const struct manifest_options *o, struct manifest_result *ret)
{
	struct manifest_job *j = calloc(1, sizeof *j);
	enum err e = E_NOMEM;

	*ret = (struct manifest_result){ 0 };
	if (j) {
		j->options = o;
		j->result = ret;
		e = manifest_run(j);
	}
	free(j);
	return e;
}
