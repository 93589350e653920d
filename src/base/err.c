/* Error names and the end of a broken invariant; linked by every process. */
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

const char *err_name(enum err e)
{
	static const char *const names[] = {
		[E_OK] = "ok",		[E_AGAIN] = "again",   [E_SHORT] = "short",
		[E_PROTO] = "protocol", [E_LIMIT] = "limit",   [E_NOMEM] = "no memory",
		[E_DENIED] = "denied",	[E_CLOSED] = "closed", [E_SYS] = "system",
	};
	size_t i = (size_t)e;

	return i < sizeof names / sizeof names[0] ? names[i] : "unknown";
}

void err_invariant(const char *cond, const char *file, int line)
{
	(void)fprintf(stderr, "invariant broken: %s (%s:%d)\n", cond, file, line);
	abort();
}
