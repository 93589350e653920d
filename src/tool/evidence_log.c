/*
 * `sluis audit verify` reads a directory, so the segments become one, which only its owner may
 * enter. It takes no more room than the bundle, and goes when the check is over.
 */
#include "tool/evidence_log.h"

#include "sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void evidence_log_init(struct evidence_log *l)
{
	*l = (struct evidence_log){ .dir_fd = -1, .fd = -1 };
}

static enum err log_folder(struct evidence_log *l)
{
	static const char *const places[] = { "/var/tmp", "/tmp", "." };

	for (size_t i = 0; i < sizeof places / sizeof *places && l->dir_fd < 0; i++) {
		(void)snprintf(l->folder, sizeof l->folder, "%s/sluis-evidence-XXXXXX", places[i]);
		if (mkdtemp(l->folder))
			l->dir_fd = open(l->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		else
			l->folder[0] = '\0';
	}
	if (l->dir_fd < 0)
		perror("sluis evidence: a folder for the audit log");
	return l->dir_fd < 0 ? E_SYS : E_OK;
}

enum err evidence_log_keep(struct evidence_log *l, const struct evidence_tar *t, struct view v)
{
	struct view name = view_str(t->name);
	const char *file = &t->name[6];

	if (!view_starts(name, VIEW("audit/")) ||
	    view_find(view_str(file), '/') != view_str(file).n)
		return E_OK;
	if (l->dir_fd < 0)
		TRY(log_folder(l));
	if (!view_eq(view_str(l->name), name)) {
		l->fd = fd_close(l->fd);
		l->fd = openat(l->dir_fd, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		(void)snprintf(l->name, sizeof l->name, "%s", t->name);
		l->segments += view_ends(name, VIEW(".jsonl"));
	}
	/* A name that comes twice is a finding of its own */
	if (l->fd < 0)
		return E_OK;
	if (fd_write_all(l->fd, v) != E_OK) {
		perror("sluis evidence: a copy of the audit log");
		return E_SYS;
	}
	return E_OK;
}

enum err evidence_log_check(struct evidence_log *l, struct audit_verify_options *o,
			    struct audit_verify_result *ret)
{
	l->fd = fd_close(l->fd);
	o->dir_fd = l->dir_fd;
	return audit_verify_run(o, ret);
}

void evidence_log_done(struct evidence_log *l)
{
	DIR *dir = NULL;

	(void)fd_close(l->fd);
	if (l->dir_fd >= 0)
		dir = fdopendir(l->dir_fd);
	for (;;) {
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads */
		const struct dirent *d = dir ? readdir(dir) : NULL;

		if (!d)
			break;
		if (!view_starts(view_str(d->d_name), VIEW(".")))
			(void)unlinkat(dirfd(dir), d->d_name, 0);
	}
	if (dir)
		(void)closedir(dir);
	if (l->folder[0])
		(void)rmdir(l->folder);
	evidence_log_init(l);
}

/* "; file sha256 <hex>" */
static void log_file_hash(struct view rest, struct evidence_named *ret)
{
	struct view prefix = VIEW("; file sha256 ");
	struct wbuf w = wbuf_of(ret->file_sha256, sizeof ret->file_sha256 - 1);

	if (view_starts(rest, prefix))
		wbuf_view_put(&w, view_slice(rest, prefix.n, 2 * (size_t)EVIDENCE_HASH));
	ret->file_sha256[w.n] = '\0';
}

static bool log_names(struct view line, struct view detail, struct evidence_named *ret)
{
	struct audit_line l = { 0 };
	struct audit_line_field f = { 0 };
	const char *why = NULL;
	struct wbuf w = wbuf_of(ret->time, sizeof ret->time - 1);

	if (audit_line_parse(line, &l, &why) != E_OK ||
	    !view_eq(l.action, VIEW("evidence.collected")) ||
	    !audit_line_find(&l, VIEW("detail"), AUDIT_LINE_TEXT, &f) ||
	    !view_starts(f.text, detail))
		return false;
	ret->seq = l.seq;
	wbuf_view_put(&w, view_slice(l.time, 0, sizeof ret->time - 1));
	ret->time[w.n] = '\0';
	log_file_hash(view_slice(f.text, detail.n, f.text.n), ret);
	return true;
}

static enum err log_search(int dir_fd, uint64_t seq, uint8_t *buf, struct view detail,
			   struct evidence_named *ret)
{
	uint8_t name[AUDIT_FILE_NAME];
	struct wbuf w = wbuf_of(name, sizeof name);
	struct audit_file_reader r = { .buf = buf };
	struct view line = { 0 };
	AUTO_FD fd = -1;

	audit_file_put_name(&w, seq);
	TRY(audit_file_open(dir_fd, wbuf_view(&w), &fd));
	r.fd = fd;
	while (ret->seq == 0 && audit_file_next(&r, &line) == E_OK)
		(void)log_names(line, detail, ret);
	return E_OK;
}

enum err evidence_log_find(int dir_fd, const uint8_t sha256[EVIDENCE_HASH],
			   struct evidence_named *ret)
{
	char detail[96];
	struct wbuf w = wbuf_of(detail, sizeof detail);
	uint8_t *buf = malloc(AUDIT_FILE_BUFFER);
	uint64_t from = UINT64_MAX;
	enum err e = buf ? E_OK : E_NOMEM;

	*ret = (struct evidence_named){ 0 };
	WBUF_LIT(&w, "manifest sha256 ");
	wbuf_hex(&w, view_of(sha256, EVIDENCE_HASH));
	/* From the newest back: it was noted after all else */
	while (e == E_OK && ret->seq == 0 && from != 0) {
		e = audit_file_before(dir_fd, from, &from);
		if (e == E_OK)
			e = log_search(dir_fd, from, buf, wbuf_view(&w), ret);
	}
	free(buf);
	return e == E_CLOSED && from != UINT64_MAX ? E_OK : e;
}
