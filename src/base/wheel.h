/*
 * Deadlines in a hashed timing wheel (Varghese and Lauck 1987, scheme 6), lazily moved: setting a
 * later deadline only stores a number; the entry moves when its old slot comes by. On the warm
 * path a deadline therefore costs one store.
 */
#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H

#include "base/list.h"

#include <stdint.h>

enum { WHEEL_SLOTS = 4096, WHEEL_TICK_MS = 64 };

struct wheel_entry {
	struct list node;   /* wheel_entry_init before first use */
	uint64_t due_ms;    /* 0 = none */
	uint64_t queued_ms; /* the slot it stands in is for this time */
};

struct wheel {
	struct list slot[WHEEL_SLOTS];
	uint64_t tick; /* the next slot to look at, in WHEEL_TICK_MS */
};

void wheel_init(struct wheel *w, uint64_t now_ms);
void wheel_entry_init(struct wheel_entry *e);

/* wheel_set - e is due at due_ms; no earlier than that and at most a tick and the caller's turn
 * later */
void wheel_set(struct wheel *w, struct wheel_entry *e, uint64_t due_ms);

/* wheel_cancel - e is never due; its memory may go */
void wheel_cancel(struct wheel_entry *e);

/* wheel_next - an entry that is due at now_ms, already taken out; NULL when there is none. Call
 * until NULL */
struct wheel_entry *wheel_next(struct wheel *w, uint64_t now_ms);

/* wheel_wait_ms - how long a loop may sleep at now_ms: to the next tick, or -1 when the wheel is
 * empty is not tracked: at most WHEEL_TICK_MS */
int wheel_wait_ms(const struct wheel *w, uint64_t now_ms);

#endif
