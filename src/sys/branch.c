/* clone without execve. Used by the spawner alone. */
#include "sys/branch.h"

#include "sys/caps.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BRANCH_STACK = 15 * 1024 };

/* clone, not clone3: a list of system calls can see its flags. */
pid_t branch_off(bool is_alone, int *ret_pidfd)
{
	uint64_t flags = is_alone ? BRANCH_ALONE : BRANCH_BESIDE;

	return (pid_t)syscall(SYS_clone, flags, NULL, ret_pidfd, NULL, NULL);
}

static enum err branch_take(const struct branch_keep *k)
{
	for (size_t i = 0; i < k->n; i++) {
		int to = k->first + (int)i;

		if (k->fds[i] < 0)
			(void)close(to);
		else if (dup3(k->fds[i], to, O_CLOEXEC) < 0)
			return E_SYS;
	}
	return close_range((unsigned)(k->first + (int)k->n), ~0u, 0) < 0 ? E_SYS : E_OK;
}

enum err branch_keep(const struct branch_keep *k, const char *name)
{
	struct rlimit files = { k->nofile, k->nofile };

	TRY(branch_take(k));
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		return E_SYS;
	(void)prctl(PR_SET_NAME, name, 0, 0, 0);
	return caps_empty();
}

enum err branch_reserve(int n)
{
	int fd = 0;

	while (fd < n) {
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			return log_errno("reserving descriptors");
	}
	(void)close(fd);
	return E_OK;
}

enum err branch_hide(void *p, size_t bytes)
{
	return madvise(p, bytes, MADV_DONTFORK) < 0 ? log_errno("MADV_DONTFORK") : E_OK;
}

__attribute__((noinline)) void branch_wipe_stack(void)
{
	uint8_t below[BRANCH_STACK];

	secret_wipe(below, sizeof below);
}
