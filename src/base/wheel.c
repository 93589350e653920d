/* The timing wheel; pure, no clock of its own. */
#include "base/wheel.h"

void wheel_init(struct wheel *w, uint64_t now_ms)
{
	for (unsigned i = 0; i < WHEEL_SLOTS; i++)
		list_init(&w->slot[i]);
	w->tick = now_ms / WHEEL_TICK_MS;
}

void wheel_entry_init(struct wheel_entry *e)
{
	list_init(&e->node);
	e->due_ms = e->queued_ms = 0;
}

/* The slot of a time is the one looked at once that time has passed. */
static void wheel_queue(struct wheel *w, struct wheel_entry *e)
{
	uint64_t tick = e->due_ms / WHEEL_TICK_MS + 1;

	if (tick < w->tick)
		tick = w->tick;
	list_remove(&e->node);
	list_append(&w->slot[tick % WHEEL_SLOTS], &e->node);
	e->queued_ms = tick * WHEEL_TICK_MS;
}

void wheel_set(struct wheel *w, struct wheel_entry *e, uint64_t due_ms)
{
	bool must_queue = list_is_empty(&e->node) || due_ms + WHEEL_TICK_MS < e->queued_ms;

	e->due_ms = due_ms;
	if (must_queue)
		wheel_queue(w, e);
}

void wheel_cancel(struct wheel_entry *e)
{
	list_remove(&e->node);
	e->due_ms = 0;
}

/* The first due entry of the current slot; those that were moved later go to their own slot. */
static struct wheel_entry *wheel_next_here(struct wheel *w, uint64_t now_ms)
{
	struct list *head = &w->slot[w->tick % WHEEL_SLOTS];

	for (struct list *n = head->next, *next = n->next; n != head; n = next, next = n->next) {
		struct wheel_entry *e = LIST_OWNER(n, struct wheel_entry, node);

		if (e->queued_ms / WHEEL_TICK_MS > w->tick)
			continue; /* a later round of the wheel */
		if (e->due_ms <= now_ms) {
			list_remove(&e->node);
			return e;
		}
		wheel_queue(w, e);
	}
	return NULL;
}

struct wheel_entry *wheel_next(struct wheel *w, uint64_t now_ms)
{
	for (; w->tick <= now_ms / WHEEL_TICK_MS; w->tick++) {
		struct wheel_entry *e = wheel_next_here(w, now_ms);

		if (e)
			return e;
	}
	return NULL;
}

int wheel_wait_ms(const struct wheel *w, uint64_t now_ms)
{
	uint64_t next = w->tick * WHEEL_TICK_MS;

	return next > now_ms ? (int)(next - now_ms) : 0;
}
