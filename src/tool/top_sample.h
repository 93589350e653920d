/*
 * Numbers of one moment, and what became of them until the next: rates and percentiles. Pure.
 *
 * Counters come from processes that may have been taken over: one that falls, or leaps, gives a
 * rate of nothing or of the most there is, and never more than that.
 */
#ifndef TOOL_TOP_SAMPLE_H
#define TOOL_TOP_SAMPLE_H

#include "base/histogram.h"
#include "tool/snapshot.h"

enum top_view { TOP_LISTENERS, TOP_ROUTES, TOP_POOLS, TOP_SERVERS, TOP_ROLES, TOP_VIEWS };

enum { TOP_NAME = 120, TOP_STATE = 16, TOP_RATE_MAX = 1000000000 };

/* What is counted for one listener, rule, pool, server or role. */
struct top_row {
	char name[TOP_NAME]; /* printable ASCII, NUL-terminated */
	char state[TOP_STATE];
	uint64_t id; /* slot and generation, or pid: another one is another thing */
	uint64_t requests, failed, bytes_in, bytes_out;
	uint64_t active, queue;	   /* gauges: connections or requests under way; waiting */
	uint64_t cpu_us, resident; /* roles */
	uint64_t counts[HISTOGRAM_BUCKETS];
};

struct top_sample {
	struct top_row *rows; /* gives to top_sample_free */
	size_t n;
	uint64_t at_ns; /* monotonic */
};

/* A row as it is shown. */
struct top_line {
	const char *name, *state;
	uint64_t requests_s, failed_s, bytes_in_s, bytes_out_s; /* per second; at most TOP_RATE_MAX,
								   bytes a thousand times that */
	uint64_t p50_us, p90_us, p99_us;
	uint64_t active, queue, cpu_permille, resident;
};

/* top_sample_take - the rows of one view; E_NOMEM */
enum err top_sample_take(const struct snapshot *s, enum top_view view, uint64_t at_ns,
			 struct top_sample *ret);
void top_sample_free(struct top_sample *t);

/* top_sample_line - row i of now, against the same thing in before (none: since it began) */
struct top_line top_sample_line(const struct top_sample *now, const struct top_sample *before,
				size_t i);

/* top_sample_name - text without anything that could move a cursor (THREATS A27) */
void top_sample_name(char *ret, size_t cap, struct view text);

/* top_view_name - "listeners", "routes", ... */
const char *top_view_name(enum top_view v);

#endif
