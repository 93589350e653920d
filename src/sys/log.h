/*
 * One line on standard error: for the person or service manager that started Sluis. What must be
 * kept goes through the audit ring instead. Untrusted bytes are escaped.
 */
#ifndef SYS_LOG_H
#define SYS_LOG_H

#include "base/wbuf.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO };

/* log_open - the word in front of each line of this process ("edge[0]"); kept by the log (at most
 * 31 bytes) */
void log_open(const char *role, unsigned index);

/* log_line - level and a printf-formatted text, at most 1000 bytes; control bytes become \xNN */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* log_errno - "what: strerror(errno)" as an error line; returns E_SYS: return log_errno("bind"); */
enum err log_errno(const char *what);

#endif
