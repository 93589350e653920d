/*
 * PTRACE_SEIZE sends no signal; what was stopped before stays stopped; and when this command dies
 * the kernel lets the process go.
 */
#include "tool/blast_filter.h"

#include "sys/clock.h"
#include "tool/proc_file.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

/* PTRACE_EVENT_STOP of linux/ptrace.h, which sys/ptrace.h does not go with: stopped by us, not by a
 * signal */
enum { FILTER_STOPPED = 128 };

static long filter_ptrace(int request, int pid, size_t at, void *to)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): a number, where ptrace(2) has an address */
	return ptrace((enum __ptrace_request)request, pid, (void *)at, to);
}

/* ret_signal: one that was on its way and that the process gets when it is let go; else 0 */
static enum err filter_wait(int pid, size_t *ret_signal)
{
	const struct timespec a_moment = { .tv_nsec = 200000 };
	uint64_t until_ms = clock_mono_ms() + BLAST_FILTER_WAIT_MS;
	int status = 0;

	for (;;) {
		int got = waitpid(pid, &status, WNOHANG | __WALL);

		if (got == pid && !WIFSTOPPED(status))
			return E_CLOSED;
		if (got == pid) {
			*ret_signal = status >> 16 == FILTER_STOPPED ? 0 : (size_t)WSTOPSIG(status);
			return E_OK;
		}
		if (got < 0 && errno != EINTR)
			return E_CLOSED;
		if (clock_mono_ms() > until_ms)
			return E_AGAIN;
		(void)nanosleep(&a_moment, NULL);
	}
}

static enum err filter_copy(int pid, size_t i, struct blast_filter *f)
{
	long n = filter_ptrace(PTRACE_SECCOMP_GET_FILTER, pid, i, NULL), again = 0;
	struct sock_filter *code = NULL;

	/* ENOENT: there are no more; EINVAL: there is none */
	if (n < 0)
		return errno == ENOENT || errno == EINVAL ? E_SHORT : proc_file_error(errno);
	if (n == 0 || n > BPF_MAXINSNS)
		return E_PROTO;
	code = calloc((size_t)n, sizeof *code);
	if (!code)
		return E_NOMEM;
	f->code[i] = code;
	f->stack.filter[i] = (struct blast_bpf_filter){ code, (size_t)n };
	f->stack.n = i + 1;
	again = filter_ptrace(PTRACE_SECCOMP_GET_FILTER, pid, i, code);
	if (again != n)
		return again < 0 ? proc_file_error(errno) : E_PROTO;
	return blast_bpf_check(&f->stack.filter[i]);
}

static enum err filter_copy_all(int pid, struct blast_filter *f)
{
	enum err e = E_OK;

	for (size_t i = 0; i < BLAST_BPF_FILTERS && e == E_OK; i++)
		e = filter_copy(pid, i, f);
	if (e == E_SHORT)
		return E_OK;
	return e == E_OK ? E_LIMIT : e;
}

static void filter_release(int pid, size_t signal)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): a number, where ptrace(2) has an address */
	(void)filter_ptrace(PTRACE_DETACH, pid, 0, (void *)signal);
}

enum err blast_filter_read(int pid, struct blast_filter *ret)
{
	struct blast_filter f = { 0 };
	uint64_t from_ns = 0;
	size_t signal = 0;
	enum err e = E_OK;

	if (filter_ptrace(PTRACE_SEIZE, pid, 0, NULL) < 0)
		return proc_file_error(errno);
	from_ns = clock_mono_ns();
	if (filter_ptrace(PTRACE_INTERRUPT, pid, 0, NULL) < 0)
		e = proc_file_error(errno);
	if (e == E_OK)
		e = filter_wait(pid, &signal);
	if (e == E_OK)
		e = filter_copy_all(pid, &f);
	filter_release(pid, signal);
	f.stopped_us = (clock_mono_ns() - from_ns) / 1000;
	if (e != E_OK) {
		blast_filter_done(&f);
		return e;
	}
	*ret = f;
	return E_OK;
}

void blast_filter_done(struct blast_filter *f)
{
	for (size_t i = 0; i < f->stack.n; i++)
		free(f->code[i]);
	*f = (struct blast_filter){ 0 };
}
