/* Does it end the process? Tried in a child; for tests only. */
#ifndef TESTS_UNIT_SYS_DIES_H
#define TESTS_UNIT_SYS_DIES_H

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
		run(arg);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

#endif
