/* How far a long reading of the log has come: on standard error, when that is a terminal. */
#ifndef TOOL_AUDIT_PROGRESS_H
#define TOOL_AUDIT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct audit_progress {
	bool is_wanted;
	bool is_shown;
	uint64_t began_ns;
};

/* audit_progress_begin - wanted when standard error is a terminal; the clock begins */
void audit_progress_begin(struct audit_progress *p);

/* audit_progress_show - bytes; clear: before anything else is printed */
void audit_progress_show(struct audit_progress *p, uint64_t done, uint64_t total);
void audit_progress_clear(struct audit_progress *p);

/* audit_progress_ms - since the beginning */
uint64_t audit_progress_ms(const struct audit_progress *p);

#endif
