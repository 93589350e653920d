/*
 * The table of metrics: what each is called, what it counts, and where its number lies in a shared
 * page. Adding one is adding a row to metrics_rows.c; docs/metrics.md is printed from it.
 */
#ifndef ROLE_CONSOLE_METRICS_ROWS_H
#define ROLE_CONSOLE_METRICS_ROWS_H

#include "ipc/pages.h"

/* What a metric is counted for: one number, or one family of numbers, for each of them. */
enum metrics_scope {
	SCOPE_INSTANCE,
	SCOPE_ROLE, /* rows of the keeper's page */
	SCOPE_EDGE,
	SCOPE_LISTENER,
	SCOPE_RULE,
	SCOPE_POOL,
	SCOPE_SERVER,
	SCOPE_CERTIFICATE,
	SCOPES
};

/* Where the number comes from. */
enum metrics_from {
	FROM_LOAD,   /* the edges' pages: summed, or by edge; offset in the scope's entry */
	FROM_HEALTH, /* the dialer's entry for a server */
	FROM_KEEPER, /* the keeper's page, or its row of a role */
	FROM_AUDIT,
	FROM_EXPORTER,
	FROM_SHIPPER,
	FROM_CELLS, /* the spawners' page */
	FROM_GATE,  /* the authority's */
	FROM_VALUE  /* computed: enum metrics_value */
};

enum metrics_value {
	VALUE_ONE,
	VALUE_REACH,
	VALUE_BEAT_AGE_MS,
	VALUE_SERVER_UP,
	VALUE_SERVER_WEIGHT,
	VALUE_EXPIRY
};

/* What tells the numbers of one item apart: words that lie side by side. */
struct metrics_by {
	const char *label;
	const char *const *values;
	uint8_t n;
	uint8_t first; /* index of the first word */
};

struct metrics_row {
	const char *name, *help;
	const char *type;	     /* "counter", "gauge", "histogram" */
	const struct metrics_by *by; /* NULL: one number */
	uint8_t scope, from;
	uint8_t width;	  /* bytes of the word: 1, 2, 4, 8 */
	uint8_t decimals; /* the word counts units of 10^-decimals */
	uint32_t offset;  /* of the (first) word; a histogram: of its buckets */
	uint32_t sum;	  /* a histogram: of the sum of what it counted, microseconds */
};

extern const struct metrics_row metrics_rows[];
extern const unsigned metrics_row_n;

/* metrics_scope_labels - the labels of a scope, for people: "pool, server"; may be empty */
const char *metrics_scope_labels(enum metrics_scope s);

#endif
