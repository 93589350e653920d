/*
 * The event loop of every role: epoll, a constant table of handlers, one timer wheel tick.
 *
 * A source says its kind, the kind selects the handler from a const table: no function pointer
 * lives in writable memory. A source that is removed while its event is still in the current batch
 * must keep its memory until the batch ends (loop.turn changes): owners recycle slots one turn
 * later. Should one come back too early nevertheless, or point at what is no source any more, an
 * event of who had the memory before carries another serial number, and is dropped.
 */
#ifndef SYS_LOOP_H
#define SYS_LOOP_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct loop_source {
	int fd;		 /* -1: not in the loop; an event that still comes for it is dropped */
	uint16_t serial; /* the loop's: an event finds this source, or nothing (I-5) */
	uint8_t kind;	 /* index in the handler table */
};

typedef void loop_handler(void *owner, struct loop_source *source, uint32_t events);

enum { LOOP_BATCH = 256 };

struct loop {
	int epoll_fd;
	void *owner; /* given to every handler */
	loop_handler *const *handlers;
	unsigned handler_n;
	uint64_t now_ns; /* monotonic; refreshed once per turn */
	uint64_t now_ms; /* the same, in milliseconds */
	uint64_t turn;	 /* counts batches */
	uint16_t serial; /* the last one given */
	struct epoll_event events[LOOP_BATCH];
};

/* loop_init - E_SYS (logged) */
enum err loop_init(struct loop *l, void *owner, loop_handler *const *handlers, unsigned handler_n);
void loop_done(struct loop *l);

/* loop_add - source->fd and kind set by the caller; events as for epoll_ctl (EPOLLET for
 * edge-triggered). E_SYS (logged) */
enum err loop_add(struct loop *l, struct loop_source *source, uint32_t events);
enum err loop_change(struct loop *l, struct loop_source *source, uint32_t events);

/* loop_remove - takes the source out without closing its descriptor; sets source->fd to -1 and
 * returns it */
int loop_remove(struct loop *l, struct loop_source *source);

/* loop_close - closes the source's descriptor, which takes it out of the loop as long as no
 * duplicate is open */
void loop_close(struct loop_source *source);

/*
 * loop_turn - waits at most timeout_ms (-1 = for ever) and runs the handlers of one batch
 * E_SYS (logged): epoll itself failed
 */
enum err loop_turn(struct loop *l, int timeout_ms);

#endif
