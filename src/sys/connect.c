/* Outgoing connections; linked by the dialer. */
#include "sys/connect.h"

#include "sys/fd.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

union connect_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
	struct sockaddr_storage all;
};

static enum connect_result connect_why(int error)
{
	switch (error) {
	case 0:
		return CONNECT_OK;
	case ECONNREFUSED:
	case ECONNRESET:
	case EPIPE:
	case ENOENT: /* unix: no such socket */
		return CONNECT_REFUSED;
	case ETIMEDOUT:
		return CONNECT_TIMEOUT;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
	case EAGAIN:	    /* unix: its queue is full */
	case EADDRNOTAVAIL: /* no free local port */
		return CONNECT_BUSY;
	case EPERM:  /* cgroup rules, netfilter */
	case EACCES: /* Landlock */
		return CONNECT_FORBIDDEN;
	default:
		return CONNECT_UNREACHABLE;
	}
}

static socklen_t connect_fill(union connect_address *a, const struct ip *ip, uint16_t port)
{
	if (ip_is_v4(ip)) {
		a->v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
		memcpy(&a->v4.sin_addr, ip->b + 12, 4);
		return sizeof a->v4;
	}
	a->v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
	memcpy(&a->v6.sin6_addr, ip->b, 16);
	return sizeof a->v6;
}

static enum connect_result connect_begin(int fd, const union connect_address *a, socklen_t n)
{
	if (connect(fd, &a->any, n) < 0 && errno != EINPROGRESS && errno != EINTR)
		return connect_why(errno);
	return CONNECT_OK;
}

static bool connect_is_to_itself(int fd)
{
	union connect_address here = { 0 }, there = { 0 };
	socklen_t here_n = sizeof here, there_n = sizeof there;

	if (getsockname(fd, &here.any, &here_n) < 0 || here.any.sa_family == AF_UNIX)
		return false;
	/* sin_port and sin6_port lie at the same place, which is all that usually is compared */
	if (getpeername(fd, &there.any, &there_n) < 0 || here.v4.sin_port != there.v4.sin_port)
		return false;
	return here_n == there_n && memcmp(&here, &there, here_n) == 0;
}

enum connect_result connect_tcp(const struct ip *ip, uint16_t port, int *ret_fd)
{
	union connect_address a = { 0 };
	socklen_t n = connect_fill(&a, ip, port);
	AUTO_FD fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1;
	enum connect_result r = CONNECT_OK;

	if (fd < 0)
		return connect_why(errno);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	r = connect_begin(fd, &a, n);
	if (r == CONNECT_OK)
		*ret_fd = fd_steal(&fd);
	return r;
}

enum connect_result connect_udp(const struct ip *ip, uint16_t port, int *ret_fd)
{
	union connect_address a = { 0 };
	socklen_t n = connect_fill(&a, ip, port);
	AUTO_FD fd = socket(a.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	enum connect_result r = CONNECT_OK;

	if (fd < 0)
		return connect_why(errno);
	r = connect_begin(fd, &a, n);
	if (r == CONNECT_OK && connect_is_to_itself(fd))
		r = CONNECT_REFUSED;
	if (r == CONNECT_OK)
		*ret_fd = fd_steal(&fd);
	return r;
}

enum connect_result connect_unix(struct view path, int *ret_fd)
{
	union connect_address a = { .un = { .sun_family = AF_UNIX } };
	AUTO_FD fd = -1;
	enum connect_result r = CONNECT_OK;

	if (path.n == 0 || path.n >= sizeof a.un.sun_path)
		return CONNECT_UNREACHABLE;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return connect_why(errno);
	memcpy(a.un.sun_path, path.p, path.n);
	r = connect_begin(fd, &a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.n + 1));
	if (r == CONNECT_OK)
		*ret_fd = fd_steal(&fd);
	return r;
}

enum connect_result connect_finish(int fd)
{
	int error = 0;
	socklen_t n = sizeof error;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
		return connect_why(errno);
	if (error == 0 && connect_is_to_itself(fd))
		return CONNECT_REFUSED;
	return connect_why(error);
}

enum err connect_send(int fd, struct view v, size_t *ret_sent)
{
	ssize_t n = send(fd, v.p, v.n, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? E_AGAIN : E_CLOSED;
	*ret_sent = (size_t)n;
	return E_OK;
}

enum err connect_receive(int fd, struct wbuf *w)
{
	ssize_t n = recv(fd, w->p + w->n, wbuf_room(w), 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? E_AGAIN : E_CLOSED;
	if (n == 0)
		return E_SHORT;
	w->n += (size_t)n;
	return E_OK;
}
