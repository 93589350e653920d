/*
 * Listening sockets. The difference to the image in use is by slot; an address that moves to
 * another slot (a listener that was renamed) keeps its socket, so that no connection is refused.
 */
#include "role/keeper/listener.h"

#include "ipc/keeper_role.h"
#include "role/keeper/post.h"
#include "role/keeper/say.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

enum { LISTENER_BACKLOG = 4096, LISTENER_DATAGRAM_BYTES = 4 << 20 };

/* What the person should look at. */
static const char *listener_advice(int error)
{
	switch (error) {
	case EADDRINUSE:
		return " (another program listens there: ss -ltnp shows which)";
	case EACCES:
		return " (ports below 1024 need root, or CAP_NET_BIND_SERVICE)";
	case EADDRNOTAVAIL:
		return " (no interface of this machine has that address)";
	default:
		return "";
	}
}

/* A socket of datagrams says where each one went, so that answers come from there; of the default
 * size few fit while the relay is looked at by nobody. -1 and errno. */
static int listener_set_datagrams(int fd, bool is_v4)
{
	int on = 1, bytes = LISTENER_DATAGRAM_BYTES;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	return is_v4 ? setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on)
		     : setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
}

/* Port sharing between programs (SO_REUSEADDR means that here) is not wanted. */
static int listener_set(int fd, bool is_v4, bool is_datagram)
{
	int on = 1;

	if (!is_v4 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0)
		return -1;
	if (is_datagram)
		return listener_set_datagrams(fd, is_v4);
	/* Accepted sockets have it from here: a small answer does not wait for the client's
	 * acknowledgement of what went before it (RFC 9293 §3.7.4) */
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
		return -1;
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

/* Binds and listens; -1 and errno. */
static int listener_open(const struct ip *ip, uint16_t port, bool is_datagram)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	bool is_v4 = ip_is_v4(ip);
	const struct sockaddr *at =
		is_v4 ? (const struct sockaddr *)&four : (const struct sockaddr *)&six;
	socklen_t n = is_v4 ? sizeof four : sizeof six;
	int type = (is_datagram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
	AUTO_FD fd = socket(is_v4 ? AF_INET : AF_INET6, type, 0);
	struct wbuf w4 = wbuf_of(&four.sin_addr, sizeof four.sin_addr),
		    w6 = wbuf_of(&six.sin6_addr, sizeof six.sin6_addr);
	int error = 0;

	wbuf_put(&w4, ip->b + 12, 4);
	wbuf_put(&w6, ip->b, 16);
	if (fd < 0 || listener_set(fd, is_v4, is_datagram) < 0 || bind(fd, at, n) < 0 ||
	    (!is_datagram && listen(fd, LISTENER_BACKLOG) < 0)) {
		error = errno;
		fd = fd_close(fd);
		errno = error;
		return -1;
	}
	return fd_steal(&fd);
}

static struct keeper_listener *listener_with(struct keeper *k, const struct image_address *a,
					     bool is_datagram)
{
	for (size_t i = 0; i < KEEPER_LISTENERS; i++) {
		struct keeper_listener *l = &k->listeners[i];

		if (l->fd >= 0 && l->port == a->port && ip_eq(&l->ip, &a->ip) &&
		    l->is_datagram == is_datagram)
			return l;
	}
	return NULL;
}

static void listener_refuse(struct keeper *k, struct view name, const struct image_address *a)
{
	char text[512], reason[64] = "";
	struct wbuf w = wbuf_of(text, sizeof text);
	int error = errno;

	WBUF_LIT(&w, "error: listener ");
	wbuf_view_put(&w, view_slice(name, 0, 128));
	WBUF_LIT(&w, ": ");
	if (a->kind == IMAGE_ADDRESS_IP) {
		ip_put_endpoint(&w, &a->ip, a->port);
		WBUF_LIT(&w, ": ");
		wbuf_str(&w, strerror_r(error, reason, sizeof reason));
		wbuf_str(&w, listener_advice(error));
	} else {
		WBUF_LIT(&w, "its address must be an IP address and a port");
	}
	say_line(k, SAY_ERROR, wbuf_view(&w));
}

static enum err listener_prepare_one(struct keeper *k, size_t slot, struct view name,
				     const struct image_address *a, bool is_datagram)
{
	struct keeper_listener *l = &k->listeners[slot], *same = listener_with(k, a, is_datagram);

	l->is_in_next = true;
	if (a->kind != IMAGE_ADDRESS_IP) {
		listener_refuse(k, name, a);
		return E_DENIED;
	}
	if (l->fd >= 0 && same == l)
		return E_OK;
	l->next_fd = same ? fcntl(same->fd, F_DUPFD_CLOEXEC, 3)
			  : listener_open(&a->ip, a->port, is_datagram);
	if (l->next_fd < 0) {
		listener_refuse(k, name, a);
		return E_DENIED;
	}
	l->next_ip = a->ip;
	l->next_port = a->port;
	l->next_is_datagram = is_datagram;
	return E_OK;
}

enum err listener_prepare(struct keeper *k, const struct image *image)
{
	const struct image_address *metrics = &image->header->metrics,
				   *page = &image->header->status_page.address;
	enum err e = E_OK;

	listener_discard(k);
	for (uint32_t i = 0; i < image_count(image, IMAGE_LISTENER); i++) {
		const struct image_listener *l = image_listener_at(image, i);

		k->listeners[l->slot].next_is_cell = (l->flags & IMAGE_CELL) != 0;
		if (listener_prepare_one(k, l->slot, image_view(image, l->name), &l->address,
					 l->protocol == IMAGE_UDP) != E_OK)
			e = E_DENIED; /* go on: all that is wrong in one run */
	}
	if (metrics->kind &&
	    listener_prepare_one(k, KEEPER_METRICS_SLOT, VIEW("metrics"), metrics, false) != E_OK)
		e = E_DENIED;
	if (page->kind &&
	    listener_prepare_one(k, KEEPER_STATUS_SLOT, VIEW("status_page"), page, false) != E_OK)
		e = E_DENIED;
	if (e != E_OK)
		listener_discard(k);
	return e;
}

void listener_discard(struct keeper *k)
{
	for (size_t i = 0; i < KEEPER_LISTENERS; i++) {
		k->listeners[i].next_fd = fd_close(k->listeners[i].next_fd);
		k->listeners[i].is_in_next = k->listeners[i].next_is_cell = false;
	}
}

void listener_commit(struct keeper *k)
{
	for (size_t i = 0; i < KEEPER_LISTENERS; i++) {
		struct keeper_listener *l = &k->listeners[i];

		l->is_in_image = l->is_in_next;
		l->is_in_next = false;
		/* Whoever serves it from now on has not been given its socket yet */
		l->is_new |= l->is_cell != l->next_is_cell;
		l->is_cell = l->next_is_cell;
		if (l->next_fd < 0)
			continue;
		fd_close(l->fd);
		l->fd = fd_steal(&l->next_fd);
		l->ip = l->next_ip;
		l->port = l->next_port;
		l->is_datagram = l->next_is_datagram;
		l->is_new = true;
	}
}

void listener_sweep(struct keeper *k)
{
	for (size_t i = 0; i < KEEPER_LISTENERS; i++) {
		struct keeper_listener *l = &k->listeners[i];

		l->is_new = false;
		if (!l->is_in_image)
			l->fd = fd_close(l->fd);
	}
}

static enum err listener_post_one(struct keeper_child *c, size_t slot)
{
	uint8_t body[2];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct post p = { .type = KEEPER_LISTENER, .fd_n = 1 };

	wbuf_u16(&w, slot >= KEEPER_METRICS_SLOT ? UINT16_MAX : (uint16_t)slot);
	p.body = wbuf_view(&w);
	p.fds[0] = c->k->listeners[slot].fd;
	return post_send(c, &p);
}

static enum role listener_owner(const struct keeper_listener *l, size_t slot)
{
	if (slot == KEEPER_METRICS_SLOT)
		return ROLE_CONSOLE;
	if (slot == KEEPER_STATUS_SLOT)
		return ROLE_HERALD;
	if (l->is_cell)
		return ROLE_SPAWNER;
	return l->is_datagram ? ROLE_RELAY : ROLE_EDGE;
}

void listener_find_cells(struct keeper *k)
{
	const struct image *im = &k->image.image;

	for (uint32_t i = 0; i < image_count(im, IMAGE_LISTENER); i++) {
		const struct image_listener *l = image_listener_at(im, i);

		k->listeners[l->slot].is_cell = (l->flags & IMAGE_CELL) != 0;
	}
}

bool listener_is_datagram(int fd)
{
	int type = 0;
	socklen_t n = sizeof type;

	return fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_DGRAM;
}

enum err listener_post(struct keeper_child *c, bool only_new)
{
	for (size_t i = 0; i < KEEPER_LISTENERS; i++) {
		const struct keeper_listener *l = &c->k->listeners[i];
		bool is_its = listener_owner(l, i) == c->role;

		if (is_its && l->fd >= 0 && l->is_in_image && (l->is_new || !only_new))
			TRY(listener_post_one(c, i));
	}
	return E_OK;
}
