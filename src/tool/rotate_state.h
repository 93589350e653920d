/*
 * The checklist of a rotation: DIR/rotation.json. It is written whole and renamed, and read as if
 * somebody else had written it: bounded, every member checked, nothing of it is a path.
 */
#ifndef TOOL_ROTATE_STATE_H
#define TOOL_ROTATE_STATE_H

#include "base/wbuf.h"

#include <jansson.h>
#include <stdint.h>

enum {
	ROTATE_ITEMS = 2048,
	ROTATE_NAME = 128,
	ROTATE_TEXT = 400,
	ROTATE_PRINT = 64, /* a fingerprint: SHA-256 in hexadecimal */
	ROTATE_STATE_BYTES = 4 << 20
};

/* What an item is: who does it, and how, is in rotate_item.c. */
enum rotate_kind {
	ROTATE_SESSIONS = 1,
	ROTATE_TOKEN,
	ROTATE_KEEPER_KEY,
	ROTATE_CERTIFICATE,
	ROTATE_APP,
	ROTATE_AUDIT,
	ROTATE_FACTORS,
	ROTATE_KINDS
};

enum rotate_progress { ROTATE_OPEN, ROTATE_IS_DONE, ROTATE_IS_WAIVED, ROTATE_PROGRESSES };

struct rotate_item {
	char name[ROTATE_NAME + 1];
	char evidence[ROTATE_TEXT + 1];
	char was[ROTATE_PRINT + 1], now[ROTATE_PRINT + 1]; /* fingerprints; empty: none */
	uint8_t kind, progress;
	uint32_t uid; /* of who closed it */
	int64_t at_s; /* when it was closed; 0: it is open */
};

struct rotation {
	char reason[ROTATE_TEXT + 1];
	int64_t begun_s, finished_s; /* finished_s 0: it goes on */
	uint32_t uid;
	size_t n;
	struct rotate_item items[ROTATE_ITEMS];
};

/* rotate_state_parse - E_PROTO it is not a checklist · E_LIMIT too many items */
enum err rotate_state_parse(struct view text, struct rotation *ret);

/* rotate_state_json - the same as JSON; NULL: no memory, or a text is not UTF-8 */
json_t *rotate_state_json(const struct rotation *r);

/* rotate_state_load - from the state directory. E_CLOSED there is none · E_DENIED others can write
 * it, or it is damaged · E_SYS: both told on standard error */
enum err rotate_state_load(int dir_fd, struct rotation *ret);

/* rotate_state_save - whole or not at all, on disk when it says E_OK. E_SYS (told) */
enum err rotate_state_save(int dir_fd, const struct rotation *r);

/* rotate_state_archive - one that is finished makes room: rotation.<when it began>.json. E_SYS
 * (told) */
enum err rotate_state_archive(int dir_fd, const struct rotation *r);

/* rotate_state_find - an item by its name; NULL: there is none */
struct rotate_item *rotate_state_find(struct rotation *r, struct view name);

/* rotate_state_open_n - how many are open */
size_t rotate_state_open_n(const struct rotation *r);

/* rotate_state_text - as much of v as fits, in C's way; what could move a cursor becomes "?" */
void rotate_state_text(char *to, size_t cap, struct view v);

/* rotate_state_kind - "certificate"; rotate_state_progress - "done"; rotate_state_owner - who has
 * to act */
const char *rotate_state_kind(unsigned kind);
const char *rotate_state_progress(unsigned progress);
const char *rotate_state_owner(unsigned kind);

#endif
