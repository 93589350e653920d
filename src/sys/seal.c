/* prctl, mseal, and the own map of memory as the kernel writes it. */
#include "sys/seal.h"

#include "base/harden.h"
#include "base/proc_maps.h"
#include "base/wbuf.h"
#include "sys/fd.h"
#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	SEAL_TEXT = 1 << 20, /* of /proc/self/maps; a role has some 20 KB */
	SEAL_SET_MDWE = 65,  /* linux/prctl.h since 6.3 */
	SEAL_REFUSE_GAIN = 1,
	SEAL_MSEAL = 462 /* its system call, since 6.10 */
};

/* Of a file and not writable: code, constants, what relocation has written once. Shared ones are
 * pages and images, which a role has to let go of when there are new ones. */
static bool seal_wants(const struct proc_map *m)
{
	return m->inode && !(m->flags & (PROC_MAP_WRITE | PROC_MAP_SHARED));
}

/* A seal is believed when the kernel refuses to break it, be it by a change of nothing. E_AGAIN
 * there are no seals here */
static enum err seal_one(const struct proc_map *m)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): an address as the kernel writes it */
	void *p = (void *)(uintptr_t)m->from;
	size_t n = (size_t)(m->to - m->from);
	int protection = (m->flags & PROC_MAP_READ ? PROT_READ : 0) |
			 (m->flags & PROC_MAP_EXEC ? PROT_EXEC : 0);

	if (syscall(SEAL_MSEAL, p, n, 0UL) != 0)
		return E_AGAIN;
	if (mprotect(p, n, protection) < 0 && errno == EPERM)
		return E_OK;
	log_line(LOG_ERROR, "a mapping was sealed and can be changed");
	return E_SYS;
}

static enum err seal_all(struct view text, struct seal_report *ret)
{
	struct proc_map m = { 0 };
	enum err e = E_OK;

	while ((e = proc_maps_next(&text, &m)) == E_OK) {
		ret->has_hidden |= view_starts(m.path, VIEW("/secretmem"));
		if (!harden_has(HARDEN_SEAL) || !seal_wants(&m))
			continue;
		e = seal_one(&m);
		if (e == E_SYS)
			return e;
		ret->sealed += e == E_OK;
	}
	return e == E_AGAIN ? E_OK : e;
}

static enum err seal_read(struct seal_report *ret)
{
	void *p = mmap(NULL, SEAL_TEXT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct wbuf w = wbuf_of(p, SEAL_TEXT);
	int fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
	enum err e = p == MAP_FAILED || fd < 0 ? log_errno("/proc/self/maps") : E_OK;

	if (e == E_OK)
		e = fd_read_all(fd, &w);
	if (e == E_OK)
		e = seal_all(wbuf_view(&w), ret);
	if (fd >= 0)
		(void)syscall(SYS_close, fd);
	if (p != MAP_FAILED)
		(void)munmap(p, SEAL_TEXT);
	return e;
}

enum err seal_memory(struct seal_report *ret)
{
	struct seal_report r = { 0 };

	r.has_mdwe =
		harden_has(HARDEN_SEAL) && prctl(SEAL_SET_MDWE, SEAL_REFUSE_GAIN, 0, 0, 0) == 0;
	if (r.has_mdwe && mmap(NULL, 1, PROT_READ | PROT_WRITE | PROT_EXEC,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED) {
		log_line(LOG_ERROR, "writable code was forbidden and can be made");
		return E_SYS;
	}
	TRY(seal_read(&r));
	*ret = r;
	return E_OK;
}

bool seal_branches(void)
{
	return prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_FORCE_DISABLE, 0,
		     0) == 0;
}
