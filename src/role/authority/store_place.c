/*
 * SQLite's hooks carry no argument, so heap and directory are the process's (docs/invariants.md).
 * A path is "/" and one name; anything else does not exist here. The library asks for nothing else:
 * its scratch files are kept in memory, and /dev/urandom, which it seeds names of such files from,
 * is not needed for them.
 */
#include "role/authority/store_place.h"

#include "base/harden.h"
#include "sys/fd.h"
#include "sys/heap.h"
#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct store_place {
	struct heap heap;
	int dir_fd;
	bool is_set;
};

/* docs/invariants.md: the hooks below carry no argument. */
static struct store_place store_place;

enum { STORE_PLACE_FRONT = 16 /* in front of each block: its size */ };

/* ---- memory ---- */

static void *store_place_malloc(int n)
{
	uint64_t *p = n < 0 ? NULL : heap_get(&store_place.heap, (size_t)n + STORE_PLACE_FRONT);

	if (!p)
		return NULL;
	*p = (uint64_t)n;
	return p + STORE_PLACE_FRONT / sizeof *p;
}

static void *store_place_front(void *p)
{
	return p ? (uint64_t *)p - STORE_PLACE_FRONT / sizeof(uint64_t) : NULL;
}

static void store_place_free(void *p)
{
	heap_put(&store_place.heap, store_place_front(p));
}

static void *store_place_realloc(void *p, int n)
{
	uint64_t *q = n < 0 ? NULL
			    : heap_resize(&store_place.heap, store_place_front(p),
					  (size_t)n + STORE_PLACE_FRONT);

	if (!q)
		return NULL;
	*q = (uint64_t)n;
	return q + STORE_PLACE_FRONT / sizeof *q;
}

static int store_place_size(void *p)
{
	const uint64_t *front = store_place_front(p);

	return front ? (int)*front : 0;
}

static int store_place_roundup(int n)
{
	return (n + 7) & ~7;
}

static int store_place_mem_init(void *unused)
{
	(void)unused;
	return SQLITE_OK;
}

static void store_place_mem_done(void *unused)
{
	(void)unused;
}

static const sqlite3_mem_methods store_place_memory = {
	.xMalloc = store_place_malloc,
	.xFree = store_place_free,
	.xRealloc = store_place_realloc,
	.xSize = store_place_size,
	.xRoundup = store_place_roundup,
	.xInit = store_place_mem_init,
	.xShutdown = store_place_mem_done,
};

/* ---- files ---- */

/* The name in the directory; NULL and errno: there is no such thing here. */
static const char *store_place_name(const char *path)
{
	if (path[0] == '/' && path[1] && !strchr(path + 1, '/'))
		return path + 1;
	errno = ENOENT;
	return NULL;
}

static int store_place_open(const char *path, int flags, int mode)
{
	const char *name = store_place_name(path);

	return name ? openat(store_place.dir_fd, name, flags | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode)
		    : -1;
}

static int store_place_stat(const char *path, struct stat *ret)
{
	const char *name = store_place_name(path);

	return name ? fstatat(store_place.dir_fd, name, ret, AT_SYMLINK_NOFOLLOW) : -1;
}

static int store_place_access(const char *path, int mode)
{
	struct stat unused;

	(void)mode; /* whose files they are the keeper has seen to */
	return store_place_stat(path, &unused);
}

static int store_place_unlink(const char *path)
{
	const char *name = store_place_name(path);

	return name ? unlinkat(store_place.dir_fd, name, 0) : -1;
}

static int store_place_open_directory(const char *path, int *ret_fd)
{
	(void)path;
	*ret_fd = openat(store_place.dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? SQLITE_CANTOPEN : SQLITE_OK;
}

static char *store_place_getcwd(char *buf, size_t n)
{
	if (n < 2)
		return NULL;
	buf[0] = '/';
	buf[1] = 0;
	return buf;
}

static int store_place_none(void)
{
	errno = EPERM;
	return -1;
}

static int store_place_fchown(int fd, uid_t uid, gid_t gid)
{
	(void)fd;
	(void)uid;
	(void)gid;
	return 0;
}

/* One more word than the library's declaration, as each real function is stored in its type: it
 * calls them through their own types again. */
#define STORE_PLACE_CALL(name, fn)                                                                 \
	{                                                                                          \
		(name), (sqlite3_syscall_ptr)(void (*)(void))(fn)                                  \
	}

/* SQLite's function, of a table that SQLite made. */
HARDEN_CALLS_A_LIBRARY static int store_place_hook(sqlite3_vfs *vfs, const char *name,
						   sqlite3_syscall_ptr call)
{
	return vfs->xSetSystemCall(vfs, name, call);
}

static enum err store_place_hooks(void)
{
	/* rule zero: SQLite's interface for this is a cast (sqlite3_vfs.xSetSystemCall) */
	static const struct {
		const char *name;
		sqlite3_syscall_ptr call;
	} calls[] = {
		STORE_PLACE_CALL("open", store_place_open),
		STORE_PLACE_CALL("stat", store_place_stat),
		STORE_PLACE_CALL("lstat", store_place_stat),
		STORE_PLACE_CALL("access", store_place_access),
		STORE_PLACE_CALL("unlink", store_place_unlink),
		STORE_PLACE_CALL("openDirectory", store_place_open_directory),
		STORE_PLACE_CALL("getcwd", store_place_getcwd),
		STORE_PLACE_CALL("fchown", store_place_fchown),
		STORE_PLACE_CALL("mkdir", store_place_none),
		STORE_PLACE_CALL("rmdir", store_place_none),
		STORE_PLACE_CALL("readlink", store_place_none),
	};
	sqlite3_vfs *vfs = sqlite3_vfs_find("unix");

	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		if (!vfs || store_place_hook(vfs, calls[i].name, calls[i].call) != SQLITE_OK)
			return E_SYS;
	return E_OK;
}

/* ---- is it there ---- */

static const char store_place_made[] = "made";

enum err store_place_look(int dir_fd)
{
	struct stat st = { 0 };

	if (dir_fd < 0 || fstatat(dir_fd, store_place_made, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return E_OK;
	if (fstatat(dir_fd, "sluis.db", &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_size == 0)
		return E_DENIED;
	return E_OK;
}

void store_place_mark(int dir_fd)
{
	struct stat st = { 0 };
	AUTO_FD fd = -1;

	if (dir_fd < 0 || fstatat(dir_fd, store_place_made, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return;
	fd = openat(dir_fd, store_place_made, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || fsync(fd) < 0 || fsync(dir_fd) < 0)
		(void)log_errno("the store's mark");
}

enum err store_place_init(int dir_fd, size_t bytes)
{
	store_place.dir_fd = dir_fd;
	if (store_place.is_set)
		return E_OK;
	TRY(heap_init(&store_place.heap, bytes, HEAP_PLAIN));
	if (sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) != SQLITE_OK ||
	    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) != SQLITE_OK ||
	    sqlite3_config(SQLITE_CONFIG_MALLOC, &store_place_memory) != SQLITE_OK ||
	    sqlite3_initialize() != SQLITE_OK) {
		log_line(LOG_ERROR, "SQLite can't be set up");
		return E_SYS;
	}
	store_place.is_set = true;
	return store_place_hooks();
}
