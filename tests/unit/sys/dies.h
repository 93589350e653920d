/* Does it end the process? Tried in a child; for tests only. */
#ifndef TESTS_UNIT_SYS_DIES_H
#define TESTS_UNIT_SYS_DIES_H

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* dies_of - the signal that run(arg) ends a child with; 0: it came back */
static inline int dies_of(void (*run)(void *arg), void *arg)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		(void)!freopen("/dev/null", "w", stderr);
		(void)signal(SIGSEGV,
			     SIG_DFL); /* a sanitizer's own handler would make it an exit */
		(void)signal(SIGBUS, SIG_DFL);
		(void)signal(SIGABRT, SIG_DFL);
		(void)signal(SIGILL, SIG_DFL);
		run(arg);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static sigjmp_buf dies_back;

static inline void dies_go_back(int signal)
{
	siglongjmp(dies_back, signal);
}

/* dies_at - writing there is a fault; in this process, for memory that a child does not have */
static inline int dies_at(volatile unsigned char *p)
{
	struct sigaction act = { .sa_handler = dies_go_back }, was = { .sa_handler = SIG_DFL };
	int signal = 0;

	(void)sigaction(SIGSEGV, &act, &was);
	signal = sigsetjmp(dies_back, 1);
	if (!signal)
		*p = 1;
	(void)sigaction(SIGSEGV, &was, NULL);
	return signal;
}

#endif
