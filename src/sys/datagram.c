/* recvmmsg and sendmmsg; linked by the relay. */
#include "sys/datagram.h"

#include <errno.h>
#include <string.h>

static uint8_t *datagram_memory(const struct datagram_batch *b, unsigned i)
{
	return b->memory + (size_t)i * DATAGRAM_BYTES;
}

static void datagram_put_ip(struct ip *to, const void *bytes, size_t n)
{
	const struct ip mapped = { .b = { [10] = 0xff, [11] = 0xff } };

	*to = mapped;
	memcpy(to->b + sizeof to->b - n, bytes, n);
}

/* ---- from the kernel ---- */

static void datagram_expect(struct datagram_batch *b, unsigned i, uint32_t max)
{
	b->piece[i] = (struct iovec){ .iov_base = datagram_memory(b, i), .iov_len = max };
	b->message[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &b->piece[i], .msg_iovlen = 1 } };
	b->at[i] = (struct datagram){ 0 };
}

static void datagram_took(struct datagram_batch *b, unsigned i)
{
	b->at[i].bytes = view_of(datagram_memory(b, i), b->message[i].msg_len);
	b->at[i].is_cut = b->message[i].msg_hdr.msg_flags & MSG_TRUNC;
}

/* What was sent to a broadcast or multicast address is answered by nobody. */
static void datagram_local_v4(struct datagram *d, const struct cmsghdr *c)
{
	struct in_pktinfo info;

	memcpy(&info, CMSG_DATA(c), sizeof info);
	datagram_put_ip(&d->local, &info.ipi_spec_dst, sizeof info.ipi_spec_dst);
	d->is_bogus |= info.ipi_spec_dst.s_addr != info.ipi_addr.s_addr;
}

static void datagram_local_v6(struct datagram *d, const struct cmsghdr *c)
{
	struct in6_pktinfo info;

	memcpy(&info, CMSG_DATA(c), sizeof info);
	datagram_put_ip(&d->local, &info.ipi6_addr, sizeof info.ipi6_addr);
	d->is_bogus |= IN6_IS_ADDR_MULTICAST(&info.ipi6_addr);
}

static void datagram_local(struct datagram_batch *b, unsigned i)
{
	struct msghdr *m = &b->message[i].msg_hdr;
	bool is_known = false;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
			datagram_local_v4(&b->at[i], c);
		else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
			datagram_local_v6(&b->at[i], c);
		else
			continue;
		is_known = true;
	}
	b->at[i].is_bogus |= !is_known;
}

static void datagram_remote(struct datagram_batch *b, unsigned i)
{
	struct datagram *d = &b->at[i];
	const union datagram_name *name = &b->name[i];

	if (name->any.sa_family == AF_INET) {
		datagram_put_ip(&d->remote, &name->v4.sin_addr, sizeof name->v4.sin_addr);
		d->port = ntohs(name->v4.sin_port);
	} else {
		datagram_put_ip(&d->remote, &name->v6.sin6_addr, sizeof name->v6.sin6_addr);
		d->port = ntohs(name->v6.sin6_port);
		d->scope = name->v6.sin6_scope_id;
	}
	d->is_bogus |= d->port == 0;
}

enum err datagram_receive_from(int fd, uint32_t max, struct datagram_batch *b)
{
	int n = 0;

	b->n = 0;
	for (unsigned i = 0; i < DATAGRAM_BATCH; i++) {
		datagram_expect(b, i, max);
		b->message[i].msg_hdr.msg_name = &b->name[i];
		b->message[i].msg_hdr.msg_namelen = sizeof b->name[i];
		b->message[i].msg_hdr.msg_control = &b->control[i];
		b->message[i].msg_hdr.msg_controllen = sizeof b->control[i];
	}
	n = recvmmsg(fd, b->message, DATAGRAM_BATCH, MSG_DONTWAIT, NULL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? E_AGAIN : E_SYS;
	for (; b->n < (unsigned)n; b->n++) {
		datagram_took(b, b->n);
		datagram_remote(b, b->n);
		datagram_local(b, b->n);
	}
	return E_OK;
}

/* Whether an error says that nobody is there, or only that this one did not go. */
static enum err datagram_why(int error)
{
	switch (error) {
	case ECONNREFUSED:
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case ENETUNREACH:
	case ENETDOWN:
	case EPIPE:
	case ENOTCONN:
	case EDESTADDRREQ:
		return E_CLOSED;
	default:
		return E_AGAIN;
	}
}

enum err datagram_receive(int fd, uint32_t max, struct datagram_batch *b)
{
	unsigned room = DATAGRAM_BATCH - b->n;
	int n = 0;

	INVARIANT(room);
	for (unsigned i = b->n; i < DATAGRAM_BATCH; i++)
		datagram_expect(b, i, max);
	n = recvmmsg(fd, b->message + b->n, room, MSG_DONTWAIT, NULL);
	if (n < 0)
		return datagram_why(errno);
	for (unsigned i = 0; i < (unsigned)n; i++)
		datagram_took(b, b->n++);
	return E_OK;
}

/* ---- to the kernel ---- */

static struct iovec datagram_piece(struct view v)
{
	return (struct iovec){ .iov_base = (void *)(uintptr_t)v.p, .iov_len = v.n };
}

static bool datagram_is_v4(const struct datagram *d)
{
	return ip_is_v4(&d->remote);
}

static void datagram_from_v4(struct datagram_batch *b, unsigned i)
{
	struct msghdr *m = &b->message[i].msg_hdr;
	struct in_pktinfo info = { 0 };

	memcpy(&info.ipi_spec_dst, b->at[i].local.b + 12, sizeof info.ipi_spec_dst);
	m->msg_controllen = CMSG_SPACE(sizeof info);
	b->control[i].head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof info),
					       .cmsg_level = IPPROTO_IP,
					       .cmsg_type = IP_PKTINFO };
	memcpy(CMSG_DATA(&b->control[i].head), &info, sizeof info);
}

static void datagram_from_v6(struct datagram_batch *b, unsigned i)
{
	struct msghdr *m = &b->message[i].msg_hdr;
	struct in6_pktinfo info = { .ipi6_ifindex = b->at[i].scope };

	memcpy(&info.ipi6_addr, b->at[i].local.b, sizeof info.ipi6_addr);
	m->msg_controllen = CMSG_SPACE(sizeof info);
	b->control[i].head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof info),
					       .cmsg_level = IPPROTO_IPV6,
					       .cmsg_type = IPV6_PKTINFO };
	memcpy(CMSG_DATA(&b->control[i].head), &info, sizeof info);
}

static socklen_t datagram_fill_name(const struct datagram *d, union datagram_name *name)
{
	if (datagram_is_v4(d)) {
		name->v4 =
			(struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(d->port) };
		memcpy(&name->v4.sin_addr, d->remote.b + 12, 4);
		return sizeof name->v4;
	}
	name->v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
					  .sin6_port = htons(d->port),
					  .sin6_scope_id = d->scope };
	memcpy(&name->v6.sin6_addr, d->remote.b, 16);
	return sizeof name->v6;
}

static void datagram_prepare_to(struct datagram_batch *b, unsigned i)
{
	b->piece[i] = datagram_piece(b->at[i].bytes);
	b->message[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &b->piece[i],
						       .msg_iovlen = 1,
						       .msg_name = &b->name[i],
						       .msg_control = &b->control[i] } };
	b->message[i].msg_hdr.msg_namelen = datagram_fill_name(&b->at[i], &b->name[i]);
	if (datagram_is_v4(&b->at[i]))
		datagram_from_v4(b, i);
	else
		datagram_from_v6(b, i);
}

unsigned datagram_send_to(int fd, struct datagram_batch *b)
{
	unsigned at = 0, sent = 0;

	for (unsigned i = 0; i < b->n; i++)
		datagram_prepare_to(b, i);
	while (at < b->n) {
		int n = sendmmsg(fd, b->message + at, b->n - at, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0) {
			at += (unsigned)n;
			sent += (unsigned)n;
		} else if (errno == EAGAIN || errno == ENOBUFS) {
			return sent; /* the others would not go either */
		} else {
			at++;
		}
	}
	return sent;
}

enum err datagram_send(int fd, struct datagram_batch *b, const struct datagram_run *run,
		       unsigned *ret_sent)
{
	int n = 0;

	*ret_sent = 0;
	for (unsigned i = 0; i < run->n; i++) {
		struct iovec *pieces = &b->piece[2 * (size_t)i];

		pieces[0] = datagram_piece(run->prefix);
		pieces[1] = datagram_piece(b->at[run->first + i].bytes);
		b->message[i] =
			(struct mmsghdr){ .msg_hdr = { .msg_iov =
							       run->prefix.n ? pieces : pieces + 1,
						       .msg_iovlen = run->prefix.n ? 2 : 1 } };
	}
	n = sendmmsg(fd, b->message, run->n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return datagram_why(errno);
	*ret_sent = (unsigned)n;
	return (unsigned)n == run->n ? E_OK : E_AGAIN;
}

enum err datagram_send_one(int fd, struct view prefix, struct view bytes)
{
	struct iovec pieces[2] = { datagram_piece(prefix), datagram_piece(bytes) };
	struct msghdr m = { .msg_iov = pieces, .msg_iovlen = 2 };

	return sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? datagram_why(errno) : E_OK;
}

bool datagram_is(int fd)
{
	int type = 0;
	socklen_t n = sizeof type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_DGRAM;
}
