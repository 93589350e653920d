/* epoll with a constant handler table; linked by every role that waits. */
#include "sys/loop.h"

#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

#include <errno.h>

/* A process's own addresses take 47 bits on x86-64, 48 elsewhere, unless it asks for more. */
enum { LOOP_ADDRESS_BITS = 48 };
#define LOOP_ADDRESS ((UINT64_C(1) << LOOP_ADDRESS_BITS) - 1)

static void loop_look_at_clock(struct loop *l)
{
	l->now_ns = clock_mono_ns();
	l->now_ms = l->now_ns / 1000000u;
}

enum err loop_init(struct loop *l, void *owner, loop_handler *const *handlers, unsigned handler_n)
{
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	l->owner = owner;
	l->handlers = handlers;
	l->handler_n = handler_n;
	loop_look_at_clock(l);
	return l->epoll_fd < 0 ? log_errno("epoll_create1") : E_OK;
}

void loop_done(struct loop *l)
{
	l->epoll_fd = fd_close(l->epoll_fd);
}

static enum err loop_control(struct loop *l, int op, struct loop_source *source, uint32_t events)
{
	uint64_t at = (uint64_t)(uintptr_t)source;
	struct epoll_event e = { .events = events,
				 .data.u64 = at | (uint64_t)source->serial << LOOP_ADDRESS_BITS };

	INVARIANT(source->kind < l->handler_n && at >> LOOP_ADDRESS_BITS == 0);
	return epoll_ctl(l->epoll_fd, op, source->fd, &e) < 0 ? log_errno("epoll_ctl") : E_OK;
}

enum err loop_add(struct loop *l, struct loop_source *source, uint32_t events)
{
	l->serial = l->serial == UINT16_MAX ? 1 : (uint16_t)(l->serial + 1);
	source->serial = l->serial;
	return loop_control(l, EPOLL_CTL_ADD, source, events);
}

enum err loop_change(struct loop *l, struct loop_source *source, uint32_t events)
{
	return loop_control(l, EPOLL_CTL_MOD, source, events);
}

int loop_remove(struct loop *l, struct loop_source *source)
{
	int fd = source->fd;

	if (fd >= 0 && epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, fd, NULL) < 0)
		(void)log_errno("epoll_ctl");
	source->fd = -1;
	return fd;
}

void loop_close(struct loop_source *source)
{
	source->fd = fd_close(source->fd);
}

enum err loop_turn(struct loop *l, int timeout_ms)
{
	int n = epoll_wait(l->epoll_fd, l->events, LOOP_BATCH, timeout_ms);

	loop_look_at_clock(l);
	l->turn++;
	if (n < 0)
		return errno == EINTR ? E_OK : log_errno("epoll_wait");
	for (int i = 0; i < n; i++) {
		uint64_t at = l->events[i].data.u64;
		/* NOLINTNEXTLINE(performance-no-int-to-ptr): as loop_control has put it in */
		struct loop_source *s = (void *)(uintptr_t)(at & LOOP_ADDRESS);

		if (s->fd >= 0 && s->serial == at >> LOOP_ADDRESS_BITS)
			l->handlers[s->kind](l->owner, s, l->events[i].events);
	}
	return E_OK;
}
