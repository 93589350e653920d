/*
 * Programs are asked for as the kernel would run them, those of the groups around included. Of
 * their tables only frozen ones are read as rules: another can change in the next moment.
 */
#include "tool/blast_reach.h"

#include "base/wbuf.h"
#include "sys/fd.h"
#include "tool/proc_file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	REACH_PROGRAMS = 64,
	REACH_MAPS = 16,
	REACH_KEY = 24,
	REACH_WHOLE = 32, /* bits of port and protocol */
	REACH_MAPPED = 96,
	REACH_RULES = 65536
};

static const uint32_t reach_hooks[] = { BPF_CGROUP_INET4_CONNECT,    BPF_CGROUP_INET6_CONNECT,
					BPF_CGROUP_UDP4_SENDMSG,     BPF_CGROUP_UDP6_SENDMSG,
					BPF_CGROUP_INET_SOCK_CREATE, BPF_CGROUP_INET_EGRESS };

static long reach_bpf(int command, union bpf_attr *a)
{
	return syscall(SYS_bpf, command, a, sizeof *a);
}

static bool reach_is_mapped(struct view address)
{
	static const uint8_t front[12] = { [10] = 0xff, [11] = 0xff };

	return view_starts(address, view_of(front, sizeof front));
}

bool blast_reach_put_rule(struct view key, char ret[BLAST_NET_RULE])
{
	uint32_t bits = 0;
	struct wbuf to = wbuf_of(&bits, sizeof bits);
	struct view address = view_slice(key, 8, 16);
	char text[INET6_ADDRSTRLEN] = "";
	bool is_v4 = reach_is_mapped(address);
	unsigned port = 0, length = 0;

	if (key.n != REACH_KEY || (key.p[6] != IPPROTO_TCP && key.p[6] != IPPROTO_UDP))
		return false;
	wbuf_view_put(&to, view_slice(key, 0, 4)); /* in the order of this machine */
	port = (unsigned)key.p[4] << 8 | key.p[5];
	if (bits < REACH_WHOLE + (is_v4 ? REACH_MAPPED : 0) || bits > REACH_WHOLE + 128)
		return false;
	length = bits - REACH_WHOLE - (is_v4 ? REACH_MAPPED : 0);
	if (!inet_ntop(is_v4 ? AF_INET : AF_INET6, &address.p[is_v4 ? 12 : 0], text, sizeof text))
		return false;
	(void)snprintf(ret, BLAST_NET_RULE, "%s %s%s%s/%u port %u",
		       key.p[6] == IPPROTO_TCP ? "tcp" : "udp", is_v4 ? "" : "[", text,
		       is_v4 ? "" : "]", length, port);
	return true;
}

static void reach_entries(int map_fd, struct blast_net *n)
{
	uint8_t key[REACH_KEY] = { 0 }, next[REACH_KEY] = { 0 };
	union bpf_attr a = { 0 };

	a.map_fd = (uint32_t)map_fd;
	a.next_key = (uintptr_t)next;
	while (n->rules < REACH_RULES && reach_bpf(BPF_MAP_GET_NEXT_KEY, &a) == 0) {
		struct wbuf w = wbuf_of(key, sizeof key);

		if (n->rule_n < BLAST_NET_SHOWN &&
		    blast_reach_put_rule(view_of(next, sizeof next), n->rule[n->rule_n]))
			n->rule_n++;
		n->rules++;
		wbuf_put(&w, next, sizeof next);
		a.key = (uintptr_t)key;
	}
}

static bool reach_is_frozen(int fd)
{
	char path[64];
	struct proc_file f = { 0 };
	struct view text = { 0 };
	bool is_frozen = false;

	(void)snprintf(path, sizeof path, "self/fdinfo/%d", fd);
	if (proc_file_read(0, path, 4096, &f) != E_OK)
		return false;
	text = view_of(f.p, f.n);
	while (text.n && !is_frozen) {
		struct view line = view_slice(text, 0, view_find(text, '\n'));

		is_frozen = view_eq(line, VIEW("frozen:\t1"));
		text = view_slice(text, line.n + 1, text.n);
	}
	proc_file_done(&f);
	return is_frozen;
}

static int reach_open(int command, uint32_t id)
{
	union bpf_attr a = { 0 };

	a.prog_id = id; /* the same place as map_id */
	return (int)reach_bpf(command, &a);
}

static void reach_map(uint32_t id, struct blast_net *n)
{
	AUTO_FD fd = reach_open(BPF_MAP_GET_FD_BY_ID, id);
	struct bpf_map_info info = { 0 };
	union bpf_attr a = { 0 };

	a.info.bpf_fd = (uint32_t)fd;
	a.info.info_len = sizeof info;
	a.info.info = (uintptr_t)&info;
	if (fd < 0 || reach_bpf(BPF_OBJ_GET_INFO_BY_FD, &a) < 0 ||
	    info.type != BPF_MAP_TYPE_LPM_TRIE || info.key_size != REACH_KEY ||
	    !reach_is_frozen(fd))
		return;
	reach_entries(fd, n);
}

/* Maps of a program that looks at connect(2); the others have the same one. */
static void reach_program(uint32_t id, struct blast_net *n)
{
	AUTO_FD fd = reach_open(BPF_PROG_GET_FD_BY_ID, id);
	uint32_t maps[REACH_MAPS] = { 0 };
	struct bpf_prog_info info = { .nr_map_ids = REACH_MAPS, .map_ids = (uintptr_t)maps };
	union bpf_attr a = { 0 };

	a.info.bpf_fd = (uint32_t)fd;
	a.info.info_len = sizeof info;
	a.info.info = (uintptr_t)&info;
	if (fd < 0 || reach_bpf(BPF_OBJ_GET_INFO_BY_FD, &a) < 0)
		return;
	for (uint32_t i = 0; i < info.nr_map_ids && i < REACH_MAPS; i++)
		reach_map(maps[i], n);
}

enum err blast_reach_look(int group_fd, struct blast_net *ret)
{
	bool has_four = false, has_six = false;

	for (size_t i = 0; i < sizeof reach_hooks / sizeof *reach_hooks; i++) {
		uint32_t ids[REACH_PROGRAMS] = { 0 };
		union bpf_attr a = { 0 };

		a.query.target_fd = (uint32_t)group_fd;
		a.query.attach_type = reach_hooks[i];
		a.query.query_flags = BPF_F_QUERY_EFFECTIVE;
		a.query.prog_ids = (uintptr_t)ids;
		a.query.prog_cnt = REACH_PROGRAMS;
		if (reach_bpf(BPF_PROG_QUERY, &a) < 0)
			return proc_file_error(errno);
		ret->programs += a.query.prog_cnt;
		has_four |= a.query.prog_cnt && reach_hooks[i] == BPF_CGROUP_INET4_CONNECT;
		has_six |= a.query.prog_cnt && reach_hooks[i] == BPF_CGROUP_INET6_CONNECT;
		if (reach_hooks[i] == BPF_CGROUP_INET4_CONNECT)
			for (uint32_t k = 0; k < a.query.prog_cnt && k < REACH_PROGRAMS; k++)
				reach_program(ids[k], ret);
	}
	ret->holds_connect = has_four && has_six;
	return E_OK;
}
