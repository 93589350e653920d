/* An intrusive doubly linked ring: the head is a node too; a node that is in no list points at
 * itself. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

/* LIST_OWNER - the struct T that holds node as its member m */
#define LIST_OWNER(node, T, m) ((T *)(void *)((char *)(node)-offsetof(T, m)))

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
	return l->next == l;
}

/* list_push - node becomes the first of head's ring */
static inline void list_push(struct list *head, struct list *node)
{
	node->next = head->next;
	node->prev = head;
	head->next->prev = node;
	head->next = node;
}

/* list_append - node becomes the last of head's ring */
static inline void list_append(struct list *head, struct list *node)
{
	list_push(head->prev, node);
}

/* list_remove - takes node out of its ring, if any, and makes it a ring of its own */
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* list_move - everything in from's ring, in order, becomes to's; to is taken as uninitialised, from
 * is empty after */
static inline void list_move(struct list *to, struct list *from)
{
	list_init(to);
	if (list_is_empty(from))
		return;
	list_push(from, to); /* to stands first in from's ring ... */
	list_remove(from);   /* ... and is its head when from is gone */
}

#endif
