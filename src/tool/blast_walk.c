/*
 * Links are not followed, and the kernel's own trees (/proc, /sys, control groups) are not counted:
 * what they show is in other lines. Nothing is opened but folders, and files that by their name may
 * be private keys.
 */
#include "tool/blast_walk.h"

#include "sys/caps.h"
#include "sys/clock.h"
#include "sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

enum {
	WALK_DEPTH = 96,
	WALK_ENTRIES = 8 << 20,
	WALK_LOOK = 8192, /* bytes of what may be a key */
	WALK_TICK = 512,  /* entries between looks at the clock */
	WALK_MEMORY = 1	  /* major number of /dev/null, zero, full, random */
};

struct walk {
	struct blast_files *to;
	DIR *dir[WALK_DEPTH];
	size_t path_at[WALK_DEPTH]; /* where the name of that folder ends in path */
	size_t depth;
	uint64_t mount[WALK_DEPTH];
	bool may_write[WALK_DEPTH]; /* that mount is not read-only */
	char path[PATH_MAX];
	uint64_t until_ms, tick;
	uid_t uid;
	bool is_late;
	bool is_mighty; /* its capabilities read and write whatever the mode says */
};

bool blast_files_is_key(struct view text)
{
	struct view begin = VIEW("-----BEGIN "), end = VIEW("PRIVATE KEY-----");

	while (text.n) {
		struct view line = view_slice(text, 0, view_find(text, '\n'));

		text = view_slice(text, line.n + 1, text.n);
		if (line.n && line.p[line.n - 1] == '\r')
			line = view_slice(line, 0, line.n - 1);
		if (view_starts(line, begin) && view_ends(line, end))
			return true;
	}
	return false;
}

/* What is worse to lose, or to have changed. */
static int8_t walk_rank(const char *path)
{
	static const struct {
		struct view under;
		int8_t rank;
	} ranks[] = {
		{ VIEW_INIT("/etc/"), 5 },  { VIEW_INIT("/root/"), 4 },
		{ VIEW_INIT("/boot/"), 4 }, { VIEW_INIT("/usr/bin/"), 4 },
		{ VIEW_INIT("/usr/"), 3 },  { VIEW_INIT("/home/"), 3 },
		{ VIEW_INIT("/var/"), 2 },  { VIEW_INIT("/dev/"), 0 },
	};

	for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++)
		if (view_starts(view_str(path), ranks[i].under))
			return ranks[i].rank;
	return 1;
}

static void walk_copy(char *to, const char *path)
{
	if (snprintf(to, BLAST_FILES_PATH, "%s", path) >= BLAST_FILES_PATH)
		(void)snprintf(&to[BLAST_FILES_PATH - 4], 4, "...");
}

void blast_files_note(struct blast_files_list *l, const char *path)
{
	int8_t rank = walk_rank(path);
	unsigned at = l->n;

	while (at > 0 && l->rank[at - 1] < rank)
		at--;
	if (at == BLAST_FILES_SHOWN)
		return;
	if (l->n < BLAST_FILES_SHOWN)
		l->n++;
	for (unsigned i = l->n - 1; i > at; i--) {
		walk_copy(l->path[i], l->path[i - 1]);
		l->rank[i] = l->rank[i - 1];
	}
	walk_copy(l->path[at], path);
	l->rank[at] = rank;
}

static bool walk_may(const struct walk *k, const char *name, int mode)
{
	int dir = dirfd(k->dir[k->depth - 1]);

	return faccessat(dir, name, mode, AT_EACCESS | AT_SYMLINK_NOFOLLOW) == 0;
}

static bool walk_names_key(struct view name)
{
	static const struct view ends[] = { VIEW_INIT(".pem"),	   VIEW_INIT(".key"),
					    VIEW_INIT("_key"),	   VIEW_INIT("_rsa"),
					    VIEW_INIT("_ed25519"), VIEW_INIT("_ecdsa") };

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (view_ends(name, ends[i]))
			return true;
	return false;
}

static void walk_key(struct walk *k, const char *name)
{
	char text[WALK_LOOK];
	AUTO_FD fd = -1;
	ssize_t n = 0;

	if (!walk_names_key(view_str(name)))
		return;
	fd = openat(dirfd(k->dir[k->depth - 1]), name,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_NOATIME);
	if (fd < 0)
		fd = openat(dirfd(k->dir[k->depth - 1]), name,
			    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	n = fd < 0 ? -1 : read(fd, text, sizeof text);
	if (n > 0 && blast_files_is_key(view_of(text, (size_t)n))) {
		blast_files_note(&k->to->key, k->path);
		k->to->keys++;
	}
	explicit_bzero(text, sizeof text);
}

/*
 * Bits of the mode say no for certain to who is not the owner, has no capability and finds the bit
 * neither with the group (which bounds access lists, too) nor with others; and root's capabilities
 * say yes where the mount does. Only what is left is asked of the kernel.
 */
static bool walk_asks(const struct walk *k, const char *name, const struct stat *st, int right)
{
	mode_t bits = (mode_t)(right << 3 | right);

	if (k->is_mighty && right != X_OK)
		return right == R_OK || k->may_write[k->depth - 1];
	if (!k->is_mighty && st->st_uid != k->uid && !(st->st_mode & bits))
		return false;
	return walk_may(k, name, right);
}

static void walk_file(struct walk *k, const char *name)
{
	struct stat st = { 0 };

	k->to->looked_at++;
	if (fstatat(dirfd(k->dir[k->depth - 1]), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (walk_asks(k, name, &st, R_OK)) {
		k->to->readable++;
		k->to->reads_shadow |= view_eq(view_str(k->path), VIEW("/etc/shadow"));
		walk_key(k, name);
	}
	if (walk_asks(k, name, &st, W_OK)) {
		k->to->writable++;
		blast_files_note(&k->to->write, k->path);
	}
	if (!(st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) || !walk_asks(k, name, &st, X_OK))
		return;
	k->to->executable++;
	if ((st.st_mode & S_ISUID) && st.st_uid != k->uid) {
		k->to->setuid++;
		blast_files_note(&k->to->run, k->path);
	}
}

static void walk_device(struct walk *k, const char *name)
{
	struct stat st = { 0 };

	if (fstatat(dirfd(k->dir[k->depth - 1]), name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (S_ISCHR(st.st_mode) && major(st.st_rdev) == WALK_MEMORY && minor(st.st_rdev) != 1 &&
	     minor(st.st_rdev) != 4))
		return;
	k->to->devices += walk_may(k, name, R_OK) || walk_may(k, name, W_OK);
}

/* The kernel's own trees. */
static bool walk_is_kernels(struct walk *k, int fd)
{
	struct statfs st = { 0 };

	if (fstatfs(fd, &st) < 0)
		return true;
	k->may_write[k->depth] = !(st.f_flags & ST_RDONLY);
	switch ((unsigned long)st.f_type) {
	case PROC_SUPER_MAGIC:
		k->to->has_proc = true;
		return true;
	case SYSFS_MAGIC:
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
	case DEBUGFS_MAGIC:
	case TRACEFS_MAGIC:
	case SECURITYFS_MAGIC:
	case BPF_FS_MAGIC:
	case DEVPTS_SUPER_MAGIC:
		return true;
	default:
		return false;
	}
}

/* Which mount a folder lies in; 0: not known, and no two are the same. */
static uint64_t walk_mount(int fd)
{
	struct statx st = { 0 };

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0 || !(st.stx_mask & STATX_MNT_ID))
		return 0;
	return st.stx_mnt_id;
}

/* Another mount than the one around may be the kernel's own, or read-only. */
static bool walk_may_enter(struct walk *k, int fd)
{
	uint64_t mount = walk_mount(fd);

	if (k->depth == WALK_DEPTH) {
		k->to->is_cut = true;
		return false;
	}
	k->mount[k->depth] = mount;
	if (k->depth == 0 || !mount || mount != k->mount[k->depth - 1])
		return !walk_is_kernels(k, fd);
	k->may_write[k->depth] = k->may_write[k->depth - 1];
	return true;
}

static void walk_enter(struct walk *k, int fd)
{
	DIR *dir = walk_may_enter(k, fd) ? fdopendir(fd) : NULL;

	if (!dir) {
		(void)fd_close(fd);
		return;
	}
	k->dir[k->depth] = dir;
	k->path_at[k->depth++] = strlen(k->path);
	if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == 0) {
		k->to->folders++;
		blast_files_note(&k->to->in, k->path[0] ? k->path : "/");
	}
}

static void walk_leave(struct walk *k)
{
	(void)closedir(k->dir[--k->depth]);
}

static uint8_t walk_type(const struct walk *k, const struct dirent *d)
{
	struct stat st = { 0 };

	if (d->d_type != DT_UNKNOWN)
		return d->d_type;
	if (fstatat(dirfd(k->dir[k->depth - 1]), d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return DT_UNKNOWN;
	return (uint8_t)IFTODT(st.st_mode);
}

static void walk_entry(struct walk *k, const struct dirent *d)
{
	size_t at = k->path_at[k->depth - 1];
	int fd = -1, n = 0;

	if (view_eq(view_str(d->d_name), VIEW(".")) || view_eq(view_str(d->d_name), VIEW("..")))
		return;
	n = snprintf(&k->path[at], sizeof k->path - at, "/%s", d->d_name);
	if (n < 0 || (size_t)n >= sizeof k->path - at) {
		k->to->is_cut = true;
		return;
	}
	switch (walk_type(k, d)) {
	case DT_REG:
		walk_file(k, d->d_name);
		break;
	case DT_DIR:
		fd = openat(dirfd(k->dir[k->depth - 1]), d->d_name,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			walk_enter(k, fd);
		break;
	case DT_SOCK:
		k->to->sockets += walk_may(k, d->d_name, W_OK);
		break;
	case DT_BLK:
	case DT_CHR:
		walk_device(k, d->d_name);
		break;
	default:
		break;
	}
}

static bool walk_is_late(struct walk *k)
{
	if (k->is_late)
		return true;
	if (++k->tick % WALK_TICK || (k->tick < WALK_ENTRIES && clock_mono_ms() < k->until_ms))
		return false;
	k->to->is_cut = k->is_late = true;
	return true;
}

static void walk_all(struct walk *k)
{
	while (k->depth) {
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads */
		const struct dirent *d = walk_is_late(k) ? NULL : readdir(k->dir[k->depth - 1]);

		if (d)
			walk_entry(k, d);
		else
			walk_leave(k);
	}
}

enum err blast_walk(int dir_fd, uint64_t within_ms, struct blast_files *ret)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct walk *k = NULL;

	if (fd < 0)
		return E_OK; /* he may not even list it */
	k = calloc(1, sizeof *k);
	if (!k) {
		(void)fd_close(fd);
		return E_NOMEM;
	}
	k->to = ret;
	k->until_ms = clock_mono_ms() + within_ms;
	k->uid = geteuid();
	k->is_mighty = k->uid == 0 && (caps_have() & CAPS_DAC_READ_SEARCH) &&
		       (caps_have() & CAPS_BIT(CAP_DAC_OVERRIDE));
	walk_enter(k, fd);
	walk_all(k);
	free(k);
	return E_OK;
}
