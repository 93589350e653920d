/* Guarded memory for keys; used by the signer and by the keeper for ticket keys. */
#include "sys/secret.h"

#include "sys/log.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>

enum { SECRET_PAGE = 4096 };

static size_t secret_pages(size_t n)
{
	return (n + SECRET_PAGE - 1) / SECRET_PAGE * SECRET_PAGE;
}

enum err secret_new(size_t n, struct secret *ret)
{
	size_t inner = secret_pages(n);
	uint8_t *p =
		mmap(NULL, inner + 2 * SECRET_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return log_errno("mmap of a secret");
	p += SECRET_PAGE;
	if (mprotect(p, inner, PROT_READ | PROT_WRITE) < 0 || mlock(p, inner) < 0 ||
	    madvise(p, inner, MADV_DONTDUMP) < 0 || madvise(p, inner, MADV_WIPEONFORK) < 0) {
		enum err e = log_errno("locking a secret in memory");

		(void)munmap(p - SECRET_PAGE, inner + 2 * SECRET_PAGE);
		return e;
	}
	*ret = (struct secret){ .p = p, .n = n };
	return E_OK;
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
