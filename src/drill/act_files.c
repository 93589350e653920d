/* Files: the twin's folder has a key, a configuration and a log, which anybody could reach who may
 * open anything at all. */
#include "drill/act.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FILES_PATH = 256 };

static struct act_got files_open(const char *path, int flags)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600);

	return act_from(fd);
}

static struct act_got files_open_in(const struct intruder *x, const char *name, int flags)
{
	char path[FILES_PATH];

	return files_open(act_path(x, name, path, sizeof path), flags);
}

static struct act_got files_key(struct intruder *x)
{
	return files_open_in(x, "key", O_RDONLY);
}

static struct act_got files_key_write(struct intruder *x)
{
	return files_open_in(x, "key", O_WRONLY);
}

static struct act_got files_key_openat2(struct intruder *x)
{
	char path[FILES_PATH];
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC };

	return act_from(syscall(SYS_openat2, AT_FDCWD, act_path(x, "key", path, sizeof path), &how,
				sizeof how));
}

static struct act_got files_key_path(struct intruder *x)
{
	return files_open_in(x, "key", O_PATH);
}

static struct act_got files_configuration(struct intruder *x)
{
	return files_open(x->board->scene.config, O_RDONLY);
}

static struct act_got files_state(const struct intruder *x, const char *name, int flags)
{
	char path[FILES_PATH];

	(void)snprintf(path, sizeof path, "%s/%s", x->board->scene.state, name);
	return files_open(path, flags);
}

static struct act_got files_store(struct intruder *x)
{
	return files_state(x, "authority/sluis.db", O_RDWR);
}

static struct act_got files_store_key(struct intruder *x)
{
	return files_state(x, "store.key", O_RDONLY);
}

static struct act_got files_audit_key(struct intruder *x)
{
	return files_state(x, "keys/audit.key", O_RDONLY);
}

static struct act_got files_log(struct intruder *x)
{
	return files_state(x, "audit/head", O_RDONLY);
}

static struct act_got files_log_write(struct intruder *x)
{
	return files_state(x, "audit/head", O_WRONLY | O_APPEND);
}

static struct act_got files_passwd(struct intruder *x)
{
	(void)x;
	return files_open("/etc/passwd", O_RDONLY);
}

static struct act_got files_create(struct intruder *x)
{
	return files_open_in(x, "fresh", O_WRONLY | O_CREAT);
}

static struct act_got files_tmpfile(struct intruder *x)
{
	return files_open(x->board->scene.dir, O_TMPFILE | O_RDWR);
}

static struct act_got files_directory(struct intruder *x)
{
	(void)x;
	return files_open("/", O_RDONLY | O_DIRECTORY);
}

static struct act_got files_memory(struct intruder *x)
{
	(void)x;
	return files_open("/proc/self/mem", O_RDWR);
}

static struct act_got files_maps(struct intruder *x)
{
	(void)x;
	return files_open("/proc/self/maps", O_RDONLY);
}

static struct act_got files_neighbour_memory(struct intruder *x)
{
	char path[FILES_PATH];

	(void)snprintf(path, sizeof path, "/proc/%d/mem", (int)x->board->scene.pid);
	return files_open(path, O_RDONLY);
}

static struct act_got files_environment(struct intruder *x)
{
	char path[FILES_PATH];

	(void)snprintf(path, sizeof path, "/proc/%d/environ", (int)x->board->scene.pid);
	return files_open(path, O_RDONLY);
}

static struct act_got files_descriptors(struct intruder *x)
{
	char path[FILES_PATH];

	(void)snprintf(path, sizeof path, "/proc/%d/fd/1", (int)x->board->scene.pid);
	return files_open(path, O_RDWR);
}

/* One call with the path of something in the folder. */
static struct act_got files_call(const struct intruder *x, long call, const char *name, uintptr_t a,
				 uintptr_t b)
{
	char path[FILES_PATH];

	return act_from(syscall(call, AT_FDCWD, act_path(x, name, path, sizeof path), a, b, 0));
}

static struct act_got files_truncate(struct intruder *x)
{
	char path[FILES_PATH];

	return act_from(syscall(SYS_truncate, act_path(x, "log", path, sizeof path), 0L));
}

static struct act_got files_unlink(struct intruder *x)
{
	return files_call(x, SYS_unlinkat, "victim-unlink", 0, 0);
}

static struct act_got files_rename(struct intruder *x)
{
	char from[FILES_PATH], to[FILES_PATH];

	return act_from(syscall(SYS_renameat2, AT_FDCWD,
				act_path(x, "victim-rename", from, sizeof from), AT_FDCWD,
				act_path(x, "renamed", to, sizeof to), 0));
}

static struct act_got files_chmod(struct intruder *x)
{
	return files_call(x, SYS_fchmodat, "log", 0600, 0);
}

static struct act_got files_chown(struct intruder *x)
{
	return files_call(x, SYS_fchownat, "log", (uintptr_t)-1, (uintptr_t)-1);
}

static struct act_got files_link(struct intruder *x)
{
	char from[FILES_PATH], to[FILES_PATH];

	return act_from(syscall(SYS_linkat, AT_FDCWD, act_path(x, "log", from, sizeof from),
				AT_FDCWD, act_path(x, "linked", to, sizeof to), 0));
}

static struct act_got files_symlink(struct intruder *x)
{
	char to[FILES_PATH];

	return act_from(syscall(SYS_symlinkat, "/etc/passwd", AT_FDCWD,
				act_path(x, "symlinked", to, sizeof to)));
}

static struct act_got files_mkdir(struct intruder *x)
{
	return files_call(x, SYS_mkdirat, "made", 0700, 0);
}

static struct act_got files_fifo(struct intruder *x)
{
	return files_call(x, SYS_mknodat, "fifo", S_IFIFO | 0600, 0);
}

static struct act_got files_look(struct intruder *x)
{
	char path[FILES_PATH];
	struct stat st = { 0 };

	return act_from(
		syscall(SYS_newfstatat, AT_FDCWD, act_path(x, "key", path, sizeof path), &st, 0));
}

static struct act_got files_access(struct intruder *x)
{
	return files_call(x, SYS_faccessat, "key", R_OK, 0);
}

static struct act_got files_xattr(struct intruder *x)
{
	char path[FILES_PATH];

	return act_from(syscall(SYS_setxattr, act_path(x, "log", path, sizeof path), "user.sluis",
				"1", 1, 0));
}

static struct act_got files_times(struct intruder *x)
{
	return files_call(x, SYS_utimensat, "log", 0, 0);
}

static struct act_got files_chdir(struct intruder *x)
{
	return act_from(syscall(SYS_chdir, x->board->scene.dir));
}

static struct act_got files_inotify(struct intruder *x)
{
	long fd = syscall(SYS_inotify_init1, IN_CLOEXEC);

	return fd < 0 ? act_from(fd)
		      : act_from(syscall(SYS_inotify_add_watch, fd, x->board->scene.dir, IN_OPEN));
}

static struct act_got files_handle(struct intruder *x)
{
	struct {
		unsigned bytes;
		int type;
		unsigned char f[128];
	} handle = { .bytes = 128 };
	int mount = 0;

	return act_from(
		syscall(SYS_name_to_handle_at, AT_FDCWD, x->board->scene.dir, &handle, &mount, 0));
}

/* A descriptor of a directory that it was given leads no further up. */
static struct act_got files_upwards(struct intruder *x)
{
	for (size_t i = 0; i < x->dir_n; i++) {
		long fd = syscall(SYS_openat, x->dir[i], "../store.key", O_RDONLY | O_CLOEXEC);

		if (fd >= 0 || errno != EBADF)
			return act_from(fd);
	}
	return act_from(syscall(SYS_openat, AT_FDCWD, "../../../etc/passwd", O_RDONLY));
}

/* The terminal or log of whoever started Sluis. */
static struct act_got files_truncate_stderr(struct intruder *x)
{
	(void)x;
	return act_from(syscall(SYS_ftruncate, STDERR_FILENO, 0L));
}

static const struct act files_acts[] = {
	{ .name = "open-key", .tries = "open a private key", .cites = "P2 D", .run = files_key },
	{ .name = "open-key-to-write",
	  .tries = "open a private key to overwrite it",
	  .cites = "P5 D",
	  .run = files_key_write },
	{ .name = "openat2-key",
	  .tries = "open a private key with openat2",
	  .cites = "P2 D",
	  .run = files_key_openat2 },
	{ .name = "open-key-path",
	  .tries = "hold a private key by O_PATH",
	  .cites = "P2 D",
	  .run = files_key_path },
	{ .name = "open-configuration",
	  .tries = "read the configuration",
	  .cites = "P10 J",
	  .run = files_configuration },
	{ .name = "open-store",
	  .tries = "open the store of users and sessions",
	  .cites = "P6 A",
	  .run = files_store },
	{ .name = "open-store-key",
	  .tries = "read the key of the store",
	  .cites = "P6 D",
	  .run = files_store_key },
	{ .name = "open-audit-key",
	  .tries = "read the key that signs the log",
	  .cites = "P9 F",
	  .run = files_audit_key },
	{ .name = "read-log", .tries = "read the audit log", .cites = "P9 F", .run = files_log },
	{ .name = "write-log",
	  .tries = "write into the audit log's files",
	  .cites = "P9 F",
	  .run = files_log_write },
	{ .name = "open-passwd",
	  .tries = "read /etc/passwd",
	  .cites = "P5 B",
	  .run = files_passwd },
	{ .name = "create-file", .tries = "make a file", .cites = "P5 C", .run = files_create },
	{ .name = "create-unnamed",
	  .tries = "make a file without a name",
	  .cites = "P5 C",
	  .run = files_tmpfile },
	{ .name = "open-root",
	  .tries = "list the root directory",
	  .cites = "P5 B",
	  .run = files_directory },
	{ .name = "open-own-memory",
	  .tries = "write its own code through /proc/self/mem",
	  .cites = "P5 B",
	  .run = files_memory },
	{ .name = "open-own-maps",
	  .tries = "read its own memory's layout",
	  .cites = "P5 B",
	  .run = files_maps },
	{ .name = "open-neighbour-memory",
	  .tries = "read a neighbour's memory in /proc",
	  .cites = "P1 A",
	  .run = files_neighbour_memory },
	{ .name = "open-neighbour-environment",
	  .tries = "read a neighbour's environment",
	  .cites = "P1 A",
	  .run = files_environment },
	{ .name = "open-neighbour-descriptor",
	  .tries = "open what a neighbour has open",
	  .cites = "P1 A",
	  .run = files_descriptors },
	{ .name = "truncate-log",
	  .tries = "empty a log file",
	  .cites = "P9 F",
	  .run = files_truncate },
	{ .name = "unlink-file", .tries = "delete a file", .cites = "P9 F", .run = files_unlink },
	{ .name = "rename-file",
	  .tries = "put another file in a file's place",
	  .cites = "P5 C",
	  .run = files_rename },
	{ .name = "chmod-file",
	  .tries = "change who may read a file",
	  .cites = "P5 C",
	  .run = files_chmod,
	  .unfit = "only its owner may" },
	{ .name = "chown-file", .tries = "give a file away", .cites = "P5 C", .run = files_chown },
	{ .name = "hard-link",
	  .tries = "give a file a second name",
	  .cites = "P5 C",
	  .run = files_link,
	  .unfit = "the kernel protects files of others (protected_hardlinks)" },
	{ .name = "symbolic-link",
	  .tries = "leave a link for others to follow",
	  .cites = "P5 C",
	  .run = files_symlink },
	{ .name = "make-directory",
	  .tries = "make a directory",
	  .cites = "P5 C",
	  .run = files_mkdir },
	{ .name = "make-fifo", .tries = "make a named pipe", .cites = "P5 C", .run = files_fifo },
	{ .name = "look-at-file",
	  .tries = "see whether a key is there, and how long",
	  .cites = "P5 B",
	  .run = files_look },
	{ .name = "ask-for-access",
	  .tries = "ask which files it might open",
	  .cites = "P5 B",
	  .run = files_access },
	{ .name = "set-attribute",
	  .tries = "hide something in a file's attributes",
	  .cites = "P5 C",
	  .run = files_xattr,
	  .unfit = "the twin's folder is a tmpfs" },
	{ .name = "set-times",
	  .tries = "make a file look older",
	  .cites = "P5 C",
	  .run = files_times },
	{ .name = "change-directory",
	  .tries = "leave its empty root",
	  .cites = "P5 B",
	  .run = files_chdir },
	{ .name = "watch-files",
	  .tries = "see which files others open",
	  .cites = "P5 A",
	  .run = files_inotify },
	{ .name = "file-handle",
	  .tries = "name a file without a path",
	  .cites = "P5 B",
	  .run = files_handle },
	{ .name = "climb-out",
	  .tries = "climb out of the directory it was given",
	  .cites = "P5 B",
	  .run = files_upwards },
	{ .name = "truncate-stderr",
	  .tries = "empty the journal it writes messages to",
	  .cites = "P9 F",
	  .run = files_truncate_stderr },
};

const struct act_table act_files = { files_acts, sizeof files_acts / sizeof *files_acts,
				     ACT_FILES };
