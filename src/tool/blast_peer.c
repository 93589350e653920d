/* A netlink socket stays in the namespace that it was made in, so the visit there is two calls. */
#include "tool/blast_peer.h"

#include "sys/fd.h"
#include "tool/proc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PEER_ROOM = 65536, PEER_WAIT_S = 5 };

static enum err peer_put(struct blast_peers *l, uint64_t inode, uint64_t other)
{
	struct blast_peer *more = NULL;

	if (l->n == BLAST_PEER_MAX)
		return E_LIMIT;
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 256;

		more = reallocarray(l->p, cap, sizeof *more);
		if (!more)
			return E_NOMEM;
		l->p = more;
		l->cap = cap;
	}
	l->p[l->n++] = (struct blast_peer){ inode, other };
	return E_OK;
}

uint64_t blast_peer_of(const struct blast_peers *l, uint64_t inode)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->p[i].inode == inode)
			return l->p[i].other;
	return 0;
}

void blast_peer_done(struct blast_peers *l)
{
	free(l->p);
	*l = (struct blast_peers){ 0 };
}

/* Structures of netlink lie in its order of bytes; copied out, since nothing aligns them here. */
static bool peer_take(struct view *in, void *to, size_t n)
{
	struct wbuf w = wbuf_of(to, n);
	struct view v = { 0 };

	if (view_take(in, n, &v) != E_OK)
		return false;
	wbuf_view_put(&w, v);
	return true;
}

static enum err peer_socket(struct blast_peers *l, struct view in)
{
	struct unix_diag_msg m;
	struct rtattr a;
	uint32_t other = 0;
	struct view value = { 0 };

	if (!peer_take(&in, &m, sizeof m))
		return E_PROTO;
	while (peer_take(&in, &a, sizeof a)) {
		if (a.rta_len < sizeof a || a.rta_len - sizeof a > in.n)
			return E_PROTO;
		value = view_slice(in, 0, a.rta_len - sizeof a);
		in = view_slice(in, (size_t)RTA_ALIGN(a.rta_len) - sizeof a, in.n);
		if (a.rta_type == UNIX_DIAG_PEER && peer_take(&value, &other, sizeof other))
			return peer_put(l, m.udiag_ino, other);
	}
	return E_OK;
}

enum err blast_peer_parse(struct blast_peers *l, struct view answer)
{
	struct nlmsghdr h;

	while (answer.n) {
		struct view in = answer;

		if (!peer_take(&in, &h, sizeof h) || h.nlmsg_len < sizeof h ||
		    h.nlmsg_len - sizeof h > in.n)
			return E_PROTO;
		if (h.nlmsg_type == NLMSG_DONE)
			return E_AGAIN;
		if (h.nlmsg_type == NLMSG_ERROR)
			return E_SYS;
		if (h.nlmsg_type == SOCK_DIAG_BY_FAMILY)
			TRY(peer_socket(l, view_slice(in, 0, h.nlmsg_len - sizeof h)));
		answer = view_slice(answer, NLMSG_ALIGN(h.nlmsg_len), answer.n);
	}
	return E_OK;
}

/* A netlink socket in the network namespace of a process; back in the own one afterwards. */
static enum err peer_open(int pid, int *ret)
{
	AUTO_FD home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	AUTO_FD there = -1;
	int fd = -1;

	TRY(proc_file_open(pid, "ns/net", &there));
	if (home < 0)
		return E_SYS;
	if (setns(there, CLONE_NEWNET) < 0)
		return proc_file_error(errno);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	INVARIANT(setns(home, CLONE_NEWNET) == 0);
	if (fd < 0)
		return E_SYS;
	*ret = fd;
	return E_OK;
}

static enum err peer_ask(int fd)
{
	struct {
		struct nlmsghdr head;
		struct unix_diag_req ask;
	} q = { .head = { .nlmsg_len = sizeof q,
			  .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.ask = { .sdiag_family = AF_UNIX,
			 .udiag_states = UINT32_MAX,
			 .udiag_show = UDIAG_SHOW_PEER } };
	struct timeval wait = { .tv_sec = PEER_WAIT_S };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) < 0 ||
	    send(fd, &q, sizeof q, 0) != (ssize_t)sizeof q)
		return E_SYS;
	return E_OK;
}

enum err blast_peer_add(struct blast_peers *l, int pid, uint64_t net_space)
{
	AUTO_FD fd = -1;
	uint8_t *room = NULL;
	enum err e = E_OK;

	for (size_t i = 0; i < l->space_n; i++)
		if (l->space[i] == net_space)
			return E_OK;
	if (l->space_n == BLAST_PEER_SPACES)
		return E_LIMIT;
	TRY(peer_open(pid, &fd));
	TRY(peer_ask(fd));
	l->space[l->space_n++] = net_space;
	room = malloc(PEER_ROOM);
	e = room ? E_OK : E_NOMEM;
	while (e == E_OK) {
		ssize_t n = recv(fd, room, PEER_ROOM, 0);

		e = n <= 0 ? E_SYS : blast_peer_parse(l, view_of(room, (size_t)n));
	}
	free(room);
	return e == E_AGAIN ? E_OK : e;
}
