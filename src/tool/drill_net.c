/* A local route for everything, as an administrator would make it: ip route add local default dev
 * lo. So the listeners' addresses can be bound, and an intruder who gets out arrives. */
#include "tool/drill_net.h"

#include "base/wbuf.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NET_LOOPBACK = 1 /* its index in every namespace */ };

struct net_question {
	struct nlmsghdr head;
	struct rtmsg route;
	struct rtattr attribute;
	uint32_t index;
};

static enum err net_up(void)
{
	struct ifreq r = { .ifr_name = "lo" };
	AUTO_FD fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	r.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
	return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &r) < 0 ? E_SYS : E_OK;
}

static enum err net_ask(const struct net_question *q)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		uint8_t rest[256];
	} answer;
	AUTO_FD fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t n = 0;

	if (fd < 0 || send(fd, q, sizeof *q, 0) != (ssize_t)sizeof *q)
		return E_SYS;
	n = recv(fd, &answer, sizeof answer, 0);
	if (n < (ssize_t)(sizeof answer.head + sizeof answer.error) ||
	    answer.head.nlmsg_type != NLMSG_ERROR)
		return E_SYS;
	errno = -answer.error.error;
	return answer.error.error ? E_SYS : E_OK;
}

static enum err net_route(uint8_t family)
{
	struct net_question q = {
		.head = { .nlmsg_len = sizeof q,
			  .nlmsg_type = RTM_NEWROUTE,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
			  .nlmsg_seq = 1 },
		.route = { .rtm_family = family,
			   .rtm_table = RT_TABLE_LOCAL,
			   .rtm_protocol = RTPROT_STATIC,
			   .rtm_scope = RT_SCOPE_HOST,
			   .rtm_type = RTN_LOCAL },
		.attribute = { .rta_len = RTA_LENGTH(sizeof q.index), .rta_type = RTA_OIF },
		.index = NET_LOOPBACK,
	};

	return net_ask(&q);
}

/* An ordinary user's twin may bind what his instance binds, by whatever right it has that. */
static void net_open_ports(void)
{
	AUTO_FD fd = open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || fd_write_all(fd, VIEW("0")) != E_OK) {
		/* then the keeper says which port it can't have */
	}
}

enum err drill_net_open(uint8_t *ret_has_ipv6)
{
	TRY(net_up());
	TRY(net_route(AF_INET));
	*ret_has_ipv6 = net_route(AF_INET6) == E_OK;
	net_open_ports();
	return E_OK;
}
