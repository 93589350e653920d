/*
 * What a process says of itself is not asked: the kernel says which file it executes and what is
 * mapped where, and its memory is read and compared with the file. A process may end meanwhile,
 * which is no finding.
 */
#include "tool/manifest_process.h"

#include "base/proc_maps.h"
#include "sys/fd.h"
#include "tool/package_sums.h"
#include "tool/proc_file.h"
#include "tool/process_list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PROCESS_MAPS = 16 << 20, PROCESS_TEXT = 4400 };

struct manifest_one {
	struct manifest_job *job;
	const struct process_list_one *process;
	uint64_t program; /* the executable's inode; 0: not known */
	bool is_told;	  /* that its memory can't be read */
};

static void process_tell(struct manifest_one *o, enum manifest_what what, struct view object,
			 const char *detail)
{
	char text[PROCESS_TEXT];
	struct wbuf w = wbuf_of(text, sizeof text - 1);

	/* What it was before it ended is nobody's finding */
	if (!process_list_is_same(o->process))
		return;
	wbuf_view_put(&w, view_slice(object, 0, sizeof text - 1));
	text[w.n] = '\0';
	manifest_job_tell(o->job, &(struct manifest_finding){ .what = (uint8_t)what,
							      .pid = o->process->pid,
							      .name = o->process->name,
							      .object = text,
							      .detail = detail });
}

static void process_tell_unread(struct manifest_one *o, const char *what, enum err e)
{
	if (e != E_CLOSED)
		process_tell(o, MANIFEST_UNREADABLE, view_str(what),
			     e == E_DENIED ? "permission denied" : err_name(e));
}

/* ---- the executable ---- */

static const struct manifest_seen *process_seen(const struct manifest_job *j, const struct stat *st)
{
	for (size_t i = 0; i < j->seen_n; i++) {
		const struct manifest_seen *s = &j->seen[i];

		if (s->device == st->st_dev && s->inode == st->st_ino && s->size == st->st_size &&
		    s->changed.tv_sec == st->st_ctim.tv_sec &&
		    s->changed.tv_nsec == st->st_ctim.tv_nsec)
			return s;
	}
	return NULL;
}

static enum err process_hash(struct manifest_job *j, int fd, char ret[MANIFEST_HEX + 1])
{
	struct manifest_seen fresh = { 0 };
	const struct manifest_seen *s = &fresh;
	struct stat st = { 0 };
	uint64_t bytes = 0;

	if (fstat(fd, &st) < 0)
		return E_SYS;
	s = process_seen(j, &st);
	if (!s) {
		fresh = (struct manifest_seen){ .device = st.st_dev,
						.inode = st.st_ino,
						.size = st.st_size,
						.changed = st.st_ctim };
		TRY(manifest_file_hash(fd, fresh.sha256, &bytes));
		if (j->seen_n < MANIFEST_JOB_SEEN)
			j->seen[j->seen_n++] = fresh;
		s = &fresh;
	}
	(void)snprintf(ret, MANIFEST_HEX + 1, "%s", s->sha256);
	return E_OK;
}

/* A program of ours goes by its name in the manifest, whatever directory it was started from. */
static void process_compare(struct manifest_one *o, const char *path, const char *hash)
{
	const char *slash = strrchr(path, '/');
	const struct manifest_entry *e =
		manifest_file_program(&o->job->file, slash ? slash + 1 : path);

	if (!e)
		process_tell(o, MANIFEST_PROCESS_UNKNOWN, view_str(path), "");
	else if (!view_eq(view_str(e->sha256), view_str(hash)))
		process_tell(o, MANIFEST_PROCESS_DIFFERS, view_str(path), hash);
}

static void process_executable(struct manifest_one *o)
{
	char path[PROCESS_TEXT] = "", hash[MANIFEST_HEX + 1] = "";
	struct stat st = { 0 };
	AUTO_FD fd = -1;
	enum err e = proc_file_link(o->process->pid, "exe", path, sizeof path);

	if (e == E_OK)
		e = proc_file_open(o->process->pid, "exe", &fd);
	if (e == E_OK && fstat(fd, &st) == 0)
		o->program = st.st_ino;
	if (e == E_OK)
		e = process_hash(o->job, fd, hash);
	if (e != E_OK) {
		process_tell_unread(o, "exe", e);
		return;
	}
	if (view_ends(view_str(path), VIEW(" (deleted)"))) {
		process_tell(o, MANIFEST_PROCESS_DELETED, view_str(path), hash);
		path[strlen(path) - 10] = '\0';
	}
	process_compare(o, path, hash);
}

/* ---- its code ---- */

static enum err process_peek(int pid, uint64_t at, void *to, size_t n)
{
	struct iovec local = { to, n };
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the other process */
	struct iovec remote = { (void *)(uintptr_t)at, n };
	ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	if (got < 0)
		return errno == EFAULT ? E_CLOSED : proc_file_error(errno);
	return (size_t)got == n ? E_OK : E_CLOSED;
}

/* Bytes of the file at this offset; behind its end there are zeros, as the kernel maps them. */
static enum err process_file(int fd, uint64_t offset, uint8_t *to, size_t n)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = pread(fd, &to[have], n - have, (off_t)(offset + have));

		if (got < 0)
			return E_SYS;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	while (have < n)
		to[have++] = 0;
	return E_OK;
}

/* E_PROTO: they differ, ret_at is where. */
static enum err process_same(const struct manifest_one *o, const struct proc_map *m, int fd,
			     uint64_t *ret_at)
{
	uint8_t *memory = o->job->memory, *disk = o->job->disk;

	for (uint64_t at = m->from; at < m->to; at += MANIFEST_JOB_CHUNK) {
		size_t n =
			m->to - at < MANIFEST_JOB_CHUNK ? (size_t)(m->to - at) : MANIFEST_JOB_CHUNK;
		size_t same = 0;

		TRY(process_peek(o->process->pid, at, memory, n));
		TRY(process_file(fd, m->offset + (at - m->from), disk, n));
		if (view_eq(view_of(memory, n), view_of(disk, n)))
			continue;
		while (memory[same] == disk[same])
			same++;
		*ret_at = at + same;
		return E_PROTO;
	}
	return E_OK;
}

static void process_bytes(struct manifest_one *o, const struct proc_map *m, int fd)
{
	char detail[64];
	uint64_t at = 0;
	enum err e = process_same(o, m, fd, &at);

	if (e == E_PROTO) {
		(void)snprintf(detail, sizeof detail, "first at address %llx",
			       (unsigned long long)at);
		process_tell(o, MANIFEST_CODE_DIFFERS, m->line, detail);
	} else if (e != E_OK && !o->is_told) {
		o->is_told = true;
		process_tell_unread(o, "memory", e);
	}
}

/* The program itself has been compared with the manifest; what else it runs is a library. */
static void process_mapped(struct manifest_one *o, const struct proc_map *m, int fd, dev_t device)
{
	process_bytes(o, m, fd);
	if (m->inode != o->program)
		package_sums_add(o->job, m, device);
}

static void process_code(struct manifest_one *o, const struct proc_map *m)
{
	char path[PROCESS_TEXT];
	struct wbuf w = wbuf_of(path, sizeof path - 1);
	struct stat st = { 0 };
	AUTO_FD fd = -1;

	wbuf_view_put(&w, m->path);
	path[w.n] = '\0';
	fd = w.bad ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (m->is_deleted)
		process_tell(o, MANIFEST_CODE_DELETED, m->line, "");
	else if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		process_tell(o, errno == EACCES ? MANIFEST_UNREADABLE : MANIFEST_CODE_DELETED,
			     m->line, "its path can't be opened");
	else if (st.st_ino != m->inode)
		process_tell(o, MANIFEST_CODE_REPLACED, m->line, "");
	else
		process_mapped(o, m, fd, st.st_dev);
}

static void process_map(struct manifest_one *o, const struct proc_map *m)
{
	if (!(m->flags & PROC_MAP_EXEC))
		return;
	if (m->flags & PROC_MAP_WRITE)
		process_tell(o, MANIFEST_CODE_WRITABLE, m->line, "");
	/* The kernel's own, the same in every process */
	if (view_eq(m->path, VIEW("[vdso]")) || view_eq(m->path, VIEW("[vsyscall]")))
		return;
	if (m->inode == 0 || m->path.n == 0 || m->path.p[0] != '/')
		process_tell(o, MANIFEST_CODE_ANONYMOUS, m->line, "");
	else
		process_code(o, m);
}

static void process_maps(struct manifest_one *o)
{
	struct proc_file f = { 0 };
	struct proc_map m = { 0 };
	enum err e = proc_file_read(o->process->pid, "maps", PROCESS_MAPS, &f);
	struct view text = view_of(f.p, f.n);

	while (e == E_OK) {
		e = proc_maps_next(&text, &m);
		if (e == E_OK)
			process_map(o, &m);
	}
	if (e != E_AGAIN || f.is_cut)
		process_tell_unread(o, "maps", e == E_AGAIN ? E_LIMIT : e);
	proc_file_done(&f);
}

enum err manifest_process_all(struct manifest_job *j, const char *state_dir)
{
	struct process_list l = { 0 };

	TRY(process_list_of(state_dir, &l));
	for (size_t i = 0; i < l.n; i++) {
		struct manifest_one o = { .job = j, .process = &l.p[i] };

		if (l.p[i].state == 'Z')
			continue;
		j->result->processes++;
		process_executable(&o);
		process_maps(&o);
	}
	process_list_done(&l);
	return E_OK;
}
