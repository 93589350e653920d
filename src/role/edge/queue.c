/* Three lists and how often each was passed over. */
#include "role/edge/queue.h"

#include <stddef.h>

void queue_init(struct queue *q)
{
	*q = (struct queue){ 0 };
	for (unsigned k = 0; k < QUEUE_LEVELS; k++)
		list_init(&q->level[k]);
}

void queue_add(struct queue *q, unsigned level, struct list *node, bool in_front)
{
	if (list_is_empty(&q->level[level]))
		q->passed[level] = 0;
	if (in_front)
		list_push(&q->level[level], node);
	else
		list_append(&q->level[level], node);
}

struct list *queue_next(const struct queue *q)
{
	struct list *first = NULL;

	for (unsigned k = 0; k < QUEUE_LEVELS; k++) {
		if (list_is_empty(&q->level[k]))
			continue;
		if (!first || q->passed[k] >= QUEUE_PASSES)
			first = q->level[k].next;
	}
	return first;
}

void queue_served(struct queue *q, unsigned level)
{
	q->passed[level] = 0;
	for (unsigned k = level + 1; k < QUEUE_LEVELS; k++)
		q->passed[k] += !list_is_empty(&q->level[k]);
}

struct list *queue_last_below(const struct queue *q, unsigned level)
{
	for (unsigned k = QUEUE_LEVELS - 1; k > level; k--)
		if (!list_is_empty(&q->level[k]))
			return q->level[k].prev;
	return NULL;
}
