/*
 * What the status page says: which services there are for people to see, and which of them are
 * open, limited or closed, since when. From the image, the levels that are published (promise P8)
 * and the operator's notice; from nothing that a client sends. Never a reason, a person, or a name
 * that was not made for people.
 */
#ifndef ROLE_HERALD_BOARD_H
#define ROLE_HERALD_BOARD_H

#include "access/level.h"
#include "ipc/notice_page.h"

enum { BOARD_SERVICES = 512 };

enum board_state { BOARD_OPEN, BOARD_LIMITED, BOARD_CLOSED, BOARD_UNKNOWN, BOARD_STATES };

struct board_service {
	struct view title[NOTICE_LANGUAGES]; /* borrowed from the image */
	uint64_t key;			     /* the same over reloads */
	uint64_t since_s;		     /* wall clock; 0: open, or not known */
	uint64_t reopened_s;		     /* when it was seen to be open again; 0: it was not */
	uint16_t mask;			     /* LEVEL_BIT of each that holds */
	uint8_t state;			     /* enum board_state */
	bool is_partly;			     /* mask holds for some of its users */
};

struct board {
	const struct image *im; /* NULL: none yet */
	struct level_map map;	/* map.book: as it was read */
	struct notice notice;
	bool is_known; /* the levels could be read */
	uint8_t state; /* of all together */
	uint16_t mask; /* what holds over all */
	uint64_t since_s;
	uint32_t n, more; /* more: services that there is no room for */
	struct board_service at[BOARD_SERVICES];
};

/* board_make - b->im, b->map.book, b->notice and b->is_known are set; all else is made of them */
void board_make(struct board *b);

/* board_remember - what was not open in `before` and is now was opened again at now_s */
void board_remember(struct board *b, const struct board *before, uint64_t now_s);

/* board_title - a name for people; empty: it has none */
struct view board_title(const struct image *im, struct image_range titles,
			enum notice_language language);

#endif
