/*
 * Guarded memory for keys: in the signer, the keeper, the authority and the verifier.
 *
 * Where the kernel has memfd_secret(2) (Linux 5.14; switched on since 6.5) its pages are taken out
 * of the kernel's own map of memory: ptrace, /proc/PID/mem, process_vm_readv, io_uring and a read
 * past some kernel buffer find nothing there, root's included. What is left is to run code in the
 * process itself, and the kernel.
 */
#include "sys/secret.h"

#include "base/harden.h"
#include "sys/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	SECRET_PAGE = 4096,
	SECRET_MEMFD_SECRET = 447 /* glibc has no name for it */
};

static size_t secret_pages(size_t n)
{
	return (n + SECRET_PAGE - 1) / SECRET_PAGE * SECRET_PAGE;
}

/* Over what is reserved at p; a child of this process has no such memory at all. */
static bool secret_hide(uint8_t *p, size_t n)
{
	int fd = harden_has(HARDEN_SECRET) ? (int)syscall(SECRET_MEMFD_SECRET, O_CLOEXEC) : -1;
	bool is_done = fd >= 0 && ftruncate(fd, (off_t)n) == 0 &&
		       mmap(p, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == p &&
		       madvise(p, n, MADV_DONTFORK) == 0 && madvise(p, n, MADV_DONTDUMP) == 0;

	if (fd >= 0)
		(void)close(fd);
	return is_done;
}

static bool secret_lock(uint8_t *p, size_t n)
{
	return mmap(p, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		       p &&
	       mlock(p, n) == 0 && madvise(p, n, MADV_DONTDUMP) == 0 &&
	       madvise(p, n, MADV_WIPEONFORK) == 0;
}

enum err secret_map(size_t n, bool wants_lock, void **ret, bool *ret_hidden)
{
	size_t inner = secret_pages(n);
	uint8_t *p =
		mmap(NULL, inner + 2 * SECRET_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	enum err e = E_DENIED;
	bool is_hidden = false;

	if (p == MAP_FAILED)
		return log_errno("mmap of a secret");
	p += SECRET_PAGE;
	is_hidden = secret_hide(p, inner);
	if (is_hidden || (wants_lock && secret_lock(p, inner))) {
		*ret = p;
		*ret_hidden = is_hidden;
		return E_OK;
	}
	if (wants_lock)
		e = log_errno("locking a secret in memory");
	(void)munmap(p - SECRET_PAGE, inner + 2 * SECRET_PAGE);
	return e;
}

enum err secret_new(size_t n, struct secret *ret)
{
	void *p = NULL;
	bool is_hidden = false;

	TRY(secret_map(n, true, &p, &is_hidden));
	*ret = (struct secret){ .p = p, .n = n };
	return E_OK;
}

void *secret_home(size_t n)
{
	void *p = NULL;
	bool is_hidden = false;

	if (secret_map(n, false, &p, &is_hidden) == E_OK)
		return p;
	p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p != MAP_FAILED && madvise(p, n, MADV_DONTDUMP) == 0)
		return p;
	(void)log_errno("memory for a role");
	return NULL;
}

void secret_done(struct secret *s)
{
	if (s->p) {
		secret_wipe(s->p, s->n);
		(void)munmap(s->p - SECRET_PAGE, secret_pages(s->n) + 2 * SECRET_PAGE);
	}
	*s = (struct secret){ 0 };
}

void secret_wipe(void *p, size_t n)
{
	explicit_bzero(p, n);
}

void secret_random(void *p, size_t n)
{
	uint8_t *at = p;

	while (n) {
		ssize_t got = getrandom(at, n, 0);

		if (got <= 0) {
			(void)log_errno("getrandom");
			abort();
		}
		at += got;
		n -= (size_t)got;
	}
}
