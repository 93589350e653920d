/* The terminal of `sluis top`: raw keys, its size, and everything as it was when that is over. */
#ifndef TOOL_TOP_SCREEN_H
#define TOOL_TOP_SCREEN_H

#include "base/err.h"

#include <signal.h>
#include <stdbool.h>
#include <termios.h>

enum top_key {
	TOP_KEY_NONE = 256, /* the time is over; numbers below are characters */
	TOP_KEY_RESIZED,
	TOP_KEY_END, /* a signal, or nobody types any more */
	TOP_KEY_UP,
	TOP_KEY_DOWN,
	TOP_KEY_OTHER /* none that is known */
};

struct top_terminal {
	struct termios before;
	sigset_t mask_before;
	int signals; /* signalfd; -1: none */
};

/* top_screen_open - E_SYS: standard input or output is no terminal, or it can't be set (told) */
enum err top_screen_open(struct top_terminal *t);
void top_screen_close(struct top_terminal *t);

/* top_screen_size - in characters; 24 lines of 80 when the terminal does not know */
void top_screen_size(unsigned *ret_lines, unsigned *ret_columns);

/* top_screen_key - waits at most ms for a key: enum top_key, or a character */
int top_screen_key(const struct top_terminal *t, int ms);

#endif
