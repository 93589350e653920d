/*
 * What was found, by indicator: how often, when, by how many users and sources, on how many hosts,
 * and the first records.
 *
 * People, sources and hosts are counted exactly, in one table of keyed 64-bit hashes, while there
 * is room for them; after that the counts are lower bounds, and say so.
 */
#ifndef TOOL_HUNT_FOUND_H
#define TOOL_HUNT_FOUND_H

#include "tool/hunt_match.h"

enum {
	HUNT_FOUND_DISTINCT = 1 << 23, /* users, sources and hosts of all indicators */
	HUNT_FOUND_RECORD_BYTES = 1 << 26,
};

enum hunt_found_who { HUNT_USERS, HUNT_SOURCES, HUNT_HOSTS, HUNT_WHOS };

struct hunt_found_record {
	struct hunt_found_record *next;
	size_t n;
	uint8_t text[]; /* the line */
};

struct hunt_found_row {
	uint64_t hits, outside; /* outside: of these, not in its own time of validity */
	int64_t first_us, last_us;
	uint64_t distinct[HUNT_WHOS];
	struct hunt_found_record *record, *last; /* the first in the log */
	size_t record_n;
};

struct hunt_found {
	const struct hunt_set *set; /* borrowed */
	struct hunt_found_row *row; /* of each indicator */
	size_t records;		    /* to keep of each */
	size_t record_bytes;
	uint64_t key[2];
	uint64_t *seen; /* hashes; 0: free */
	size_t seen_n, seen_size;
	bool is_over;	   /* counts of who are lower bounds */
	bool is_cut;	   /* records were not kept */
	uint64_t matched;  /* records */
	uint64_t matching; /* indicators that were found */
};

/* hunt_found_new - records: how many to keep of each indicator. E_NOMEM */
enum err hunt_found_new(const struct hunt_set *s, size_t records, struct hunt_found *ret);
void hunt_found_done(struct hunt_found *f);

/* hunt_found_add - the indicators that hold of a record. E_NOMEM */
enum err hunt_found_add(struct hunt_found *f, const struct log_line *line,
			const uint32_t *indicators, size_t n);

#endif
