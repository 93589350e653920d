/* Lines for people. Diagnostics of the configuration come through here as they were written. */
#include "role/keeper/say.h"

#include "role/keeper/control.h"
#include "sys/fd.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* THREATS A27: no byte of a message moves a terminal's cursor or starts a line of its own. */
static void say_put_escaped(struct wbuf *w, struct view text)
{
	for (size_t i = 0; i < text.n; i++) {
		struct view c = view_slice(text, i, 1);

		if (*c.p >= 0x20 && *c.p != 0x7f) {
			wbuf_view_put(w, c);
		} else {
			WBUF_LIT(w, "\\x");
			wbuf_hex(w, c);
		}
	}
}

void say_line(struct keeper *k, enum say_level level, struct view text)
{
	uint8_t line[4100];
	struct wbuf w = wbuf_of(line, sizeof line - 1);

	say_put_escaped(&w, view_slice(text, 0, 1000));
	control_tell_waiting(k, (uint8_t)level, wbuf_view(&w));
	w.cap++;
	WBUF_LIT(&w, "\n");
	if (fd_write_all(STDERR_FILENO, wbuf_view(&w)) != E_OK) {
		/* nobody listens; there is nowhere else to say so */
	}
}

void say_format(struct keeper *k, enum say_level level, const char *format, ...)
{
	char text[1000];
	va_list ap;
	int n = 0;

	va_start(ap, format);
	n = vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	if (n > 0)
		say_line(k, level, view_slice(view_str(text), 0, sizeof text));
}
