/* Lists of system calls for processes that branch off; linked by the spawner alone. */
#include "sys/sandbox_part.h"

#include "sys/log.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

/* libseccomp writes to descriptors alone; a pipe holds more than any list has. */
static enum err sandbox_filter_export(scmp_filter_ctx ctx, struct sandbox_filter *ret)
{
	int pair[2] = { -1, -1 };
	ssize_t n = -1;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return log_errno("pipe2");
	if (seccomp_export_bpf(ctx, pair[1]) == 0)
		n = read(pair[0], ret->code, sizeof ret->code);
	(void)close(pair[0]);
	(void)close(pair[1]);
	if (n <= 0 || n >= (ssize_t)sizeof ret->code)
		return E_SYS;
	ret->n = (uint16_t)((size_t)n / sizeof(struct sock_filter));
	return E_OK;
}

enum err sandbox_filter_make(const struct sandbox_spec *spec, struct sandbox_filter *ret)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	struct sandbox_spec branch = *spec;
	enum err e = E_SYS;

	branch.is_branch = true;
	if (ctx)
		e = sandbox_seccomp_fill(ctx, &branch);
	if (e == E_OK)
		e = sandbox_filter_export(ctx, ret);
	if (ctx)
		seccomp_release(ctx);
	if (e != E_OK)
		log_line(LOG_ERROR, "the list of system calls of %s can't be made", spec->role);
	return e;
}

enum err sandbox_filter_enter(const struct sandbox_filter *f)
{
	struct sock_fprog program = { .len = f->n,
				      .filter = (struct sock_filter *)(void *)(uintptr_t)f->code };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? E_OK : E_SYS;
}
