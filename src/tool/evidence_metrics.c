/* One request on a connection of its own; an answer that takes too long is none. */
#include "tool/evidence_metrics.h"

#include "sys/fd.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { METRICS_MAX = 64 << 20, METRICS_FIRST = 1 << 16, METRICS_TIMEOUT_S = 5 };

static const char metrics_request[] = "GET /metrics HTTP/1.1\r\nHost: metrics\r\n"
				      "Connection: close\r\n\r\n";

/* IPv4 as the IPv6 address that it is mapped to: one kind of socket for both. */
static enum err metrics_connect(const struct image_address *at, int *ret_fd)
{
	struct timeval patience = { .tv_sec = METRICS_TIMEOUT_S };
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(at->port) };
	AUTO_FD fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int off = 0;

	if (fd < 0)
		return E_SYS;
	for (size_t i = 0; i < sizeof at->ip.b; i++)
		to.sin6_addr.s6_addr[i] = at->ip.b[i];
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (connect(fd, (const struct sockaddr *)&to, sizeof to) < 0)
		return E_SYS;
	*ret_fd = fd_steal(&fd);
	return E_OK;
}

/* Until the other side has closed. */
static enum err metrics_receive(int fd, struct wbuf *w)
{
	size_t cap = 0;
	uint8_t *more = NULL;

	for (;;) {
		ssize_t n = 0;

		if (w->n == cap) {
			cap = cap ? 2 * cap : METRICS_FIRST;
			more = cap > METRICS_MAX ? NULL : reallocarray(w->p, cap, 1);
			if (!more)
				return E_LIMIT;
			w->p = more;
			w->cap = cap;
		}
		n = read(fd, &w->p[w->n], cap - w->n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return E_SYS;
		if (n == 0)
			return E_OK;
		w->n += (size_t)n;
	}
}

enum err evidence_metrics_put(struct evidence_bundle *b, const struct image_address *at)
{
	struct view request = view_str(metrics_request);
	struct wbuf w = { 0 };
	AUTO_FD fd = -1;
	enum err e = E_OK;

	if (at->kind != IMAGE_ADDRESS_IP)
		return E_OK;
	e = metrics_connect(at, &fd);
	if (e == E_OK && write(fd, request.p, request.n) != (ssize_t)request.n)
		e = E_SYS;
	if (e == E_OK)
		e = metrics_receive(fd, &w);
	if (e == E_OK && w.n) {
		e = evidence_bundle_put(b, "metrics.txt", "the console's answer, with its head",
					wbuf_view(&w));
	} else {
		evidence_bundle_miss(b, "metrics.txt", "the console did not answer");
		e = E_OK;
	}
	free(w.p);
	return e;
}
