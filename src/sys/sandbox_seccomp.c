/*
 * The allow-list of system calls (promise P5): what is not in it ends the process, with the
 * signal that the keeper raises an alarm for.
 *
 * libseccomp writes the filter as a binary tree; the kernel's own table of calls that are always
 * allowed then skips it for calls without an argument rule, so hot calls should have none.
 */
#include "sys/sandbox_part.h"

#include "base/harden.h"
#include "sys/log.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

const struct sandbox_call sandbox_base_calls[] = {
	{ .name = "exit_group", .reason = "ends the process" },
	{ .name = "exit", .reason = "ends the process" },
	{ .name = "rt_sigreturn", .reason = "returns from a signal handler" },
	{ .name = "restart_syscall",
	  .reason = "goes on after it was stopped by a debugger or job control" },
	{ .name = "clock_gettime", .reason = "the time, on machines whose vDSO can't read it" },
	{ .name = "gettid", .reason = "abort(): whom to end" },
	{ .name = "getpid", .reason = "abort(): whom to end" },
	{ .name = "rt_sigprocmask", .reason = "abort(): lets its signal through" },
	SANDBOX_CALL_IF("rt_sigaction", 0, SIGABRT, "abort(): takes its own handler away"),
	SANDBOX_CALL_IF("write", 0, STDERR_FILENO, "messages for the person who started it"),
	SANDBOX_CALL_IF("writev", 0, STDERR_FILENO, "libc's last words (stack protector, fortify)"),
	SANDBOX_CALL_IF("prctl", 0, PR_GET_SECCOMP, "the check that this list is in force"),
};
const size_t sandbox_base_call_n = sizeof sandbox_base_calls / sizeof *sandbox_base_calls;

/* The tree has no order of its own; where libseccomp falls back to a list, the first come first. */
static uint8_t sandbox_seccomp_priority(size_t i)
{
	return i < 255 ? (uint8_t)(255 - i) : 0;
}

static enum err sandbox_seccomp_add(scmp_filter_ctx ctx, const struct sandbox_call *c, size_t i)
{
	int nr = seccomp_syscall_resolve_name(c->name), n = 0;
	struct scmp_arg_cmp cmp[2] = {
		{ .arg = c->arg, .op = SCMP_CMP_EQ, .datum_a = c->value },
		{ .arg = c->also_arg, .op = SCMP_CMP_EQ, .datum_a = c->also_value },
	};

	if (nr == __NR_SCMP_ERROR) {
		log_line(LOG_ERROR, "no such system call: %s", c->name);
		return E_SYS;
	}
	if (c->mask) {
		cmp[0].op = SCMP_CMP_MASKED_EQ;
		cmp[0].datum_a = c->mask;
		cmp[0].datum_b = c->value;
	}
	n = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, (unsigned)c->has_arg + c->has_also,
				   cmp);
	if (n != 0 && n != -EEXIST) {
		errno = -n;
		return log_errno(c->name);
	}
	n = seccomp_syscall_priority(ctx, nr, sandbox_seccomp_priority(i));
	return n == 0 ? E_OK : E_SYS;
}

static enum err sandbox_seccomp_add_all(scmp_filter_ctx ctx, const struct sandbox_call *calls,
					size_t n)
{
	for (size_t i = 0; i < n; i++)
		TRY(sandbox_seccomp_add(ctx, &calls[i], i));
	return E_OK;
}

/* tgkill(itself, ..., SIGABRT): two arguments, so no row of a table. */
static enum err sandbox_seccomp_add_abort(scmp_filter_ctx ctx, pid_t pid)
{
	struct scmp_arg_cmp self[2] = {
		{ .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (uint64_t)pid },
		{ .arg = 2, .op = SCMP_CMP_EQ, .datum_a = SIGABRT },
	};

	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 2, self) == 0 ? E_OK
											   : E_SYS;
}

enum err sandbox_seccomp_fill(void *ctx, const struct sandbox_spec *spec)
{
	if (seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
	    seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0)
		return E_SYS;
	TRY(sandbox_seccomp_add_all(ctx, spec->calls, spec->call_n));
	TRY(sandbox_seccomp_add_all(ctx, sandbox_base_calls, sandbox_base_call_n));
	TRY(sandbox_seccomp_add_all(ctx, sandbox_extra_calls, sandbox_extra_call_n));
	/* Children of a role that has some are number 1 of their namespaces, and under this list
	 * too
	 */
	if (spec->keeps_pids)
		TRY(sandbox_seccomp_add_abort(ctx, getpid()));
	return sandbox_seccomp_add_abort(ctx, spec->keeps_pids || spec->is_branch ? 1 : getpid());
}

enum err sandbox_seccomp_enter(struct sandbox_state *s)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	enum err e = ctx ? sandbox_seccomp_fill(ctx, s->spec) : E_SYS;
	int n = 0;

	if (!harden_has(HARDEN_SECCOMP))
		return e;
	n = e == E_OK ? seccomp_load(ctx) : 0;
	if (e != E_OK) {
		log_line(LOG_ERROR, "the list of system calls can't be made");
		return e;
	}
	/* The memory of ctx stays: giving it back may ask for a call that is not in the list */
	if (n != 0)
		return sandbox_miss(s, 5, "seccomp filters are missing in this kernel");
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 2) {
		log_line(LOG_ERROR, "seccomp was accepted but is not in force");
		return E_SYS;
	}
	sandbox_note_number(s, "seccomp",
			    s->spec->call_n + sandbox_base_call_n + sandbox_extra_call_n + 1);
	return E_OK;
}
