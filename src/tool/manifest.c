/* The order of a check; the disk is manifest_disk.c's, the processes are manifest_process.c's. */
#include "tool/manifest.h"

#include "tool/manifest_disk.h"
#include "tool/manifest_job.h"
#include "tool/manifest_process.h"
#include "tool/package_sums.h"
#include "tool/program_place.h"
#include "tool/release_note.h"
#include "tool/state_dir.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *name, *text;
} manifest_whats[MANIFEST_WHATS] = {
	[MANIFEST_FILE_MISSING] = { "file_missing", "the manifest names it, and it is not there" },
	[MANIFEST_FILE_DIFFERS] = { "file_differs", "is not the file that was built" },
	[MANIFEST_FILE_EXTRA] = { "file_extra", "is there, and the manifest does not name it" },
	[MANIFEST_FILE_MODE] = { "file_mode", "does not have the mode it was built with" },
	[MANIFEST_FILE_OWNER] = { "file_owner", "belongs to somebody who may change it" },
	[MANIFEST_FILE_RIGHTS] = { "file_rights", "gives rights to whoever starts it" },
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
	[MANIFEST_LIBRARY_DIFFERS] = { "library_differs", "is not what its package brought" },
	[MANIFEST_LIBRARY_UNKNOWN] = { "library_unknown",
				       "is mapped as code, and no package's checksums name it" },
	[MANIFEST_SIGNATURE] = { "signature", "is not signed by whom is trusted" },
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

/* Unsigned is as it is, until somebody says whose signature there has to be. */
static enum err manifest_signature(struct manifest_job *j)
{
	struct manifest_result *r = j->result;

	TRY(release_note_check(j->options, &j->file, r));
	if (r->signature == MANIFEST_FORGED || (r->has_keys && r->signature != MANIFEST_SIGNED))
		manifest_job_tell(j, &(struct manifest_finding){ .what = MANIFEST_SIGNATURE,
								 .name = "manifest.json",
								 .object = r->path,
								 .detail = r->signature_why });
	return E_OK;
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
	TRY(manifest_signature(j));
	manifest_disk_all(j);
	if (j->options->is_disk_only)
		return E_OK;
	TRY(state_dir_path(j->options->state, state));
	TRY(manifest_process_all(j, state));
	return package_sums_check(j);
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
