/*
 * Who reached what: requests added up by host, route, user and source, in memory of a fixed size.
 * What no longer fits is added up in one row for all the others, so that the sums stay true.
 *
 * Texts come from a log of unknown origin; they are kept as they stand there, escaped.
 */
#ifndef TOOL_REACHED_TABLE_H
#define TOOL_REACHED_TABLE_H

#include "tool/log_scan.h"

enum { REACHED_ROWS = 1 << 16, REACHED_TEXT = 1 << 26 };

enum reached_by { REACHED_HOST, REACHED_ROUTE, REACHED_USER, REACHED_SOURCE, REACHED_BY };

/* GET .. OPTIONS and what else there is; the first REACHED_SAFE change nothing (RFC 9110 §9.2.1) */
enum { REACHED_METHODS = 10, REACHED_SAFE = 4 };

struct reached_sum {
	uint64_t method[REACHED_METHODS];
	uint64_t ok, refused, failed; /* below 400 · 401 and 403 · anything else */
	uint64_t bytes_in, bytes_out;
	int64_t first_us, last_us;
};

struct reached_row {
	struct view by[REACHED_BY];
	struct reached_sum sum;
};

struct reached_table {
	struct reached_row *row; /* REACHED_ROWS; at rows: all the others */
	uint32_t *index;	 /* by hash; the row's number plus one */
	uint8_t *text;
	size_t rows, text_n;
	uint64_t key[2];
	size_t rows_max, text_max; /* REACHED_ROWS, REACHED_TEXT; tests: less */
	struct reached_sum other, all;
};

/* reached_table_init - E_NOMEM · E_SYS the kernel has no random key (logged). done: also after that
 */
enum err reached_table_init(struct reached_table *t);
void reached_table_done(struct reached_table *t);

/* reached_table_add - an access record; borrows it */
void reached_table_add(struct reached_table *t, const struct log_line *l);

/* reached_table_sort - by host, route, user and source; nothing may be added any more */
void reached_table_sort(struct reached_table *t);

uint64_t reached_sum_requests(const struct reached_sum *s);

/* reached_sum_writes - those that may have changed something */
uint64_t reached_sum_writes(const struct reached_sum *s);

/* reached_method_name - of method[i]; the last one is "other" */
struct view reached_method_name(size_t i);

#endif
