/*
 * Writing a change down before it is decided: an entry that nobody applied can be applied at the
 * next start, an applied one that nobody wrote down would be lost.
 */
#include "role/keeper/history.h"

#include "conf/document.h"
#include "ipc/history_entry.h"
#include "ipc/keeper_role.h"
#include "role/keeper/say.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char history_current[] = "current", history_new[] = "new";

/* ---- reading ---- */

/* A sealed memory file of these bytes. */
static enum err history_memory(struct view bytes, int *ret_fd)
{
	AUTO_FD fd = -1;
	struct wbuf w = { 0 };
	void *p = NULL;

	TRY(shm_new("sluis-document", bytes.n, &fd));
	TRY(shm_map(fd, true, &p, NULL));
	w = wbuf_of(p, bytes.n);
	wbuf_view_put(&w, bytes);
	shm_unmap(p, bytes.n);
	TRY(shm_seal(fd));
	*ret_fd = fd_steal(&fd);
	return E_OK;
}

static enum err history_take(struct keeper *k, struct view bytes)
{
	struct history_entry e = { 0 };
	const char *why = "";

	if (history_entry_read(bytes, &e, &why) != E_OK || e.document.n == 0) {
		log_line(LOG_ERROR,
			 "%s/config/%s: %s. It holds the configuration that was in force and the "
			 "run-time changes: take an older entry in its place (cp %s/config/NUMBER "
			 "%s/config/%s), or move it away to start from the files alone",
			 k->options.state, history_current, why, k->options.state, k->options.state,
			 history_current);
		return E_PROTO;
	}
	TRY(history_memory(e.document, &k->document.fd));
	k->document.number = k->document.last = e.number;
	k->document.is_pinned = e.is_pinned;
	return E_OK;
}

static enum err history_read_current(struct keeper *k)
{
	AUTO_FD fd = openat(k->dirs.config, history_current, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st = { 0 };
	void *p = NULL;
	size_t n = 0;
	enum err e = E_OK;

	if (fd < 0)
		return errno == ENOENT ? E_OK : log_errno("config/current");
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return log_errno("config/current");
	if (st.st_size == 0 || st.st_size > DOCUMENT_BYTES_MAX + (8 << 20))
		return history_take(k, (struct view){ 0 });
	TRY(shm_map(fd, false, &p, &n));
	e = history_take(k, view_of(p, n));
	shm_unmap(p, n);
	return e;
}

enum err history_open(struct keeper *k)
{
	if (mkdirat(k->dirs.dir, "config", 0700) < 0 && errno != EEXIST)
		return log_errno("config");
	k->dirs.config =
		openat(k->dirs.dir, "config", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (k->dirs.config < 0 || fchmod(k->dirs.config, 0700) < 0)
		return log_errno("config");
	return history_read_current(k);
}

/* ---- what a change brings ---- */

enum err history_on_document(struct keeper_child *c, uint8_t kind, int fd)
{
	struct keeper_change *ch = &c->k->change;
	int *slot = kind == DOCUMENT_MADE ? &ch->document_fd : &ch->diff_fd;
	struct stat st = { 0 };

	if (c != ch->config || (kind != DOCUMENT_MADE && kind != DOCUMENT_DIFF) || *slot >= 0 ||
	    !shm_is_sealed(fd) || fstat(fd, &st) < 0 || st.st_size == 0 ||
	    st.st_size > DOCUMENT_BYTES_MAX) {
		fd_close(fd);
		return E_PROTO;
	}
	*slot = fd;
	return E_OK;
}

static struct view history_map(int fd)
{
	void *p = NULL;
	size_t n = 0;

	if (fd < 0 || shm_map(fd, false, &p, &n) != E_OK)
		return (struct view){ 0 };
	return view_of(p, n);
}

static void history_unmap(struct view v)
{
	shm_unmap((void *)(uintptr_t)v.p, v.n);
}

struct view history_diff(const struct keeper *k)
{
	return history_map(k->change.diff_fd);
}

/* ---- writing ---- */

static enum err history_write_file(const struct keeper *k, const struct history_entry *e)
{
	AUTO_FD fd = openat(k->dirs.config, history_new,
			    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	uint8_t head[HISTORY_HEAD_MAX];
	struct wbuf w = wbuf_of(head, sizeof head);

	if (fd < 0)
		return E_SYS;
	history_entry_put_head(&w, e);
	TRY(wbuf_check(&w));
	TRY(fd_write_all(fd, wbuf_view(&w)));
	TRY(fd_write_all(fd, e->diff));
	TRY(fd_write_all(fd, e->document));
	return fsync(fd) < 0 ? E_SYS : E_OK;
}

static void history_file_name(char name[16], uint32_t number)
{
	(void)snprintf(name, 16, "%08u", (unsigned)number);
}

/* The entry under its number and as "current", one name after the other: whoever is killed in
 * between leaves an entry that is not current, and that the next one writes anew. */
static enum err history_store(const struct keeper *k, const struct history_entry *e)
{
	char name[16];

	history_file_name(name, e->number);
	TRY(history_write_file(k, e));
	if (unlinkat(k->dirs.config, name, 0) < 0 && errno != ENOENT)
		return E_SYS;
	if (linkat(k->dirs.config, history_new, k->dirs.config, name, 0) < 0 ||
	    renameat(k->dirs.config, history_new, k->dirs.config, history_current) < 0 ||
	    fsync(k->dirs.config) < 0)
		return E_SYS;
	if (e->number <= HISTORY_KEPT)
		return E_OK;
	history_file_name(name, e->number - HISTORY_KEPT);
	(void)unlinkat(k->dirs.config, name, 0); /* perhaps it has never been there */
	return E_OK;
}

static bool history_is_in_force(const struct keeper *k, struct view document)
{
	struct view now = { 0 };
	bool is = false;

	if (k->document.fd < 0 || k->document.is_pinned != k->change.is_pinned)
		return false;
	now = history_map(k->document.fd);
	is = view_eq(now, document);
	history_unmap(now);
	return is;
}

enum err history_record(struct keeper *k)
{
	struct keeper_change *ch = &k->change;
	struct history_entry e = { .number = k->document.last + 1,
				   .uid = ch->uid,
				   .from = ch->from,
				   .wall_us = clock_wall_us(),
				   .kind = ch->kind,
				   .is_pinned = ch->is_pinned,
				   .reason = view_str(ch->reason) };
	enum err result = E_OK;

	e.document = history_map(ch->document_fd);
	e.diff = history_map(ch->diff_fd);
	if (e.document.n && !history_is_in_force(k, e.document)) {
		result = history_store(k, &e);
		ch->number = e.number;
	}
	if (result != E_OK) {
		ch->number = 0;
		(void)log_errno("writing the history");
		(void)snprintf(ch->why, sizeof ch->why,
			       "%.500s/config can't be written, so the change would not survive a "
			       "restart: is the disk full?",
			       k->options.state);
	}
	history_unmap(e.document);
	history_unmap(e.diff);
	return result;
}

void history_commit(struct keeper *k)
{
	struct keeper_change *ch = &k->change;

	if (ch->document_fd >= 0) {
		fd_close(k->document.fd);
		k->document.fd = fd_steal(&ch->document_fd);
	}
	k->document.is_pinned = ch->is_pinned;
	if (ch->number)
		k->document.number = k->document.last = ch->number;
}

void history_discard(struct keeper *k)
{
	struct keeper_change *ch = &k->change;

	ch->document_fd = fd_close(ch->document_fd);
	ch->diff_fd = fd_close(ch->diff_fd);
	ch->text_fd = fd_close(ch->text_fd);
}
