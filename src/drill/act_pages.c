/*
 * Shared pages: what one process writes and others read (promises P7, P8). Each page that this
 * process may only read is tried by each way that there is to it.
 */
#include "drill/peer.h"
#include "ipc/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGES_PAGE = 4096, PAGES_FDS = 64, PAGES_FIRST = 4, PAGES_IMAGE = 255 };

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static bool pages_is(const struct intruder_map *m, uint8_t kind)
{
	const struct image_header *h = m->p;

	if (kind != PAGES_IMAGE)
		return m->kind == kind;
	return !m->kind && !m->is_writable && m->bytes >= sizeof *h && h->magic == IMAGE_MAGIC;
}

/* A page that others write, made writable here. */
static struct act_got pages_open(struct intruder *x, uint8_t kind)
{
	unsigned n = 0;
	int error = 0;

	for (size_t i = 0; i < x->map_n; i++) {
		const struct intruder_map *m = &x->map[i];

		if (m->is_writable || !pages_is(m, kind))
			continue;
		if (syscall(SYS_mprotect, m->p, (size_t)PAGES_PAGE, PROT_READ | PROT_WRITE) == 0)
			return act_worked("a page that others write");
		error = errno;
		n++;
	}
	return n ? act_refused(error, NULL) : act_unable("it does not read that page");
}

#define PAGES_OPEN(fn, kind)                                                                       \
	static struct act_got fn(struct intruder *x)                                               \
	{                                                                                          \
		return pages_open(x, kind);                                                        \
	}

PAGES_OPEN(pages_gate, PAGE_GATE)
PAGES_OPEN(pages_health, PAGE_HEALTH)
PAGES_OPEN(pages_load, PAGE_LOAD)
PAGES_OPEN(pages_keeper, PAGE_KEEPER)
PAGES_OPEN(pages_audit, PAGE_AUDIT)
PAGES_OPEN(pages_cells, PAGE_CELLS)
PAGES_OPEN(pages_image, PAGES_IMAGE)

/* ---- the same memory by other ways ---- */

static const struct intruder_map *pages_foreign(const struct intruder *x)
{
	for (size_t i = 0; i < x->map_n; i++)
		if (!x->map[i].is_writable && (x->map[i].kind || pages_is(&x->map[i], PAGES_IMAGE)))
			return &x->map[i];
	return NULL;
}

static struct act_got pages_store(struct intruder *x)
{
	const struct intruder_map *m = pages_foreign(x);
	volatile uint8_t *p = m ? m->p : NULL;

	if (!p)
		return act_unable("it reads no page of others");
	*p = *p;
	return act_worked("a page that others write");
}

static struct act_got pages_advise(struct intruder *x, long advice)
{
	const struct intruder_map *m = pages_foreign(x);

	if (!m)
		return act_unable("it reads no page of others");
	return act_from(syscall(SYS_madvise, m->p, (size_t)PAGES_PAGE, advice));
}

static struct act_got pages_remove(struct intruder *x)
{
	return pages_advise(x, MADV_REMOVE);
}

static struct act_got pages_populate(struct intruder *x)
{
	return pages_advise(x, MADV_POPULATE_WRITE);
}

static struct act_got pages_poison(struct intruder *x)
{
	return pages_advise(x, MADV_HWPOISON);
}

static struct act_got pages_unprotect_key(struct intruder *x)
{
	const struct intruder_map *m = pages_foreign(x);

	if (!m)
		return act_unable("it reads no page of others");
	return act_from(
		syscall(SYS_pkey_mprotect, m->p, (size_t)PAGES_PAGE, PROT_READ | PROT_WRITE, -1L));
}

static struct act_got pages_move(struct intruder *x)
{
	const struct intruder_map *m = pages_foreign(x);
	long p = -1;

	if (!m)
		return act_unable("it reads no page of others");
	p = syscall(SYS_mremap, m->p, 0UL, m->bytes, MREMAP_MAYMOVE, 0UL);
	if (p == -1)
		return act_from(-1);
	return act_from(syscall(SYS_mprotect, p, (size_t)PAGES_PAGE, PROT_READ | PROT_WRITE));
}

static struct act_got pages_own_memory(struct intruder *x)
{
	const struct intruder_map *m = pages_foreign(x);
	long fd = -1;

	if (!m)
		return act_unable("it reads no page of others");
	fd = syscall(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR);
	if (fd < 0)
		return act_from(fd);
	return act_from(syscall(SYS_pwrite64, fd, m->p, 8UL, (long)(uintptr_t)m->p));
}

static struct act_got pages_map_file(struct intruder *x)
{
	const struct intruder_map *m = pages_foreign(x);
	uintptr_t at = m ? (uintptr_t)m->p : 0;
	char path[64];

	if (!m)
		return act_unable("it reads no page of others");
	(void)snprintf(path, sizeof path, "/proc/self/map_files/%lx-%lx", (unsigned long)at,
		       (unsigned long)(at + m->bytes));
	return act_from(syscall(SYS_openat, AT_FDCWD, path, O_RDWR));
}

/* ---- descriptors that it was given ---- */

/* Each of them but the first four; one that gives way is enough. */
static struct act_got pages_each(long (*try)(int fd))
{
	int error = EBADF;

	for (int fd = PAGES_FIRST; fd < PAGES_FDS; fd++) {
		if (try(fd) >= 0)
			return act_worked("a descriptor that it was given");
		if (errno != EBADF)
			error = errno;
	}
	return act_refused(error, "every descriptor it has");
}

static long pages_try_shrink(int fd)
{
	return syscall(SYS_ftruncate, fd, 0L);
}

static long pages_try_grow(int fd)
{
	return syscall(SYS_ftruncate, fd, 1L << 24);
}

static long pages_try_punch(int fd)
{
	return syscall(SYS_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0L,
		       (long)PAGES_PAGE);
}

static long pages_try_seal(int fd)
{
	return syscall(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE);
}

static long pages_try_write(int fd)
{
	return syscall(SYS_pwrite64, fd, "intruder", 8UL, 0L);
}

static long pages_try_vector(int fd)
{
	struct {
		const void *p;
		size_t n;
	} v = { "intruder", 8 };

	return syscall(SYS_pwritev, fd, &v, 1UL, 0L, 0L);
}

static long pages_try_reopen(int fd)
{
	char path[32];

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return syscall(SYS_openat, AT_FDCWD, path, O_RDWR);
}

#define PAGES_EACH(fn, how)                                                                        \
	static struct act_got fn(struct intruder *x)                                               \
	{                                                                                          \
		(void)x;                                                                           \
		return pages_each(how);                                                            \
	}

PAGES_EACH(pages_shrink, pages_try_shrink)
PAGES_EACH(pages_grow, pages_try_grow)
PAGES_EACH(pages_punch, pages_try_punch)
PAGES_EACH(pages_seal, pages_try_seal)
PAGES_EACH(pages_write, pages_try_write)
PAGES_EACH(pages_vector, pages_try_vector)
PAGES_EACH(pages_reopen, pages_try_reopen)

/* ---- its own ---- */

static struct act_got pages_own(struct intruder *x)
{
	for (size_t i = 0; i < x->map_n; i++) {
		volatile uint8_t *p = x->map[i].p;

		if (!x->map[i].kind || !x->map[i].is_writable)
			continue;
		*p = *p;
		return act_worked("the page that is its own");
	}
	return act_unable("it writes no page");
}

#define PAGES_ROW(what, text, how)                                                                 \
	{                                                                                          \
		.name = (what), .tries = (text), .cites = "P7 A20", .run = (how),                  \
		.flags = ACT_LAST, .unfit = "it has no pages of others"                            \
	}

static const struct act pages_acts[] = {
	PAGES_ROW("page-gate", "write who may in, and what is closed", pages_gate),
	PAGES_ROW("page-health", "write which servers are up", pages_health),
	PAGES_ROW("page-load", "write what others have counted", pages_load),
	PAGES_ROW("page-keeper", "write how processes are doing", pages_keeper),
	PAGES_ROW("page-audit", "write how the log is doing", pages_audit),
	PAGES_ROW("page-cells", "write which cells there are", pages_cells),
	PAGES_ROW("page-image", "write the configuration", pages_image),
	PAGES_ROW("page-store", "write to a page that it may only read", pages_store),
	PAGES_ROW("page-remove", "punch a hole into a page of others", pages_remove),
	PAGES_ROW("page-populate", "have the kernel write to a page of others", pages_populate),
	PAGES_ROW("page-poison", "break the memory under a page of others", pages_poison),
	PAGES_ROW("page-key", "make a page of others writable by pkey_mprotect",
		  pages_unprotect_key),
	PAGES_ROW("page-move", "map a page of others a second time, writable", pages_move),
	PAGES_ROW("page-own-memory", "write through /proc/self/mem", pages_own_memory),
	PAGES_ROW("page-map-file", "open a page of others anew", pages_map_file),
	PAGES_ROW("page-shrink", "cut what it was given off", pages_shrink),
	PAGES_ROW("page-grow", "make what it was given longer", pages_grow),
	PAGES_ROW("page-punch", "punch holes into what it was given", pages_punch),
	PAGES_ROW("page-seal", "seal what it was given, so that nobody writes it", pages_seal),
	PAGES_ROW("page-write", "write to what it was given", pages_write),
	PAGES_ROW("page-write-vector", "write to it by pwritev", pages_vector),
	PAGES_ROW("page-reopen", "open what it was given anew, to write", pages_reopen),
	PAGES_ROW("page-own", "lie on the page that is its own", pages_own),
};

const struct act_table act_pages = { pages_acts, sizeof pages_acts / sizeof *pages_acts,
				     ACT_PAGES };
