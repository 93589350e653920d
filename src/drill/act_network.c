/* The network: sockets of every family, and what can be done with those that it was given. In the
 * twin every address leads to a neighbour that listens, so whatever leaves arrives. */
#include "base/view.h"
#include "drill/act.h"

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
enum { NETWORK_DNS = 53, NETWORK_VSOCK = 40, NETWORK_XDP = 44, NETWORK_ELSEWHERE = 443 };

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

static struct act_got network_https(struct intruder *x)
{
	(void)x;
	return network_connect("198.51.100.7", NETWORK_ELSEWHERE, SOCK_STREAM);
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

	return network_unix(act_path(x, "socket", path, sizeof path), view_str(path).n, false,
			    SOCK_STREAM);
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

/* A descriptor that it was given, taken elsewhere: no new socket is needed for that. */
static struct act_got network_reconnect(struct intruder *x)
{
	struct sockaddr_in at = network_at("127.0.0.1", x->board->scene.port);
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	int error = EBADF;

	for (int fd = 4; fd < 64; fd++) {
		(void)syscall(SYS_connect, fd, &none, sizeof none);
		if (syscall(SYS_connect, fd, &at, sizeof at) == 0)
			return act_worked("a socket that it was given leads elsewhere");
		error = errno;
	}
	return act_refused(error, NULL);
}

static struct act_got network_resend(struct intruder *x)
{
	struct sockaddr_in at = network_at("192.0.2.1", x->board->scene.port);
	int error = EBADF;

	for (int fd = 4; fd < 64; fd++) {
		if (syscall(SYS_sendto, fd, "x", 1L, (long)(MSG_DONTWAIT | MSG_NOSIGNAL), &at,
			    sizeof at) >= 0)
			return act_worked("a datagram from a socket that it was given");
		error = errno;
	}
	return act_refused(error, NULL);
}

static struct act_got network_refasten(struct intruder *x)
{
	struct sockaddr_in at = network_at("192.0.2.1", x->board->scene.port);
	int error = EBADF;

	for (int fd = 4; fd < 64; fd++) {
		long n =
			syscall(SYS_sendto, fd, "x", 1L,
				(long)(MSG_DONTWAIT | MSG_NOSIGNAL | MSG_FASTOPEN), &at, sizeof at);

		if (n >= 0 || errno == EINPROGRESS)
			return act_worked("a socket that it was given connects elsewhere");
		error = errno;
	}
	return act_refused(error, NULL);
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
	{ .name = "connect-https",
	  .tries = "connect to port 443 of somebody",
	  .cites = "P4 E",
	  .run = network_https },
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
	{ .name = "options-of-given",
	  .tries = "let others share a listener's port",
	  .cites = "P4 A20",
	  .run = network_filter,
	  .unfit = "it was given nothing" },
};

const struct act_table act_network = { network_acts, sizeof network_acts / sizeof *network_acts,
				       ACT_NETWORK };
