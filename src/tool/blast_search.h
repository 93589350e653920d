/*
 * Many secrets looked for in one pass over memory. What is looked for are private keys; it lies in
 * locked memory that is not dumped, and nothing but counts comes out.
 */
#ifndef TOOL_BLAST_SEARCH_H
#define TOOL_BLAST_SEARCH_H

#include "base/err.h"
#include "base/view.h"
#include "sys/secret.h"

enum {
	BLAST_SEARCH_NEEDLES = 512,
	BLAST_SEARCH_LEAST = 16, /* bytes of a needle */
	BLAST_SEARCH_MOST = 1024,
	BLAST_SEARCH_KEYS = 64,
	BLAST_SEARCH_BYTES = 1 << 17
};

struct blast_needle {
	uint32_t at, n; /* in bytes */
	uint16_t key;	/* whose */
	uint16_t next;	/* with the same first two bytes: index + 1; 0: none */
};

struct blast_search {
	struct secret bytes;
	size_t bytes_n;
	struct blast_needle needle[BLAST_SEARCH_NEEDLES];
	size_t needle_n, longest;
	uint16_t first[65536]; /* by the first two bytes: index + 1 */
};

/* blast_search_new - gives; E_NOMEM, E_SYS (told): no memory can be locked */
enum err blast_search_new(struct blast_search **ret);

/* blast_search_free - wipes; accepts NULL */
void blast_search_free(struct blast_search *s);

/* blast_search_add - one form of key number `key` (below BLAST_SEARCH_KEYS), copied. E_LIMIT too
 * many, too short or too long */
enum err blast_search_add(struct blast_search *s, unsigned key, struct view needle);

/* blast_search_find - sets bit n of *ret for each key n that is in the text */
void blast_search_find(const struct blast_search *s, struct view text, uint64_t *ret);

#endif
