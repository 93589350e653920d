/*
 * Files that others write meanwhile: a segment of the log is taken up to its last whole line, the
 * head file before the segments that hold what it says. Keys and the store of users are never
 * opened here.
 */
#include "tool/evidence_state.h"

#include "base/date.h"
#include "ipc/audit_file.h"
#include "sys/fd.h"
#include "tool/manifest_file.h"
#include "tool/proc_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATE_BUFFER = 1 << 16, STATE_SEGMENTS = 65536, STATE_CONFIGS = 100000 };

struct state {
	struct evidence_bundle *bundle;
	const struct evidence_state_options *options;
	uint8_t *buf; /* owned, AUDIT_LINE_MAX and more */
};

static const char *state_why(int error)
{
	return error == EACCES || error == EPERM ? "permission denied"
	       : error == ENOENT		 ? "there is no such file"
						 : "it can't be read";
}

/* Bytes up to and with the last newline. */
static off_t state_whole_lines(int fd, off_t size, uint8_t *buf)
{
	off_t from = size > STATE_BUFFER ? size - STATE_BUFFER : 0;
	ssize_t n = pread(fd, buf, STATE_BUFFER, from);

	while (n > 0 && buf[n - 1] != '\n')
		n--;
	return n > 0 ? from + n : size;
}

static enum err state_stream(struct state *s, int fd, off_t size)
{
	for (off_t at = 0; at < size;) {
		ssize_t n = pread(fd, s->buf, STATE_BUFFER, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break; /* the rest is zeros, and told */
		TRY(evidence_bundle_write(s->bundle, view_of(s->buf, (size_t)n)));
		at += n;
	}
	return evidence_bundle_end(s->bundle);
}

static enum err state_copy(struct state *s, int dir, const char *from, const char *name,
			   bool is_lines)
{
	AUTO_FD fd = openat(dir, from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st = { 0 };
	off_t size = 0;
	enum err e = E_OK;

	if (fd < 0 || fstat(fd, &st) < 0) {
		evidence_bundle_miss(s->bundle, name, state_why(errno));
		return E_OK;
	}
	if (!S_ISREG(st.st_mode)) {
		evidence_bundle_miss(s->bundle, name, "it is no regular file");
		return E_OK;
	}
	size = is_lines ? state_whole_lines(fd, st.st_size, s->buf) : st.st_size;
	e = evidence_bundle_begin(s->bundle, name, "file of the state directory", (uint64_t)size);
	if (e != E_OK)
		return e == E_LIMIT ? E_OK : e;
	return state_stream(s, fd, size);
}

/* ---- the configuration and its history ---- */

/* What it is, without what it says. */
static json_t *state_fingerprint(int dir, const char *name)
{
	AUTO_FD fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char hash[MANIFEST_HEX + 1] = "";
	uint64_t bytes = 0;
	struct stat st = { 0 };

	if (fd < 0 || fstat(fd, &st) < 0 || manifest_file_hash(fd, hash, &bytes) != E_OK)
		return json_pack("{s:s, s:s}", "name", name, "why", state_why(errno));
	return json_pack("{s:s, s:I, s:s, s:I}", "name", name, "bytes", (json_int_t)bytes, "sha256",
			 hash, "changed_s", (json_int_t)st.st_mtime);
}

static enum err state_config(struct state *s, int dir, const char *from, json_t *list)
{
	char name[EVIDENCE_TAR_NAME];

	if (!evidence_tar_is_name(view_str(from)) || view_str(from).n > 40)
		return E_OK;
	(void)json_array_append_new(list, state_fingerprint(dir, from));
	if (s->options->is_clear)
		return E_OK;
	(void)snprintf(name, sizeof name, "config/%.40s", from);
	return state_copy(s, dir, from, name, false);
}

static enum err state_configs(struct state *s, int state_dir)
{
	AUTO_FD fd = openat(state_dir, "config", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	json_t *list = json_array();
	enum err e = list ? E_OK : E_NOMEM;

	if (!dir)
		evidence_bundle_miss(s->bundle, "config", state_why(errno));
	else
		(void)fd_steal(&fd);
	while (dir && e == E_OK && json_array_size(list) < STATE_CONFIGS) {
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads */
		const struct dirent *d = readdir(dir);

		if (!d)
			break;
		e = state_config(s, dirfd(dir), d->d_name, list);
	}
	if (dir)
		(void)closedir(dir);
	if (s->options->is_clear && dir)
		evidence_bundle_miss(s->bundle, "config",
				     "texts of configurations are left out of a bundle that is not "
				     "encrypted: config.json has their hashes");
	if (e == E_OK)
		return evidence_bundle_put_json(s->bundle, "config.json", "DIR/config", list);
	json_decref(list);
	return e;
}

/* ---- the audit log ---- */

/* The time of a segment's first line; 0: not known. */
static int64_t state_segment_time(struct state *s, int dir, uint64_t seq)
{
	uint8_t name[AUDIT_FILE_NAME];
	struct wbuf w = wbuf_of(name, sizeof name);
	struct audit_line line = { 0 };
	const char *why = NULL;
	int64_t at = 0;
	ssize_t n = 0;
	AUTO_FD fd = -1;

	audit_file_put_name(&w, seq);
	if (audit_file_open(dir, wbuf_view(&w), &fd) != E_OK)
		return 0;
	n = pread(fd, s->buf, AUDIT_LINE_MAX, 0);
	if (n <= 0)
		return 0;
	if (audit_line_parse(view_slice(view_of(s->buf, (size_t)n), 0,
					view_find(view_of(s->buf, (size_t)n), '\n')),
			     &line, &why) != E_OK ||
	    date_parse_utc(line.time, &at) != E_OK)
		return 0;
	return at;
}

/* The first segment that is wanted: the last that begins before `since`. */
static size_t state_first(struct state *s, int dir, const uint64_t *seq, size_t n)
{
	size_t first = 0;

	for (size_t i = 1; i < n && s->options->since_us; i++) {
		int64_t at = state_segment_time(s, dir, seq[i]);

		if (at && at <= s->options->since_us)
			first = i;
	}
	return first;
}

static enum err state_segments(struct state *s, int dir, const uint64_t *seq, size_t n)
{
	for (size_t i = state_first(s, dir, seq, n); i < n; i++) {
		char from[AUDIT_FILE_NAME + 1] = "", name[EVIDENCE_TAR_NAME];
		struct wbuf w = wbuf_of(from, AUDIT_FILE_NAME);

		audit_file_put_name(&w, seq[i]);
		(void)snprintf(name, sizeof name, "audit/%s", from);
		TRY(state_copy(s, dir, from, name, true));
	}
	if (n == STATE_SEGMENTS)
		evidence_bundle_miss(s->bundle, "audit", "there are more segments than are taken");
	return E_OK;
}

static enum err state_audit(struct state *s, int state_dir)
{
	AUTO_FD dir = openat(state_dir, "audit", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	uint64_t *seq = NULL;
	size_t n = 0;
	enum err e = E_OK;

	if (dir < 0) {
		evidence_bundle_miss(s->bundle, "audit", state_why(errno));
		return E_OK;
	}
	TRY(state_copy(s, dir, "head", "audit/head", false));
	TRY(state_copy(s, dir, "audit.pub", "audit/audit.pub", false));
	seq = calloc(STATE_SEGMENTS, sizeof *seq);
	e = seq ? audit_file_list(dir, 0, seq, STATE_SEGMENTS, &n) : E_NOMEM;
	if (e == E_OK)
		e = state_segments(s, dir, seq, n);
	free(seq);
	return e;
}

/* Only what is a public key: whoever owns that folder might have put another file in its place. */
static enum err state_public_key(struct state *s, int state_dir)
{
	AUTO_FD fd =
		openat(state_dir, "keys/audit.pub", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uint8_t pem[AUDIT_KEY_PEM_MAX];
	struct wbuf w = wbuf_of(pem, sizeof pem);
	struct audit_key key = { 0 };

	if (fd < 0) {
		evidence_bundle_miss(s->bundle, "keys/audit.pub", state_why(errno));
		return E_OK;
	}
	if (fd_read_all(fd, &w) != E_OK || audit_key_get_pem(wbuf_view(&w), &key) != E_OK) {
		evidence_bundle_miss(s->bundle, "keys/audit.pub", "it is no public key");
		return E_OK;
	}
	return evidence_bundle_put(s->bundle, "keys/audit.pub", "file of the state directory",
				   wbuf_view(&w));
}

enum err evidence_state_put(struct evidence_bundle *b, const struct evidence_state_options *o)
{
	struct state s = { .bundle = b, .options = o, .buf = malloc(AUDIT_LINE_MAX) };
	AUTO_FD dir = open(o->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err e = s.buf ? E_OK : E_NOMEM;

	_Static_assert((int)AUDIT_LINE_MAX >= (int)STATE_BUFFER, "one buffer serves both");
	if (e == E_OK && dir < 0)
		evidence_bundle_miss(b, "state directory", state_why(errno));
	if (e == E_OK && dir >= 0) {
		e = state_configs(&s, dir);
		if (e == E_OK)
			e = state_audit(&s, dir);
		if (e == E_OK)
			e = state_public_key(&s, dir);
	}
	free(s.buf);
	return e;
}

static uint64_t state_folder_bytes(const char *dir, const char *name)
{
	char path[4200];
	struct stat st = { 0 };
	uint64_t bytes = 0;
	DIR *d = NULL;

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	d = opendir(path);
	for (;;) {
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads */
		const struct dirent *e = d ? readdir(d) : NULL;

		if (!e)
			break;
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			bytes += (uint64_t)st.st_size;
	}
	if (d)
		(void)closedir(d);
	return bytes;
}

uint64_t evidence_state_bytes(const char *dir)
{
	return state_folder_bytes(dir, "audit") + state_folder_bytes(dir, "config");
}
