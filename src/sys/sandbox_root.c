/*
 * An empty root (promise P5): the mount namespace the role was born in gets a read-only tmpfs
 * without room for an inode as its root, and the old tree is taken off.
 *
 * A role that was born without the right to do so in its own namespaces (the signer under root,
 * which must read key files of any owner) first makes itself a user namespace, which it needs
 * nothing for.
 */
#include "sys/sandbox_part.h"

#include "sys/caps.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static enum err sandbox_root_write(const char *path, struct view text)
{
	int fd = sandbox_raw_open(path, O_WRONLY);
	enum err e = fd < 0 ? E_SYS : fd_write_all(fd, text);

	if (fd >= 0)
		sandbox_raw_close(fd);
	return e;
}

static enum err sandbox_root_map(const char *path, unsigned id)
{
	char text[64];
	struct wbuf w = wbuf_of(text, sizeof text);

	wbuf_dec(&w, id);
	WBUF_LIT(&w, " ");
	wbuf_dec(&w, id);
	WBUF_LIT(&w, " 1\n");
	return sandbox_root_write(path, wbuf_view(&w));
}

static enum err sandbox_root_unshare(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return E_SYS;
	TRY(sandbox_root_write("/proc/self/setgroups", VIEW("deny")));
	TRY(sandbox_root_map("/proc/self/uid_map", uid));
	return sandbox_root_map("/proc/self/gid_map", gid);
}

static enum err sandbox_root_pivot(void)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/proc", "tmpfs", flags, "size=4k,nr_inodes=1,mode=555") < 0 ||
	    chdir("/proc") < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0 ||
	    mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL) < 0)
		return E_SYS;
	return E_OK;
}

/* "." and ".." and nothing else: 24 bytes each as getdents64 writes them. */
static bool sandbox_root_is_empty(void)
{
	uint64_t entries[64];
	int fd = sandbox_raw_open("/", O_RDONLY | O_DIRECTORY);
	long n = fd < 0 ? -1 : syscall(SYS_getdents64, fd, entries, sizeof entries);

	if (fd >= 0)
		sandbox_raw_close(fd);
	return n == 48;
}

enum err sandbox_root_empty(struct sandbox_state *s)
{
	enum err e = E_OK;

	if (!(caps_have() & CAPS_SYS_ADMIN)) {
		e = sandbox_root_unshare();
		if (e == E_OK)
			sandbox_note(s, "userns");
	}
	if (e == E_OK)
		e = sandbox_root_pivot();
	if (e != E_OK || !sandbox_root_is_empty())
		return sandbox_miss(s, 5, "its root can't be emptied (user namespaces are off?)");
	sandbox_note(s, "empty root");
	return E_OK;
}
