/* Numbers alone: nothing of a log passes here. */
#include "tool/audit_progress.h"

#include "sys/clock.h"

#include <stdio.h>
#include <unistd.h>

void audit_progress_begin(struct audit_progress *p)
{
	*p = (struct audit_progress){ .is_wanted = isatty(STDERR_FILENO),
				      .began_ns = clock_mono_ns() };
}

void audit_progress_show(struct audit_progress *p, uint64_t done, uint64_t total)
{
	if (!p->is_wanted || total == 0)
		return;
	(void)fprintf(stderr, "\r%3u %% of %llu MB", (unsigned)(done / (total / 100 + 1)),
		      (unsigned long long)(total >> 20));
	p->is_shown = true;
}

void audit_progress_clear(struct audit_progress *p)
{
	if (p->is_shown)
		(void)fputs("\r\033[K", stderr);
	p->is_shown = false;
}

uint64_t audit_progress_ms(const struct audit_progress *p)
{
	return (clock_mono_ns() - p->began_ns) / 1000000;
}
