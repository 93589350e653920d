/* How far the network of a process goes: interfaces and routes of its namespace, and programs that
 * its control group holds it by. */
#ifndef TOOL_BLAST_NET_H
#define TOOL_BLAST_NET_H

#include "base/err.h"
#include "base/view.h"

enum { BLAST_NET_HOOKS = 8, BLAST_NET_SHOWN = 12, BLAST_NET_RULE = 96 };

struct blast_net {
	bool is_known;
	unsigned interfaces;	 /* without lo */
	unsigned routes;	 /* IPv4 and IPv6, without those of lo */
	bool has_programs_known; /* the control group could be asked */
	unsigned programs;	 /* of the control group and those around it, on connect, send and
				    socket */
	bool holds_connect;	 /* one of them looks at every connect(2) */
	unsigned rules;		 /* entries of tables by which they decide; frozen ones only */
	char rule[BLAST_NET_SHOWN][BLAST_NET_RULE]; /* "tcp 10.0.0.1:8080" */
	size_t rule_n;
};

/* blast_net_interfaces - of /proc/PID/net/dev: how many there are but lo */
unsigned blast_net_interfaces(struct view text);

/* blast_net_routes, blast_net_routes_v6 - of /proc/PID/net/route, ipv6_route: how many lead further
 * than lo */
unsigned blast_net_routes(struct view text);
unsigned blast_net_routes_v6(struct view text);

/* blast_net_group - of /proc/PID/cgroup: the path of cgroup2, "0::/a/b"; empty: none */
struct view blast_net_group(struct view text);

/* blast_net_mount - of /proc/self/mountinfo: where cgroup2 is mounted, escapes undone, with a NUL.
 * E_CLOSED nowhere · E_LIMIT */
enum err blast_net_mount(struct view text, char *ret, size_t cap);

/* blast_net_look - E_CLOSED it has ended · E_DENIED not allowed · E_NOMEM, E_SYS */
enum err blast_net_look(int pid, struct blast_net *ret);

#endif
