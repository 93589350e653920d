/* ANSI escapes and termios; no library. Signals come by a descriptor, so that none of them leaves
 * the terminal as it was set. */
#include "tool/top_screen.h"

#include "sys/fd.h"

#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { TOP_CTRL_C = 3, TOP_ESCAPE = 27 };

enum err top_screen_open(struct top_terminal *t)
{
	static const int mine[] = { SIGWINCH, SIGTERM, SIGINT, SIGHUP };
	struct termios raw = { 0 };
	sigset_t set;

	t->signals = -1;
	if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &t->before) < 0) {
		(void)fputs("sluis: this is no terminal: --once prints one page\n", stderr);
		return E_SYS;
	}
	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof mine / sizeof *mine; i++)
		(void)sigaddset(&set, mine[i]);
	if (sigprocmask(SIG_BLOCK, &set, &t->mask_before) == 0)
		t->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	raw = t->before;
	raw.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	if (t->signals < 0 || tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) < 0) {
		perror("sluis: the terminal can't be set");
		return E_SYS;
	}
	/* another screen, no cursor */
	return fd_write_all(STDOUT_FILENO, VIEW("\x1b[?1049h\x1b[?25l\x1b[2J"));
}

void top_screen_close(struct top_terminal *t)
{
	if (t->signals < 0)
		return;
	if (fd_write_all(STDOUT_FILENO, VIEW("\x1b[?25h\x1b[?1049l")) != E_OK)
		(void)fputs("\n", stderr);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &t->before);
	t->signals = fd_close(t->signals);
	(void)sigprocmask(SIG_SETMASK, &t->mask_before, NULL);
}

void top_screen_size(unsigned *ret_lines, unsigned *ret_columns)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row < 4 || size.ws_col < 20)
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	*ret_lines = size.ws_row;
	*ret_columns = size.ws_col;
}

/* Arrows are three bytes: escape, '[' or 'O', a letter. */
static int top_screen_arrow(const unsigned char *key)
{
	if (key[0] != TOP_ESCAPE || (key[1] != '[' && key[1] != 'O'))
		return TOP_KEY_OTHER;
	if (key[2] == 'A')
		return TOP_KEY_UP;
	return key[2] == 'B' ? TOP_KEY_DOWN : TOP_KEY_OTHER;
}

static int top_screen_read(void)
{
	unsigned char key[8] = { 0 };
	ssize_t n = read(STDIN_FILENO, key, sizeof key);

	if (n <= 0 || key[0] == TOP_CTRL_C)
		return TOP_KEY_END;
	if (key[0] == TOP_ESCAPE)
		return top_screen_arrow(key);
	return key[0] >= ' ' || key[0] == '\t' ? key[0] : TOP_KEY_OTHER;
}

int top_screen_key(const struct top_terminal *t, int ms)
{
	struct pollfd p[2] = { { .fd = STDIN_FILENO, .events = POLLIN },
			       { .fd = t->signals, .events = POLLIN } };
	struct signalfd_siginfo info = { 0 };

	if (poll(p, 2, ms) <= 0)
		return TOP_KEY_NONE;
	if (p[1].revents && read(t->signals, &info, sizeof info) == (ssize_t)sizeof info)
		return info.ssi_signo == SIGWINCH ? TOP_KEY_RESIZED : TOP_KEY_END;
	return p[0].revents ? top_screen_read() : TOP_KEY_NONE;
}
