/*
 * What the operator says to everybody while something is closed: a short text per language on the
 * gate page, written by the authority, shown by the herald.
 *
 * A reader takes it whole or not at all: of one that is half written, or that its writer made of
 * other bytes than people may write, nothing is shown.
 */
#ifndef IPC_NOTICE_PAGE_H
#define IPC_NOTICE_PAGE_H

#include "ipc/incident_words.h"

#include <stdatomic.h>

enum { NOTICE_WORDS = (NOTICE_MAX + 7) / 8, NOTICE_PAGE_TRIES = 1000 };

struct notice_page {
	_Atomic uint64_t version; /* odd: it is being written; 0: nothing ever was */
	_Atomic uint64_t since_s; /* wall clock; 0: there is none */
	_Atomic uint64_t n[NOTICE_LANGUAGES];
	_Atomic uint64_t words[NOTICE_LANGUAGES][NOTICE_WORDS];
};

struct notice {
	uint64_t version, since_s;
	uint16_t n[NOTICE_LANGUAGES]; /* 0: none in that language */
	uint8_t text[NOTICE_LANGUAGES][NOTICE_MAX];
};

/* notice_page_publish - n is what holds from now on */
void notice_page_publish(struct notice_page *p, const struct notice *n);

static inline uint64_t notice_page_version(const struct notice_page *p)
{
	return atomic_load_explicit(&p->version, memory_order_acquire);
}

/* notice_page_read - E_OK · E_AGAIN it could not be read whole, or is none: *ret is empty, with the
 * version that was seen */
enum err notice_page_read(const struct notice_page *p, struct notice *ret);

/* notice_page_text - in that language; empty: there is none */
struct view notice_page_text(const struct notice *n, enum notice_language language);

#endif
