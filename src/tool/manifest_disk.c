/*
 * Modes and owners are looked at where the manifest is of an installation; a build directory has
 * what its umask made of it. Rights that a file gives to whoever starts it are told in both.
 */
#include "tool/manifest_disk.h"

#include "sys/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { DISK_MODE = 07777, DISK_SETID = S_ISUID | S_ISGID, DISK_OTHERS = S_IWGRP | S_IWOTH };

struct disk_file {
	struct manifest_job *job;
	const char *name, *path;
};

static void disk_tell(const struct disk_file *f, enum manifest_what what, const char *detail)
{
	manifest_job_tell(f->job, &(struct manifest_finding){ .what = (uint8_t)what,
							      .name = f->name,
							      .object = f->path,
							      .detail = detail });
}

/* Root's, or the user's own who looks at what he installed himself. */
static void disk_owner(const struct disk_file *f, const struct stat *st)
{
	char detail[64];

	if (st->st_uid == 0 || st->st_uid == geteuid())
		return;
	(void)snprintf(detail, sizeof detail, "user %u", (unsigned)st->st_uid);
	disk_tell(f, MANIFEST_FILE_OWNER, detail);
}

static void disk_rights(const struct disk_file *f, int fd, const struct stat *st)
{
	if (st->st_mode & DISK_SETID)
		disk_tell(f, MANIFEST_FILE_RIGHTS, st->st_mode & S_ISUID ? "setuid" : "setgid");
	if (fgetxattr(fd, "security.capability", NULL, 0) > 0)
		disk_tell(f, MANIFEST_FILE_RIGHTS, "file capabilities");
}

static void disk_mode(const struct disk_file *f, const struct stat *st, int mode)
{
	unsigned is = st->st_mode & DISK_MODE & ~(unsigned)DISK_SETID;
	char detail[64];

	if (mode == MANIFEST_NO_MODE)
		return;
	disk_owner(f, st);
	if (is == (unsigned)mode)
		return;
	(void)snprintf(detail, sizeof detail, "%04o, built as %04o", is, (unsigned)mode);
	disk_tell(f, MANIFEST_FILE_MODE, detail);
}

static void disk_bytes(const struct disk_file *f, int fd, const struct manifest_entry *e)
{
	char hash[MANIFEST_HEX + 1] = "";
	uint64_t bytes = 0;

	if (manifest_file_hash(fd, hash, &bytes) != E_OK)
		disk_tell(f, MANIFEST_UNREADABLE, "");
	else if (bytes != e->bytes || !view_eq(view_str(hash), view_str(e->sha256)))
		disk_tell(f, MANIFEST_FILE_DIFFERS, "");
}

static void disk_look(struct manifest_job *j, const struct manifest_entry *e)
{
	char path[MANIFEST_JOB_PATH];
	struct disk_file f = { j, e->program ? e->program : e->path, path };
	struct stat st = { 0 };
	AUTO_FD fd = -1;

	(void)snprintf(path, sizeof path, "%s/%s%s", j->place, j->file.is_installed ? "../../" : "",
		       e->path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT && e->is_optional)
		return;
	j->result->files++;
	if (fd < 0 && errno == ENOENT)
		disk_tell(&f, MANIFEST_FILE_MISSING, "");
	else if (fd < 0 && errno == ELOOP)
		disk_tell(&f, MANIFEST_FILE_DIFFERS, "a symbolic link");
	else if (fd < 0 || fstat(fd, &st) < 0)
		disk_tell(&f, MANIFEST_UNREADABLE, "");
	else if (!S_ISREG(st.st_mode))
		disk_tell(&f, MANIFEST_FILE_DIFFERS, "no regular file");
	else {
		disk_bytes(&f, fd, e);
		disk_rights(&f, fd, &st);
		disk_mode(&f, &st, e->mode);
	}
}

static bool disk_is_program(int dir_fd, const char *name)
{
	struct stat st = { 0 };

	return view_starts(view_str(name), VIEW("sluis-")) &&
	       fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ((S_ISREG(st.st_mode) && st.st_mode & S_IXUSR) || S_ISLNK(st.st_mode));
}

/* Of an installation all of the directory is ours; a build directory has objects, tests and logs.
 */
static bool disk_is_strange(const struct manifest_job *j, int dir_fd, const char *name)
{
	static const struct view own[] = { VIEW_INIT("."), VIEW_INIT(".."),
					   VIEW_INIT("manifest.json"), VIEW_INIT("manifest.note") };

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (view_eq(own[i], view_str(name)))
			return false;
	if (j->file.is_installed && view_eq(view_str(name), VIEW("sluis")))
		return true; /* the command is elsewhere */
	return !manifest_file_program(&j->file, name) &&
	       (j->file.is_installed || disk_is_program(dir_fd, name));
}

/* What a spawner or a person could start, and who could put it there. */
static void disk_extra(struct manifest_job *j)
{
	DIR *dir = opendir(j->place);
	char path[MANIFEST_JOB_PATH];
	struct disk_file f = { j, "", j->place };
	struct stat st = { 0 };

	if (dir && j->file.is_installed && fstat(dirfd(dir), &st) == 0) {
		f.name = "programs";
		disk_owner(&f, &st);
		if (st.st_mode & DISK_OTHERS)
			disk_tell(&f, MANIFEST_FILE_MODE, "others may write to it");
	}
	for (;;) {
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads */
		const struct dirent *d = dir ? readdir(dir) : NULL;

		if (!d)
			break;
		if (!disk_is_strange(j, dirfd(dir), d->d_name))
			continue;
		(void)snprintf(path, sizeof path, "%s/%.255s", j->place, d->d_name);
		f = (struct disk_file){ j, d->d_name, path };
		disk_tell(&f, MANIFEST_FILE_EXTRA, "");
	}
	if (dir)
		(void)closedir(dir);
}

void manifest_disk_all(struct manifest_job *j)
{
	for (size_t i = 0; i < j->file.n; i++)
		disk_look(j, &j->file.entry[i]);
	disk_extra(j);
}
