/*
 * The intruder without a sandbox: as the first process of a twin it starts itself again and again,
 * as a keeper would, and tries every act. What works here can work: that is what makes a refusal
 * elsewhere mean something. Never installed.
 */
#include "drill/intruder.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process that is started anew by one of the acts has no name: it has become a program. */
int main(int argc, char **argv)
{
	struct intruder x = { 0 };
	int status = 0;

	if (argc < 1 || !argv[0][0] || board_open(BOARD_FD, &x.board) != E_OK)
		return 0;
	while (!atomic_load(&x.board->is_done)) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		/* What it mounts is gone with it */
		if (pid == 0 && unshare(CLONE_NEWNS) == 0 && intruder_open(&x))
			intruder_run(&x);
		if (pid == 0 || waitpid(pid, &status, 0) != pid)
			return 1;
		board_end(x.board, WIFSIGNALED(status) ? WTERMSIG(status) : 0,
			  WIFEXITED(status) ? WEXITSTATUS(status) : 0);
	}
	return 0;
}
