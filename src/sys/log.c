/* The log sink: the one piece of process-wide state (docs/invariants.md I-2). */
#include "sys/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static char log_role[40] = "sluis"; /* I-2 */

void log_open(const char *role, unsigned index)
{
	(void)snprintf(log_role, sizeof log_role, "%.24s[%u]", role, index);
}

/* No byte of a message may move a terminal's cursor or start a line of its own (THREATS A27). */
static void log_put_escaped(struct wbuf *w, struct view text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c >= 0x20 && c != 0x7f) {
			wbuf_put(w, &c, 1);
		} else {
			WBUF_LIT(w, "\\x");
			wbuf_hex(w, view_of(&c, 1));
		}
	}
}

void log_line(enum log_level level, const char *format, ...)
{
	static const char *const words[] = { "error", "warning", "info" };
	char text[1000], line[4200];
	struct wbuf w = wbuf_of(line, sizeof line - 1);
	int saved = errno, n = 0;
	va_list ap;

	va_start(ap, format);
	n = vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	if (n < 0)
		return;
	wbuf_str(&w, log_role);
	WBUF_LIT(&w, ": ");
	wbuf_str(&w, words[level]);
	WBUF_LIT(&w, ": ");
	log_put_escaped(&w, view_str(text));
	line[w.n++] = '\n';
	if (write(STDERR_FILENO, line, w.n) < 0) {
		/* nobody listens; there is nowhere else to say so */
	}
	errno = saved;
}

enum err log_errno(const char *what)
{
	char reason[128] = "";
	const char *text = strerror_r(errno, reason, sizeof reason);

	log_line(LOG_ERROR, "%s: %s", what, text);
	return E_SYS;
}
