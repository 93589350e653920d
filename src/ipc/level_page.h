/*
 * Levels on the gate page: written by the authority, read by whoever serves clients (promise P8).
 *
 * A reader compares one word, the version, before each request, and takes the whole table when it
 * differs. Before the authority's first word the version is 0, and everything is closed. A table
 * that can't be read, because its writer was stopped in the middle of it or is lying, is closed as
 * well.
 */
#ifndef IPC_LEVEL_PAGE_H
#define IPC_LEVEL_PAGE_H

#include "ipc/level_words.h"

#include <stdatomic.h>

enum { LEVEL_ENTRY_WORDS = 3 + LEVEL_NAME_MAX / 8, LEVEL_PAGE_TRIES = 1000 };

struct level_page {
	_Atomic uint64_t version; /* odd: it is being written */
	_Atomic uint64_t n;
	_Atomic uint64_t words[LEVEL_ENTRIES][LEVEL_ENTRY_WORDS];
};

/* What a reader took. */
struct level_book {
	uint64_t version;
	uint32_t n;
	struct level_entry at[LEVEL_ENTRIES];
};

/* level_page_publish - n sound entries, LEVEL_ENTRIES at most, are what holds from now on */
void level_page_publish(struct level_page *p, const struct level_entry *entries, uint32_t n);

/* level_page_version - what a book of now would have; 0: nothing was published yet */
static inline uint64_t level_page_version(const struct level_page *p)
{
	return atomic_load_explicit(&p->version, memory_order_acquire);
}

/*
 * level_page_read - takes the table
 * E_OK · E_AGAIN nothing was published, or it could not be read whole: *ret has one entry, which
 * closes everything, and the version that was seen
 */
enum err level_page_read(const struct level_page *p, struct level_book *ret);

#endif
