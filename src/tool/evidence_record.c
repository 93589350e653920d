/* Names sort as time goes. */
#include "tool/evidence_record.h"

#include "base/date.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "tool/proc_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORD_MAX = 1 << 16, RECORD_NAME = EVIDENCE_ID + 8 };

static void record_failed(const char *what)
{
	char reason[128] = "";

	(void)fprintf(stderr, "sluis evidence: %s: %s\n", what,
		      strerror_r(errno, reason, sizeof reason));
}

enum err evidence_record_id(char ret[EVIDENCE_ID])
{
	char time[40];
	uint8_t random[4];
	struct wbuf w = wbuf_of(time, sizeof time), id = wbuf_of(ret, EVIDENCE_ID - 1);

	if (getrandom(random, sizeof random, 0) != sizeof random)
		return E_SYS;
	date_put_utc(&w, clock_wall_us());
	WBUF_LIT(&id, "evidence-");
	for (size_t i = 0; i < 19; i++)
		if (time[i] != '-' && time[i] != ':')
			wbuf_put(&id, &time[i], 1);
	WBUF_LIT(&id, "Z-");
	wbuf_hex(&id, view_of(random, sizeof random));
	TRY(wbuf_check(&id));
	ret[id.n] = '\0';
	return E_OK;
}

enum err evidence_record_folder(const char *state_dir, int *ret_fd)
{
	AUTO_FD dir = open(state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = -1;

	if (dir >= 0 && (mkdirat(dir, "evidence", 0700) == 0 || errno == EEXIST))
		fd = openat(dir, "evidence", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		record_failed("the folder `evidence` of the state directory");
		return E_SYS;
	}
	*ret_fd = fd;
	return E_OK;
}

static enum err record_write(int folder_fd, const char *name, struct view text)
{
	AUTO_FD fd =
		openat(folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || fd_write_all(fd, text) != E_OK || fsync(fd) < 0)
		return E_SYS;
	return E_OK;
}

enum err evidence_record_write(int folder_fd, const char *id, json_t *doc)
{
	char fresh[RECORD_NAME], name[RECORD_NAME];
	char *text = json_dumps(doc, JSON_INDENT(1));
	enum err e = text ? E_OK : E_NOMEM;

	(void)snprintf(fresh, sizeof fresh, "%s.new", id);
	(void)snprintf(name, sizeof name, "%s.json", id);
	if (e == E_OK)
		e = record_write(folder_fd, fresh, view_str(text));
	if (e == E_OK && renameat(folder_fd, fresh, folder_fd, name) < 0)
		e = E_SYS;
	if (e != E_OK) {
		record_failed("the record of this bundle");
		(void)unlinkat(folder_fd, fresh, 0);
	}
	free(text);
	return e == E_OK ? E_OK : E_SYS;
}

void evidence_record_remove(int folder_fd, const char *id)
{
	char name[RECORD_NAME];

	(void)snprintf(name, sizeof name, "%s.json", id);
	(void)unlinkat(folder_fd, name, 0);
}

static json_t *record_read(int folder_fd, const char *name)
{
	AUTO_FD fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct proc_file f = { 0 };
	json_t *doc = NULL;

	if (fd < 0 || proc_file_read_fd(fd, RECORD_MAX, &f) != E_OK)
		return NULL;
	if (!f.is_cut)
		doc = json_loadb((const char *)f.p, f.n, JSON_REJECT_DUPLICATES, NULL);
	proc_file_done(&f);
	if (!json_is_string(json_object_get(doc, "id")) ||
	    !json_is_integer(json_object_get(doc, "at_s"))) {
		json_decref(doc);
		return NULL;
	}
	return doc;
}

static int record_is(const struct dirent *d)
{
	struct view name = view_str(d->d_name);

	return view_starts(name, VIEW("evidence-")) && view_ends(name, VIEW(".json")) &&
	       name.n < RECORD_NAME;
}

json_t *evidence_record_all(const char *state_dir)
{
	char path[4200];
	struct dirent **names = NULL;
	json_t *all = json_array();
	AUTO_FD fd = -1;
	int n = 0;

	(void)snprintf(path, sizeof path, "%s/evidence", state_dir);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	n = fd < 0 ? 0 : scandir(path, &names, record_is, alphasort);
	for (int i = 0; i < n; i++) {
		json_t *doc = i < EVIDENCE_RECORDS ? record_read(fd, names[i]->d_name) : NULL;

		if (doc)
			(void)json_array_append_new(all, doc);
		free(names[i]);
	}
	free((void *)names);
	return all;
}
