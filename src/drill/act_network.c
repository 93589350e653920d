/* The network: sockets of every family, and what can be done with those that it was given. In the
 * twin every address leads to a neighbour that listens, so whatever leaves arrives. */
#include "base/view.h"
#include "drill/act.h"
#include "sys/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
enum { IPPROTO_MPTCP = 262 };
#endif
enum { NETWORK_DNS = 53, NETWORK_VSOCK = 40, NETWORK_XDP = 44 };
enum { NETWORK_FIRST = 4, NETWORK_LAST = 64, NETWORK_WAIT_MS = 400 };

static long network_socket(int family, int type, int protocol)
{
	return syscall(SYS_socket, (long)family, (long)(type | SOCK_CLOEXEC), (long)protocol);
}

static struct sockaddr_in network_at(const char *ip, uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };

	(void)inet_pton(AF_INET, ip, &at.sin_addr);
	return at;
}

static struct act_got network_connect(const char *ip, uint16_t port, int type)
{
	struct sockaddr_in at = network_at(ip, port);
	long fd = network_socket(AF_INET, type, 0);

	return fd < 0 ? act_from(fd) : act_from(syscall(SYS_connect, fd, &at, sizeof at));
}

static struct act_got network_neighbour(struct intruder *x)
{
	return network_connect("127.0.0.1", x->board->scene.port, SOCK_STREAM);
}

static struct act_got network_inside(struct intruder *x)
{
	return network_connect("10.1.2.3", x->board->scene.port, SOCK_STREAM);
}

static struct act_got network_internet(struct intruder *x)
{
	return network_connect("192.0.2.1", x->board->scene.port, SOCK_STREAM);
}

static struct act_got network_datagram(struct intruder *x)
{
	struct sockaddr_in at = network_at("192.0.2.1", x->board->scene.port);
	long fd = network_socket(AF_INET, SOCK_DGRAM, 0);

	return fd < 0 ? act_from(fd)
		      : act_from(syscall(SYS_sendto, fd, "x", 1L, 0L, &at, sizeof at));
}

static struct act_got network_connected_datagram(struct intruder *x)
{
	return network_connect("192.0.2.1", x->board->scene.port, SOCK_DGRAM);
}

/* A question of its own, to a name server of its own: how data leave that may not. */
static struct act_got network_dns(struct intruder *x)
{
	static const char question[] = "\0\1\1\0\0\1\0\0\0\0\0\0\6secret\7example\0\0\20\0\1";
	struct sockaddr_in at = network_at("203.0.113.53", NETWORK_DNS);
	long fd = network_socket(AF_INET, SOCK_DGRAM, 0);

	(void)x;
	return fd < 0 ? act_from(fd)
		      : act_from(syscall(SYS_sendto, fd, question, sizeof question, 0L, &at,
					 sizeof at));
}

static struct act_got network_ipv6(struct intruder *x)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6,
				   .sin6_port = htons(x->board->scene.port),
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	long fd = network_socket(AF_INET6, SOCK_STREAM, 0);

	if (fd >= 0 && !x->board->scene.has_ipv6)
		return act_unable("there is no IPv6 here");
	return fd < 0 ? act_from(fd) : act_from(syscall(SYS_connect, fd, &at, sizeof at));
}

static struct act_got network_fastopen(struct intruder *x)
{
	struct sockaddr_in at = network_at("192.0.2.1", x->board->scene.port);
	long fd = network_socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? act_from(fd)
		      : act_from(syscall(SYS_sendto, fd, "x", 1L, (long)MSG_FASTOPEN, &at,
					 sizeof at));
}

static struct act_got network_unix(const char *name, size_t n, bool is_abstract, int type)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	long fd = network_socket(AF_UNIX, type, 0);

	for (size_t i = 0; i < n && i + 1 < sizeof at.sun_path; i++)
		at.sun_path[i + is_abstract] = name[i];
	if (fd < 0)
		return act_from(fd);
	return act_from(syscall(SYS_connect, fd, &at,
				offsetof(struct sockaddr_un, sun_path) + n + is_abstract));
}

static struct act_got network_abstract(struct intruder *x)
{
	const char *name = x->board->scene.abstract;

	return network_unix(name, view_str(name).n, true, SOCK_STREAM);
}

static struct act_got network_path(struct intruder *x)
{
	char path[100] = "";

	(void)act_path(x, "socket", path, sizeof path);
	return network_unix(path, view_str(path).n, false, SOCK_STREAM);
}

static struct act_got network_control(struct intruder *x)
{
	char path[200] = "";

	(void)snprintf(path, sizeof path, "%s/control.sock", x->board->scene.state);
	return network_unix(path, view_str(path).n, false, SOCK_SEQPACKET);
}

static struct act_got network_listen(struct intruder *x)
{
	struct sockaddr_in at = network_at("0.0.0.0", 0);
	long fd = network_socket(AF_INET, SOCK_STREAM, 0);

	(void)x;
	if (fd < 0)
		return act_from(fd);
	if (syscall(SYS_bind, fd, &at, sizeof at) < 0)
		return act_from(-1);
	return act_from(syscall(SYS_listen, fd, 1L));
}

static struct act_got network_bind(struct intruder *x)
{
	struct sockaddr_in at = network_at("127.0.0.1", 0);
	long fd = network_socket(AF_INET, SOCK_DGRAM, 0);

	(void)x;
	return fd < 0 ? act_from(fd) : act_from(syscall(SYS_bind, fd, &at, sizeof at));
}

/* Something has come to the neighbour since its count was `before`; that takes it a moment. */
static struct act_got network_arrived(const _Atomic uint32_t *count, uint32_t before, int error)
{
	uint64_t until_ms = clock_mono_ms() + NETWORK_WAIT_MS;

	do {
		if (atomic_load(count) != before)
			return act_worked("it arrived at the neighbour");
	} while (clock_mono_ms() < until_ms);
	return act_refused(error, "nothing arrived");
}

/* A descriptor that it was given, taken elsewhere: no new socket is needed for that. */
static struct act_got network_reconnect(struct intruder *x)
{
	struct sockaddr_in at = network_at("127.0.0.1", x->board->scene.port);
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	uint32_t before = atomic_load(&x->board->scene.connected);
	int error = EBADF;

	for (int fd = NETWORK_FIRST; fd < NETWORK_LAST; fd++) {
		(void)syscall(SYS_connect, fd, &none, sizeof none);
		if (syscall(SYS_connect, fd, &at, sizeof at) == 0)
			return act_worked("a socket that it was given leads elsewhere");
		error = errno;
	}
	return network_arrived(&x->board->scene.connected, before, error);
}

/* To every descriptor that it has: the kernel takes the address for those alone that can have one,
 * and says nothing of the others, so what counts is what arrives. */
static int network_send_all(const struct intruder *x, int flags)
{
	struct sockaddr_in at = network_at("192.0.2.1", x->board->scene.port);
	int error = EBADF;

	for (int fd = NETWORK_FIRST; fd < NETWORK_LAST; fd++)
		if (syscall(SYS_sendto, fd, "x", 1L, (long)(MSG_DONTWAIT | MSG_NOSIGNAL | flags),
			    &at, sizeof at) < 0)
			error = errno;
	return error;
}

static struct act_got network_resend(struct intruder *x)
{
	uint32_t before = atomic_load(&x->board->scene.received);

	return network_arrived(&x->board->scene.received, before, network_send_all(x, 0));
}

static struct act_got network_refasten(struct intruder *x)
{
	uint32_t before = atomic_load(&x->board->scene.connected);

	return network_arrived(&x->board->scene.connected, before,
			       network_send_all(x, MSG_FASTOPEN));
}

/* The same by the other call that takes an address; sendto may be watched more closely. */
static struct act_got network_message(struct intruder *x)
{
	struct sockaddr_in at = network_at("192.0.2.1", x->board->scene.port);
	struct iovec v = { (void *)(uintptr_t) "x", 1 };
	struct msghdr m = {
		.msg_name = &at, .msg_namelen = sizeof at, .msg_iov = &v, .msg_iovlen = 1
	};
	uint32_t before = atomic_load(&x->board->scene.received);
	int error = EBADF;

	for (int fd = NETWORK_FIRST; fd < NETWORK_LAST; fd++)
		if (syscall(SYS_sendmsg, fd, &m, (long)(MSG_DONTWAIT | MSG_NOSIGNAL)) < 0)
			error = errno;
	return network_arrived(&x->board->scene.received, before, error);
}

/* Streams of other protocols than the one that its rules may speak of. */
static struct act_got network_other_stream(struct intruder *x, int protocol)
{
	struct sockaddr_in at = network_at("192.0.2.1", x->board->scene.port);
	long fd = network_socket(AF_INET, SOCK_STREAM, protocol);

	return fd < 0 ? act_from(fd) : act_from(syscall(SYS_connect, fd, &at, sizeof at));
}

static struct act_got network_mptcp(struct intruder *x)
{
	return network_other_stream(x, IPPROTO_MPTCP);
}

static struct act_got network_sctp(struct intruder *x)
{
	return network_other_stream(x, IPPROTO_SCTP);
}

static struct act_got network_fastopen_message(struct intruder *x)
{
	struct sockaddr_in at = network_at("192.0.2.1", x->board->scene.port);
	struct iovec v = { (void *)(uintptr_t) "x", 1 };
	struct msghdr m = {
		.msg_name = &at, .msg_namelen = sizeof at, .msg_iov = &v, .msg_iovlen = 1
	};
	long fd = network_socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? act_from(fd) : act_from(syscall(SYS_sendmsg, fd, &m, (long)MSG_FASTOPEN));
}

static struct act_got network_pair(struct intruder *x)
{
	int pair[2];

	(void)x;
	return act_from(syscall(SYS_socketpair, (long)AF_UNIX, (long)SOCK_STREAM, 0L, pair));
}

static struct act_got network_filter(struct intruder *x)
{
	int one = 1, error = EBADF;

	(void)x;
	for (int fd = 4; fd < 64; fd++) {
		if (syscall(SYS_setsockopt, fd, (long)SOL_SOCKET, (long)SO_REUSEPORT, &one,
			    sizeof one) == 0)
			return act_worked("options of a socket that it was given");
		error = errno;
	}
	return act_refused(error, NULL);
}

#define NETWORK_FAMILY(what, text, family, type, protocol, why)                                    \
	{                                                                                          \
		.name = (what), .tries = (text), .cites = "P4 E", .call = SYS_socket,              \
		.arg = { (family), (type), (protocol) }, .unfit = (why)                            \
	}

static const char network_privileged[] = "needs rights or a module that not every machine has";

static const struct act network_acts[] = {
	NETWORK_FAMILY("socket-tcp", "make a TCP socket", AF_INET, SOCK_STREAM, 0, NULL),
	NETWORK_FAMILY("socket-udp", "make a UDP socket", AF_INET, SOCK_DGRAM, 0, NULL),
	NETWORK_FAMILY("socket-tcp6", "make a TCP socket for IPv6", AF_INET6, SOCK_STREAM, 0,
		       network_privileged),
	NETWORK_FAMILY("socket-udp6", "make a UDP socket for IPv6", AF_INET6, SOCK_DGRAM, 0,
		       network_privileged),
	NETWORK_FAMILY("socket-raw", "make a raw socket", AF_INET, SOCK_RAW, IPPROTO_ICMP,
		       network_privileged),
	NETWORK_FAMILY("socket-ping", "make a ping socket", AF_INET, SOCK_DGRAM, IPPROTO_ICMP,
		       network_privileged),
	NETWORK_FAMILY("socket-mptcp", "make an MPTCP socket", AF_INET, SOCK_STREAM, IPPROTO_MPTCP,
		       network_privileged),
	NETWORK_FAMILY("socket-sctp", "make an SCTP socket", AF_INET, SOCK_STREAM, IPPROTO_SCTP,
		       network_privileged),
	NETWORK_FAMILY("socket-unix", "make a UNIX socket", AF_UNIX, SOCK_STREAM, 0, NULL),
	NETWORK_FAMILY("socket-unix-datagram", "make a UNIX datagram socket", AF_UNIX, SOCK_DGRAM,
		       0, NULL),
	NETWORK_FAMILY("socket-netlink", "make a netlink socket", AF_NETLINK, SOCK_RAW,
		       NETLINK_ROUTE, NULL),
	NETWORK_FAMILY("socket-audit", "make a socket to the kernel's audit", AF_NETLINK, SOCK_RAW,
		       NETLINK_AUDIT, network_privileged),
	NETWORK_FAMILY("socket-packet", "make a packet socket", AF_PACKET, SOCK_RAW, 0,
		       network_privileged),
	NETWORK_FAMILY("socket-vsock", "make a socket to the hypervisor", NETWORK_VSOCK,
		       SOCK_STREAM, 0, network_privileged),
	NETWORK_FAMILY("socket-crypto", "make a socket to the kernel's ciphers", AF_ALG,
		       SOCK_SEQPACKET, 0, network_privileged),
	NETWORK_FAMILY("socket-xdp", "make an XDP socket", NETWORK_XDP, SOCK_RAW, 0,
		       network_privileged),
	NETWORK_FAMILY("socket-can", "make a CAN socket", AF_CAN, SOCK_RAW, 1, network_privileged),
	NETWORK_FAMILY("socket-tipc", "make a TIPC socket", AF_TIPC, SOCK_RDM, 0,
		       network_privileged),
	NETWORK_FAMILY("socket-bluetooth", "make a Bluetooth socket", AF_BLUETOOTH, SOCK_RAW, 1,
		       network_privileged),
	NETWORK_FAMILY("socket-key", "make a socket to IPsec", AF_KEY, SOCK_RAW, 2,
		       network_privileged),
	{ .name = "connect-neighbour",
	  .tries = "connect to a service of this machine",
	  .cites = "P4 E",
	  .run = network_neighbour },
	{ .name = "connect-inside",
	  .tries = "connect into the inside network",
	  .cites = "P4 E",
	  .run = network_inside },
	{ .name = "connect-internet",
	  .tries = "connect to the internet",
	  .cites = "P4 E",
	  .run = network_internet },
	{ .name = "connect-ipv6",
	  .tries = "connect by IPv6",
	  .cites = "P4 E",
	  .run = network_ipv6,
	  .unfit = network_privileged },
	{ .name = "connect-fastopen",
	  .tries = "connect by sending (TCP Fast Open)",
	  .cites = "P4 E",
	  .run = network_fastopen,
	  .unfit = network_privileged },
	{ .name = "connect-fastopen-message",
	  .tries = "connect by sending a message (TCP Fast Open)",
	  .cites = "P4 E",
	  .run = network_fastopen_message,
	  .unfit = network_privileged },
	{ .name = "connect-mptcp",
	  .tries = "connect by MPTCP",
	  .cites = "P4 E",
	  .run = network_mptcp,
	  .unfit = network_privileged },
	{ .name = "connect-sctp",
	  .tries = "connect by SCTP",
	  .cites = "P4 E",
	  .run = network_sctp,
	  .unfit = network_privileged },
	{ .name = "send-datagram",
	  .tries = "send a datagram to anybody",
	  .cites = "P4 E",
	  .run = network_datagram },
	{ .name = "connect-datagram",
	  .tries = "connect a datagram socket",
	  .cites = "P4 E",
	  .run = network_connected_datagram },
	{ .name = "ask-dns",
	  .tries = "carry data out in a question to a name server",
	  .cites = "P4 E",
	  .run = network_dns },
	{ .name = "connect-abstract",
	  .tries = "connect to an abstract socket of a neighbour",
	  .cites = "P4 A20",
	  .run = network_abstract },
	{ .name = "connect-path",
	  .tries = "connect to a neighbour's socket in the file system",
	  .cites = "P4 A20",
	  .run = network_path },
	{ .name = "connect-control",
	  .tries = "give the keeper commands",
	  .cites = "P4 J",
	  .run = network_control,
	  .unfit = "nobody listens there without a keeper" },
	{ .name = "listen",
	  .tries = "open a door of its own",
	  .cites = "P4 E",
	  .run = network_listen },
	{ .name = "bind", .tries = "take a port", .cites = "P4 E", .run = network_bind },
	{ .name = "socket-pair",
	  .tries = "make a pair of sockets",
	  .cites = "P5 B",
	  .run = network_pair },
	{ .name = "reconnect-given",
	  .tries = "connect a socket that it was given to elsewhere",
	  .cites = "P4 E",
	  .run = network_reconnect,
	  .flags = ACT_ENDS,
	  .unfit = "it was given nothing" },
	{ .name = "send-from-given",
	  .tries = "send a datagram from a socket that it was given, to anybody",
	  .cites = "P4 E",
	  .run = network_resend,
	  .flags = ACT_ENDS,
	  .unfit = "it was given nothing" },
	{ .name = "fastopen-given",
	  .tries = "connect a socket that it was given by sending",
	  .cites = "P4 E",
	  .run = network_refasten,
	  .flags = ACT_ENDS,
	  .unfit = "it was given nothing" },
	{ .name = "send-message-from-given",
	  .tries = "send a message from a socket that it was given, to anybody",
	  .cites = "P4 E",
	  .run = network_message,
	  .flags = ACT_ENDS,
	  .unfit = "it was given nothing" },
	{ .name = "options-of-given",
	  .tries = "let others share a listener's port",
	  .cites = "P4 A20",
	  .run = network_filter,
	  .unfit = "it was given nothing" },
};

const struct act_table act_network = { network_acts, sizeof network_acts / sizeof *network_acts,
				       ACT_NETWORK };
