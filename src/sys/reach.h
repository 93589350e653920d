/*
 * How far a process can reach (promise P4, THREATS E): a cgroup whose members may connect to, and
 * send to, the listed networks and ports and nothing else, held by programs in the kernel.
 *
 * Landlock knows ports only; cgroup BPF sees the address of every connect(2) and of every UDP
 * sendmsg(2), IPv4-mapped IPv6 and implicit binding and fast open included, and the kind of every
 * IP socket. The table is frozen once it is filled: nobody, root's bpf(2) included, changes it
 * while it lives. Made by the keeper when it is root, before the process is born in it.
 */
#ifndef SYS_REACH_H
#define SYS_REACH_H

#include "base/ip.h"

enum { REACH_TCP = 6, REACH_UDP = 17, REACH_NAME_MAX = 48 };

struct reach_rule {
	struct ip_net net;
	uint16_t port;
	uint8_t protocol; /* REACH_TCP or REACH_UDP */
};

struct reach {
	int cgroup_fd; /* for spawn_spec.cgroup_fd; -1: none */
	int parent_fd;
	char name[REACH_NAME_MAX]; /* of the directory in parent_fd */
};

/*
 * reach_new - a new cgroup below the caller's own, with these rules in force
 *   rules    borrows; more than one may match; none: nothing can be reached
 *   number   part of the name, to tell the caller's own cgroups apart
 *   ret_why  on E_DENIED: what this machine lacks, for people
 * Cgroups that dead processes (or this one) have left behind are removed first, when empty.
 * E_DENIED not root, no cgroup2, no BPF · E_SYS (logged)
 */
enum err reach_new(const struct reach_rule *rules, size_t n, uint32_t number, struct reach *ret,
		   const char **ret_why);

/* reach_done - removes the cgroup, when its last process has ended, and closes. Accepts an empty
 * one: cgroup_fd and parent_fd -1 */
void reach_done(struct reach *r);

/* reach_place - the path of the caller's own cgroup. E_DENIED no cgroup2 hierarchy is mounted as a
 * whole · E_LIMIT cap bytes are too few */
enum err reach_place(char *path, size_t cap);

#endif
