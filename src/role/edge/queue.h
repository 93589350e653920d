/*
 * Who waits for a server of a pool, in which order: by priority, and first come, first served
 * within one. Starvation is bounded: a priority whose first has been passed over QUEUE_PASSES times
 * is served next, so that each has at least one turn in eleven of what becomes free.
 */
#ifndef ROLE_EDGE_QUEUE_H
#define ROLE_EDGE_QUEUE_H

#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>

enum { QUEUE_LEVELS = 3 /* 0 is the highest */, QUEUE_PASSES = 8 };

struct queue {
	struct list level[QUEUE_LEVELS];
	uint32_t passed[QUEUE_LEVELS]; /* how often others went before its first */
};

void queue_init(struct queue *q);

/* queue_add - node waits; in front of its level when it was there before */
void queue_add(struct queue *q, unsigned level, struct list *node, bool in_front);

/* queue_next - whose turn it is; it stays where it is. NULL nobody waits */
struct list *queue_next(const struct queue *q);

/* queue_served - the one that queue_next named has left the queue */
void queue_served(struct queue *q, unsigned level);

/* queue_last_below - the newest of the lowest level below `level`; NULL there is none */
struct list *queue_last_below(const struct queue *q, unsigned level);

#endif
