/* Read byte by byte, so that nothing of a secret stays in a buffer of the C library. */
#include "tool/recover_secret.h"

#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static enum err recover_secret_line(int fd, uint8_t *at, size_t cap, size_t *ret_n)
{
	size_t n = 0;
	uint8_t c = 0;

	for (;;) {
		ssize_t got = read(fd, &c, 1);

		if (got != 1 || c == '\n')
			break;
		if (n == cap) {
			(void)fputs("sluis: that line is too long\n", stderr);
			return E_LIMIT;
		}
		at[n++] = c;
	}
	if (n && at[n - 1] == '\r')
		n--;
	*ret_n = n;
	if (n)
		return E_OK;
	(void)fputs("sluis: user, password and code are needed\n", stderr);
	return E_SYS;
}

static enum err recover_secret_three(int fd, int prompt, struct recover_secret *ret)
{
	static const char *const words[] = { "user: ", "password: ",
					     "code of the authenticator app: " };
	uint8_t *const at[] = { ret->user, ret->password, ret->code };
	size_t *const n[] = { &ret->user_n, &ret->password_n, &ret->code_n };

	for (unsigned i = 0; i < 3; i++) {
		if (prompt >= 0)
			TRY(fd_write_all(prompt, view_str(words[i])));
		TRY(recover_secret_line(fd, at[i], RECOVER_SECRET_LINE, n[i]));
		if (prompt >= 0 && i > 0)
			TRY(fd_write_all(prompt, VIEW("\n")));
	}
	return E_OK;
}

/* Nothing that is typed is shown, the user's name neither: the terminal is set once. */
static enum err recover_secret_ask(struct recover_secret *ret)
{
	AUTO_FD tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct termios before = { 0 }, quiet = { 0 };
	enum err e = E_SYS;

	if (tty < 0 || tcgetattr(tty, &before) < 0) {
		(void)fputs("sluis: there is no terminal to ask at: --stdin takes three lines\n",
			    stderr);
		return E_SYS;
	}
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(tty, TCSAFLUSH, &quiet) == 0)
		e = recover_secret_three(tty, tty, ret);
	(void)tcsetattr(tty, TCSAFLUSH, &before);
	return e;
}

enum err recover_secret_read(bool is_stdin, struct recover_secret *ret)
{
	return is_stdin ? recover_secret_three(STDIN_FILENO, -1, ret) : recover_secret_ask(ret);
}
