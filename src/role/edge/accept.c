/* Accepting: level-triggered and exclusive, so that one edge is woken per connection and none is
 * lost with a dead one. */
#include "role/edge/accept.h"

#include "role/edge/client.h"
#include "sys/fd.h"
#include "sys/log.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum { ACCEPT_BATCH = 16 };

enum err accept_open(struct edge *e, uint16_t slot, int fd)
{
	struct listener *l = &e->listeners[slot];

	accept_close(e, slot);
	*l = (struct listener){ .source = { .fd = fd, .kind = SOURCE_LISTENER }, .slot = slot };
	if (fd_set_nonblocking(fd) != E_OK ||
	    loop_add(&e->loop, &l->source, EPOLLIN | EPOLLEXCLUSIVE) != E_OK) {
		loop_close(&l->source);
		return E_SYS;
	}
	return E_OK;
}

void accept_close(struct edge *e, uint16_t slot)
{
	struct loop_source *s = &e->listeners[slot].source;

	/* The keeper and the other edges have the socket too, so closing alone would not take it
	 * out of the loop. */
	if (s->fd >= 0 && !e->listeners[slot].is_paused)
		(void)fd_close(loop_remove(&e->loop, s));
	else
		loop_close(s);
	e->listeners[slot].is_paused = false;
}

void accept_address(const struct sockaddr_storage *a, struct ip *ret_ip, uint16_t *ret_port)
{
	static const struct ip mapped = { { [10] = 0xff, [11] = 0xff } };
	struct wbuf w = wbuf_of(ret_ip->b, sizeof ret_ip->b);

	if (a->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)a;

		wbuf_put(&w, mapped.b, 12);
		wbuf_put(&w, &in->sin_addr, 4);
		*ret_port = ntohs(in->sin_port);
	} else if (a->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)a;

		wbuf_put(&w, &in6->sin6_addr, 16);
		*ret_port = ntohs(in6->sin6_port);
	}
}

/* Out of descriptors: level-triggered would spin, so look away until the next tick. */
static void accept_pause(struct edge *e, struct listener *l)
{
	int fd = loop_remove(&e->loop, &l->source);

	log_line(LOG_ERROR, "out of descriptors: not accepting for a moment");
	l->source.fd = fd;
	l->is_paused = true;
}

void accept_resume(struct edge *e)
{
	for (unsigned i = 0; i < IMAGE_LISTENER_SLOTS; i++) {
		struct listener *l = &e->listeners[i];

		if (l->source.fd < 0 || !l->is_paused)
			continue;
		l->is_paused = false;
		if (loop_add(&e->loop, &l->source, EPOLLIN | EPOLLEXCLUSIVE) != E_OK)
			l->is_paused = true;
	}
}

void accept_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct edge *e = owner;
	struct listener *l = OWNER_OF(source, struct listener, source);
	const struct image_listener *il = e->now->listener[l->slot];

	(void)events;
	for (unsigned i = 0; i < ACCEPT_BATCH && il; i++) {
		struct sockaddr_storage a = { 0 };
		socklen_t n = sizeof a;
		struct ip ip = { 0 };
		uint16_t port = 0;
		int fd = accept4(source->fd, (struct sockaddr *)&a, &n,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE))
			accept_pause(e, l);
		if (fd < 0)
			return; /* nothing there, or the client gave up meanwhile */
		accept_address(&a, &ip, &port);
		client_accept(e, il, fd, &ip, port);
	}
}
