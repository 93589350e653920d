/*
 * The cgroup and its programs; linked by the keeper.
 *
 * The programs are written out by hand: they take the address apart, look {port, protocol, address}
 * up in a longest-prefix trie and answer yes or no. Port and protocol are whole (32 bits of each
 * prefix), so a rule's prefix is only ever shorter in its address. No loop, no pointer, no write.
 */
#include "sys/reach.h"

#include "sys/fd.h"
#include "sys/log.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REACH_PREFIX "sluis-dialer-"

enum {
	REACH_PROGRAM_MAX = 64,
	REACH_LINE_MAX = 4096,
	REACH_WHOLE_BITS = 32 /* of a key, before the address */
};

/* A key of the trie, as BPF_MAP_TYPE_LPM_TRIE wants it: the length in bits, then the bits. */
struct reach_key {
	uint32_t bits;
	uint16_t port; /* network order */
	uint8_t protocol;
	uint8_t pad;
	uint8_t address[16]; /* IPv4 mapped */
};
_Static_assert(sizeof(struct reach_key) == 24, "no padding: the programs write it by offset");

static long reach_bpf(int command, union bpf_attr *a)
{
	return syscall(SYS_bpf, command, a, sizeof *a);
}

/* --- the programs --- */

struct reach_code {
	struct bpf_insn insn[REACH_PROGRAM_MAX];
	uint32_t n;
};

static void reach_emit(struct reach_code *c, uint8_t code, uint8_t dst, uint8_t src, int16_t off,
		       int32_t imm)
{
	INVARIANT(c->n < REACH_PROGRAM_MAX);
	c->insn[c->n++] = (struct bpf_insn){
		.code = code, .dst_reg = dst & 0xfu, .src_reg = src & 0xfu, .off = off, .imm = imm
	};
}

/* Register r1 = 32 bits of the context at from. */
static void reach_load(struct reach_code *c, size_t from)
{
	reach_emit(c, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_1, BPF_REG_6, (int16_t)from, 0);
}

/* The key lies at the top of the stack: offset in it, from the frame pointer. */
static int16_t reach_at(size_t in_key)
{
	return (int16_t)((int)in_key - (int)sizeof(struct reach_key));
}

static void reach_store(struct reach_code *c, uint8_t size, size_t in_key)
{
	reach_emit(c, (uint8_t)(BPF_STX | BPF_MEM | size), BPF_REG_10, BPF_REG_1, reach_at(in_key),
		   0);
}

static void reach_store_number(struct reach_code *c, size_t in_key, uint32_t x)
{
	reach_emit(c, BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, reach_at(in_key), (int32_t)x);
}

static void reach_return(struct reach_code *c, int32_t value)
{
	reach_emit(c, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, value);
	reach_emit(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void reach_code_address_v4(struct reach_code *c)
{
	reach_store_number(c, offsetof(struct reach_key, address), 0);
	reach_store_number(c, offsetof(struct reach_key, address) + 4, 0);
	reach_store_number(c, offsetof(struct reach_key, address) + 8, htonl(0xffff));
	reach_load(c, offsetof(struct bpf_sock_addr, user_ip4));
	reach_store(c, BPF_W, offsetof(struct reach_key, address) + 12);
}

static void reach_code_address_v6(struct reach_code *c)
{
	for (size_t i = 0; i < 16; i += 4) {
		reach_load(c, offsetof(struct bpf_sock_addr, user_ip6) + i);
		reach_store(c, BPF_W, offsetof(struct reach_key, address) + i);
	}
}

/* connect(2) and sendmsg(2): may this address be spoken to? */
static void reach_code_address(struct reach_code *c, int map_fd, bool is_v6)
{
	reach_emit(c, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_6, BPF_REG_1, 0, 0);
	reach_store_number(c, offsetof(struct reach_key, bits), REACH_WHOLE_BITS + 128);
	/* port, protocol and pad in one word first, so that no byte of the key is unset */
	reach_store_number(c, offsetof(struct reach_key, port), 0);
	reach_load(c, offsetof(struct bpf_sock_addr, user_port));
	reach_store(c, BPF_H, offsetof(struct reach_key, port));
	reach_load(c, offsetof(struct bpf_sock_addr, protocol));
	reach_store(c, BPF_B, offsetof(struct reach_key, protocol));
	if (is_v6)
		reach_code_address_v6(c);
	else
		reach_code_address_v4(c);
	/* r1 = the map: a load of 64 immediate bits (BPF_LD, BPF_IMM: both 0) in two instructions,
	 * which the kernel turns into its address */
	reach_emit(c, BPF_LD | BPF_DW, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map_fd);
	reach_emit(c, 0, 0, 0, 0, 0);
	reach_emit(c, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0);
	reach_emit(c, BPF_ALU64 | BPF_ADD, BPF_REG_2, 0, 0, reach_at(0)); /* BPF_K: 0 */
	reach_emit(c, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem);
	reach_emit(c, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 2, 0);
	reach_return(c, 1);
	reach_return(c, 0);
}

/* socket(2): TCP streams and UDP datagrams; no raw, ping, SCTP or MPTCP socket. */
static void reach_code_socket(struct reach_code *c)
{
	static const struct {
		int32_t type, protocol;
	} allowed[] = { { SOCK_STREAM, REACH_TCP }, { SOCK_DGRAM, REACH_UDP } };

	reach_emit(c, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_6, BPF_REG_1, 0, 0);
	for (unsigned i = 0; i < 2; i++) {
		reach_load(c, offsetof(struct bpf_sock, type));
		reach_emit(c, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_1, 0, 4, allowed[i].type);
		reach_load(c, offsetof(struct bpf_sock, protocol));
		reach_emit(c, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_1, 0, 2, allowed[i].protocol);
		reach_return(c, 1);
	}
	reach_return(c, 0);
}

struct reach_hook {
	const char *name;
	uint32_t program_type, attach_type;
	bool is_v6;
};

static const struct reach_hook reach_hooks[] = {
	{ "connect4", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT, false },
	{ "connect6", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_CONNECT, true },
	{ "sendmsg4", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_SENDMSG, false },
	{ "sendmsg6", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_SENDMSG, true },
	{ "socket", BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE, false },
};

static enum err reach_attach(int cgroup_fd, int map_fd, const struct reach_hook *h)
{
	static const char license[] = "Apache-2.0";
	struct reach_code code = { 0 };
	union bpf_attr load = { 0 }, attach = { 0 };
	AUTO_FD fd = -1;

	if (h->program_type == BPF_PROG_TYPE_CGROUP_SOCK)
		reach_code_socket(&code);
	else
		reach_code_address(&code, map_fd, h->is_v6);
	load.prog_type = h->program_type;
	load.expected_attach_type = h->attach_type;
	load.insns = (uintptr_t)code.insn;
	load.insn_cnt = code.n;
	load.license = (uintptr_t)license;
	fd = (int)reach_bpf(BPF_PROG_LOAD, &load);
	if (fd < 0)
		return log_errno(h->name);
	attach.target_fd = (uint32_t)cgroup_fd;
	attach.attach_bpf_fd = (uint32_t)fd;
	attach.attach_type = h->attach_type;
	/* beside what the administrator may have attached above: all must agree */
	attach.attach_flags = BPF_F_ALLOW_MULTI;
	return reach_bpf(BPF_PROG_ATTACH, &attach) < 0 ? log_errno(h->name) : E_OK;
}

/* --- the table --- */

static enum err reach_map_put(int map_fd, const struct reach_rule *rule)
{
	struct reach_key key = { .bits = REACH_WHOLE_BITS + (uint32_t)rule->net.bits,
				 .port = htons(rule->port),
				 .protocol = rule->protocol };
	uint32_t value = 1;
	union bpf_attr a = { 0 };

	memcpy(key.address, rule->net.ip.b, sizeof key.address);
	a.map_fd = (uint32_t)map_fd;
	a.key = (uintptr_t)&key;
	a.value = (uintptr_t)&value;
	return reach_bpf(BPF_MAP_UPDATE_ELEM, &a) < 0 ? log_errno("a rule of the dialer's reach")
						      : E_OK;
}

static enum err reach_map_new(const struct reach_rule *rules, size_t n, int *ret_fd,
			      const char **ret_why)
{
	union bpf_attr a = { 0 };
	AUTO_FD fd = -1;

	a.map_type = BPF_MAP_TYPE_LPM_TRIE;
	a.key_size = sizeof(struct reach_key);
	a.value_size = sizeof(uint32_t);
	a.max_entries = n ? (uint32_t)n : 1;
	a.map_flags = BPF_F_NO_PREALLOC | BPF_F_RDONLY_PROG;
	fd = (int)reach_bpf(BPF_MAP_CREATE, &a);
	if (fd < 0) {
		*ret_why = "the kernel does not allow BPF";
		return E_DENIED;
	}
	for (size_t i = 0; i < n; i++)
		TRY(reach_map_put(fd, &rules[i]));
	a = (union bpf_attr){ 0 };
	a.map_fd = (uint32_t)fd;
	if (reach_bpf(BPF_MAP_FREEZE, &a) < 0)
		return log_errno("freezing the dialer's reach");
	*ret_fd = fd_steal(&fd);
	return E_OK;
}

/* --- the cgroup --- */

/* The next word of a line of /proc, separated by one space. */
static struct view reach_word(struct view *line)
{
	size_t n = view_find(*line, ' ');
	struct view word = view_slice(*line, 0, n);

	*line = view_slice(*line, n + 1, line->n);
	return word;
}

/* proc(5) mountinfo: "36 35 98:0 /root /mount/point options [optional ...] - type source options"
 */
static bool reach_mount_of(struct view line, struct view *ret_root, struct view *ret_point)
{
	struct view word = { 0 };

	for (unsigned i = 0; i < 3; i++)
		(void)reach_word(&line);
	*ret_root = reach_word(&line);
	*ret_point = reach_word(&line);
	do {
		word = reach_word(&line);
	} while (line.n && !view_eq(word, VIEW("-")));
	return view_eq(reach_word(&line), VIEW("cgroup2"));
}

/* A file of /proc, line by line through a small buffer; a line that does not fit is left out. */
struct reach_lines {
	int fd;
	size_t from, to;
	uint8_t buf[REACH_LINE_MAX];
};

static bool reach_next_line(struct reach_lines *l, struct view *ret)
{
	for (;;) {
		struct view rest = view_of(l->buf + l->from, l->to - l->from);
		size_t n = view_find(rest, '\n');
		ssize_t got = 0;

		if (n < rest.n) {
			*ret = view_slice(rest, 0, n);
			l->from += n + 1;
			return true;
		}
		if (l->from == 0 && l->to == sizeof l->buf)
			l->to = 0;
		memmove(l->buf, l->buf + l->from, l->to - l->from);
		l->to -= l->from;
		l->from = 0;
		got = read(l->fd, l->buf + l->to, sizeof l->buf - l->to);
		if (got <= 0)
			return false;
		l->to += (size_t)got;
	}
}

/* Where the cgroup2 hierarchy is mounted, into path. One that is mounted in part, or at a path
 * that mountinfo has to escape, is not for us. */
static enum err reach_mount_point(struct wbuf *path)
{
	struct reach_lines lines = { .fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC) };
	AUTO_FD fd = lines.fd;
	struct view line = { 0 }, root = { 0 }, point = { 0 };

	while (fd >= 0 && reach_next_line(&lines, &line)) {
		if (!reach_mount_of(line, &root, &point) || !view_eq(root, VIEW("/")) ||
		    view_find(point, '\\') != point.n)
			continue;
		wbuf_view_put(path, point);
		return wbuf_check(path);
	}
	return E_DENIED;
}

/* proc(5) cgroup: "0::/path" is this process in the cgroup2 hierarchy. */
static enum err reach_own_cgroup(struct wbuf *path)
{
	struct reach_lines lines = { .fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC) };
	AUTO_FD fd = lines.fd;
	struct view line = { 0 };

	while (fd >= 0 && reach_next_line(&lines, &line))
		if (view_starts(line, VIEW("0::/"))) {
			wbuf_view_put(path, view_slice(line, 3, line.n));
			return wbuf_check(path);
		}
	return E_DENIED;
}

enum err reach_place(char *path, size_t cap)
{
	struct wbuf w = wbuf_of(path, cap - 1);

	TRY(reach_mount_point(&w));
	TRY(reach_own_cgroup(&w));
	path[w.n] = '\0';
	return E_OK;
}

static enum err reach_open_own(int *ret_fd)
{
	char text[REACH_LINE_MAX] = "";
	int fd = -1;

	TRY(reach_place(text, sizeof text));
	fd = open(text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return E_DENIED;
	*ret_fd = fd;
	return E_OK;
}

/* --- leftovers --- */

/* The process that made a directory called "sluis-dialer-PID-NUMBER"; 0: it is not called so. */
static pid_t reach_maker(const char *name)
{
	struct view v = view_str(name);
	uint64_t pid = 0;

	if (!view_starts(v, VIEW(REACH_PREFIX)))
		return 0;
	v = view_slice(v, sizeof REACH_PREFIX - 1, v.n);
	if (view_dec(view_slice(v, 0, view_find(v, '-')), &pid) != E_OK || pid > INT32_MAX)
		return 0;
	return (pid_t)pid;
}

/* One that has processes in it stays: the kernel refuses to remove it. */
static void reach_sweep(int parent_fd)
{
	int fd = openat(parent_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e = NULL;

	if (!dir) {
		(void)fd_close(fd);
		return;
	}
	/* one thread, and a stream of our own: readdir() is safe */
	while ((e = readdir(dir)) != NULL) { // NOLINT(concurrency-mt-unsafe)
		pid_t pid = reach_maker(e->d_name);

		if (pid && (pid == getpid() || (kill(pid, 0) < 0 && errno == ESRCH)))
			(void)unlinkat(parent_fd, e->d_name, AT_REMOVEDIR);
	}
	(void)closedir(dir);
}

/* --- both --- */

enum { REACH_TRIES = 256 };

/* A name that is taken belongs to a process of this one's earlier program (an upgrade keeps the
 * pid): the next one then. */
static enum err reach_make_directory(uint32_t number, struct reach *r)
{
	for (uint32_t i = 0; i < REACH_TRIES; i++) {
		struct wbuf w = wbuf_of(r->name, sizeof r->name - 1);

		WBUF_LIT(&w, REACH_PREFIX);
		wbuf_dec(&w, (uint64_t)getpid());
		WBUF_LIT(&w, "-");
		wbuf_dec(&w, number + i);
		r->name[w.n] = '\0';
		if (mkdirat(r->parent_fd, r->name, 0755) == 0)
			return E_OK;
		if (errno != EEXIST)
			break;
	}
	return E_DENIED;
}

static enum err reach_make(uint32_t number, struct reach *r, const char **ret_why)
{
	if (geteuid() != 0 || reach_open_own(&r->parent_fd) != E_OK) {
		*ret_why = geteuid() != 0 ? "not started by root"
					  : "no cgroup2 hierarchy is mounted as a whole";
		return E_DENIED;
	}
	reach_sweep(r->parent_fd);
	if (reach_make_directory(number, r) != E_OK) {
		r->name[0] = '\0'; /* it is not ours to remove */
		*ret_why = "a cgroup can't be made below the own one";
		return E_DENIED;
	}
	r->cgroup_fd = openat(r->parent_fd, r->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return r->cgroup_fd < 0 ? log_errno(r->name) : E_OK;
}

static enum err reach_fill(const struct reach_rule *rules, size_t n, struct reach *r,
			   const char **ret_why)
{
	AUTO_FD map_fd = -1;

	TRY(reach_map_new(rules, n, &map_fd, ret_why));
	for (unsigned i = 0; i < sizeof reach_hooks / sizeof *reach_hooks; i++)
		TRY(reach_attach(r->cgroup_fd, map_fd, &reach_hooks[i]));
	return E_OK;
}

enum err reach_new(const struct reach_rule *rules, size_t n, uint32_t number, struct reach *ret,
		   const char **ret_why)
{
	struct reach r = { .cgroup_fd = -1, .parent_fd = -1 };
	enum err e = reach_make(number, &r, ret_why);

	if (e == E_OK)
		e = reach_fill(rules, n, &r, ret_why);
	if (e != E_OK) {
		reach_done(&r);
		return e;
	}
	*ret = r;
	return E_OK;
}

void reach_done(struct reach *r)
{
	r->cgroup_fd = fd_close(r->cgroup_fd);
	if (r->name[0] && r->parent_fd >= 0 && unlinkat(r->parent_fd, r->name, AT_REMOVEDIR) < 0 &&
	    errno != ENOENT)
		(void)log_errno(r->name);
	r->name[0] = '\0';
	r->parent_fd = fd_close(r->parent_fd);
}
