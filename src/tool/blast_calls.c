/* libseccomp knows the names up to its own age; the newer ones are here. */
#include "tool/blast_calls.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

enum {
	CALLS_X32 = 0x40000000,
	CALLS_RX = PROT_READ | PROT_EXEC,
	CALLS_STRANGER = 4194000, /* a process that is not itself: near the highest number */
	CALLS_NEWER = 451,
	CALLS_OPENAT2 = 437,
	CALLS_FCHMODAT2 = 452
};

/* From CALLS_NEWER on. */
static const char *const calls_newer[] = {
	"cachestat",	     "fchmodat2",	  "map_shadow_stack", "futex_wake",
	"futex_wait",	     "futex_requeue",	  "statmount",	      "listmount",
	"lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules", "mseal",
	"setxattrat",	     "getxattrat",	  "listxattrat",      "removexattrat",
	"open_tree_attr",    "file_getattr",	  "file_setattr",
};

struct calls_row {
	const char *name; /* NULL: as the call is called */
	uint16_t number;
	uint8_t power; /* enum blast_power */
	uint8_t known; /* arguments that are asked with a value */
	uint8_t arg;
	uint64_t value;
};

#define CALLS_ANY(call, power)                                                                     \
	{                                                                                          \
		NULL, SYS_##call, power, 0, 0, 0                                                   \
	}
#define CALLS_WITH(call, power, arg, value, words)                                                 \
	{                                                                                          \
		words, SYS_##call, power, 1U << (arg), arg, (uint64_t)(value)                      \
	}

static const struct calls_row calls_rows[] = {
	CALLS_ANY(execve, BLAST_POWER_EXEC),
	CALLS_ANY(execveat, BLAST_POWER_EXEC),
	CALLS_ANY(open, BLAST_POWER_OPEN),
	CALLS_ANY(openat, BLAST_POWER_OPEN),
	{ "openat2", CALLS_OPENAT2, BLAST_POWER_OPEN, 0, 0, 0 },
	CALLS_ANY(creat, BLAST_POWER_OPEN),
	CALLS_ANY(open_by_handle_at, BLAST_POWER_OPEN),
	CALLS_ANY(unlink, BLAST_POWER_CHANGE),
	CALLS_ANY(unlinkat, BLAST_POWER_CHANGE),
	CALLS_ANY(rename, BLAST_POWER_CHANGE),
	CALLS_ANY(renameat, BLAST_POWER_CHANGE),
	CALLS_ANY(renameat2, BLAST_POWER_CHANGE),
	CALLS_ANY(mkdir, BLAST_POWER_CHANGE),
	CALLS_ANY(mkdirat, BLAST_POWER_CHANGE),
	CALLS_ANY(link, BLAST_POWER_CHANGE),
	CALLS_ANY(linkat, BLAST_POWER_CHANGE),
	CALLS_ANY(symlink, BLAST_POWER_CHANGE),
	CALLS_ANY(symlinkat, BLAST_POWER_CHANGE),
	CALLS_ANY(mknod, BLAST_POWER_CHANGE),
	CALLS_ANY(mknodat, BLAST_POWER_CHANGE),
	CALLS_ANY(truncate, BLAST_POWER_CHANGE),
	CALLS_ANY(chmod, BLAST_POWER_CHANGE),
	CALLS_ANY(fchmod, BLAST_POWER_CHANGE),
	CALLS_ANY(fchmodat, BLAST_POWER_CHANGE),
	{ "fchmodat2", CALLS_FCHMODAT2, BLAST_POWER_CHANGE, 0, 0, 0 },
	CALLS_ANY(chown, BLAST_POWER_CHANGE),
	CALLS_ANY(fchown, BLAST_POWER_CHANGE),
	CALLS_ANY(fchownat, BLAST_POWER_CHANGE),
	CALLS_WITH(socket, BLAST_POWER_INET, 0, AF_INET, "socket(AF_INET)"),
	CALLS_WITH(socket, BLAST_POWER_INET, 0, AF_INET6, "socket(AF_INET6)"),
	CALLS_WITH(socket, BLAST_POWER_UNIX, 0, AF_UNIX, "socket(AF_UNIX)"),
	CALLS_WITH(socket, BLAST_POWER_SOCKET, 0, AF_NETLINK, "socket(AF_NETLINK)"),
	CALLS_WITH(socket, BLAST_POWER_SOCKET, 0, AF_PACKET, "socket(AF_PACKET)"),
	CALLS_WITH(socket, BLAST_POWER_SOCKET, 0, AF_ALG, "socket(AF_ALG)"),
	CALLS_WITH(socket, BLAST_POWER_SOCKET, 0, AF_VSOCK, "socket(AF_VSOCK)"),
	CALLS_ANY(connect, BLAST_POWER_CONNECT),
	CALLS_ANY(bind, BLAST_POWER_LISTEN),
	CALLS_ANY(listen, BLAST_POWER_LISTEN),
	CALLS_WITH(kill, BLAST_POWER_SIGNAL, 0, CALLS_STRANGER, "kill of another process"),
	CALLS_WITH(kill, BLAST_POWER_SIGNAL, 0, -1, "kill of all processes"),
	CALLS_WITH(tkill, BLAST_POWER_SIGNAL, 0, CALLS_STRANGER, "tkill of another process"),
	CALLS_WITH(tgkill, BLAST_POWER_SIGNAL, 0, CALLS_STRANGER, "tgkill of another process"),
	CALLS_WITH(rt_sigqueueinfo, BLAST_POWER_SIGNAL, 0, CALLS_STRANGER,
		   "rt_sigqueueinfo to another process"),
	CALLS_ANY(pidfd_send_signal, BLAST_POWER_SIGNAL),
	CALLS_ANY(ptrace, BLAST_POWER_TRACE),
	CALLS_ANY(process_vm_readv, BLAST_POWER_TRACE),
	CALLS_ANY(process_vm_writev, BLAST_POWER_TRACE),
	CALLS_ANY(pidfd_getfd, BLAST_POWER_TRACE),
	CALLS_ANY(kcmp, BLAST_POWER_TRACE),
	CALLS_ANY(fork, BLAST_POWER_FORK),
	CALLS_ANY(vfork, BLAST_POWER_FORK),
	CALLS_ANY(clone, BLAST_POWER_FORK),
	CALLS_ANY(clone3, BLAST_POWER_FORK),
	CALLS_WITH(mmap, BLAST_POWER_CODE, 2, CALLS_RX, "mmap of executable memory"),
	CALLS_WITH(mprotect, BLAST_POWER_CODE, 2, CALLS_RX, "mprotect to executable memory"),
	CALLS_WITH(pkey_mprotect, BLAST_POWER_CODE, 2, CALLS_RX,
		   "pkey_mprotect to executable memory"),
	CALLS_ANY(memfd_create, BLAST_POWER_MEMFD),
	CALLS_ANY(mount, BLAST_POWER_NAMESPACES),
	CALLS_ANY(umount2, BLAST_POWER_NAMESPACES),
	CALLS_ANY(pivot_root, BLAST_POWER_NAMESPACES),
	CALLS_ANY(chroot, BLAST_POWER_NAMESPACES),
	CALLS_ANY(move_mount, BLAST_POWER_NAMESPACES),
	CALLS_ANY(open_tree, BLAST_POWER_NAMESPACES),
	CALLS_ANY(fsopen, BLAST_POWER_NAMESPACES),
	CALLS_ANY(setns, BLAST_POWER_NAMESPACES),
	CALLS_ANY(unshare, BLAST_POWER_NAMESPACES),
	CALLS_ANY(setuid, BLAST_POWER_USERS),
	CALLS_ANY(setreuid, BLAST_POWER_USERS),
	CALLS_ANY(setresuid, BLAST_POWER_USERS),
	CALLS_ANY(setfsuid, BLAST_POWER_USERS),
	CALLS_ANY(setgroups, BLAST_POWER_USERS),
	CALLS_ANY(capset, BLAST_POWER_USERS),
	CALLS_ANY(bpf, BLAST_POWER_KERNEL),
	CALLS_ANY(io_uring_setup, BLAST_POWER_KERNEL),
	CALLS_ANY(io_uring_enter, BLAST_POWER_KERNEL),
	CALLS_ANY(perf_event_open, BLAST_POWER_KERNEL),
	CALLS_ANY(userfaultfd, BLAST_POWER_KERNEL),
	CALLS_ANY(keyctl, BLAST_POWER_KERNEL),
	CALLS_ANY(add_key, BLAST_POWER_KERNEL),
	CALLS_ANY(init_module, BLAST_POWER_KERNEL),
	CALLS_ANY(finit_module, BLAST_POWER_KERNEL),
	CALLS_ANY(kexec_load, BLAST_POWER_KERNEL),
	CALLS_ANY(kexec_file_load, BLAST_POWER_KERNEL),
	CALLS_ANY(reboot, BLAST_POWER_KERNEL),
	CALLS_ANY(iopl, BLAST_POWER_KERNEL),
	CALLS_ANY(modify_ldt, BLAST_POWER_KERNEL),
	CALLS_ANY(ioctl, BLAST_POWER_DEVICE),
};
_Static_assert(sizeof calls_rows / sizeof *calls_rows <= BLAST_CALLS_ACTS, "room for every row");

struct calls_power {
	const char *key, *words;
};

static const struct calls_power calls_powers[BLAST_POWERS] = {
	[BLAST_POWER_EXEC] = { "exec", "start programs" },
	[BLAST_POWER_OPEN] = { "open", "open files" },
	[BLAST_POWER_CHANGE] = { "change", "rename, remove or make files" },
	[BLAST_POWER_INET] = { "inet", "make IP sockets" },
	[BLAST_POWER_UNIX] = { "unix", "make local sockets" },
	[BLAST_POWER_SOCKET] = { "socket", "make netlink, packet or other sockets" },
	[BLAST_POWER_CONNECT] = { "connect", "connect" },
	[BLAST_POWER_LISTEN] = { "listen", "open listeners" },
	[BLAST_POWER_SIGNAL] = { "signal", "signal other processes" },
	[BLAST_POWER_TRACE] = { "trace", "read or write other processes" },
	[BLAST_POWER_FORK] = { "fork", "make processes" },
	[BLAST_POWER_CODE] = { "code", "make memory executable" },
	[BLAST_POWER_MEMFD] = { "memfd", "make files in memory" },
	[BLAST_POWER_NAMESPACES] = { "namespaces", "mount, or change namespaces" },
	[BLAST_POWER_USERS] = { "users", "ask to become another user" },
	[BLAST_POWER_KERNEL] = { "kernel", "reach bpf, io_uring, keys or modules in the kernel" },
	[BLAST_POWER_DEVICE] = { "ioctl", "ask anything of what it has open (ioctl)" },
};

const char *blast_calls_power(unsigned power)
{
	return calls_powers[power].words;
}

const char *blast_calls_power_key(unsigned power)
{
	return calls_powers[power].key;
}

bool blast_calls_name(unsigned number, struct wbuf *w)
{
	size_t newer = sizeof calls_newer / sizeof *calls_newer;
	char *name = NULL;

	if (number >= CALLS_NEWER && number - CALLS_NEWER < newer) {
		wbuf_str(w, calls_newer[number - CALLS_NEWER]);
		return true;
	}
	name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, (int)number);
	if (name) {
		wbuf_str(w, name);
		free(name);
		return true;
	}
	WBUF_LIT(w, "call ");
	wbuf_dec(w, number);
	return false;
}

static void calls_put_number(struct wbuf *w, uint64_t x)
{
	if (x < 65536) {
		wbuf_dec(w, x);
		return;
	}
	WBUF_LIT(w, "0x");
	wbuf_hex_u64(w, x);
}

/* "argument 1 is 3, argument 2 & 4 is 0"; nothing: whatever they are. */
static void calls_put_way(struct wbuf *w, const struct blast_bpf_way *way, uint8_t asked)
{
	bool is_first = true;

	for (unsigned i = 0; i < BLAST_BPF_ARGS; i++) {
		uint64_t mask = way->mask[i];

		/* The upper half that has to be zero, of what is known about the lower half */
		if (!mask || (asked >> i & 1))
			continue;
		if (mask >> 32 == UINT32_MAX && way->value[i] >> 32 == 0)
			mask = (uint32_t)mask == UINT32_MAX ? UINT64_MAX : (uint32_t)mask;
		if (!mask)
			continue;
		wbuf_str(w, is_first ? "argument " : ", argument ");
		wbuf_dec(w, i);
		if (mask != UINT64_MAX && mask != UINT32_MAX) {
			WBUF_LIT(w, " & ");
			calls_put_number(w, mask);
		}
		WBUF_LIT(w, " is ");
		calls_put_number(w, way->value[i] & mask);
		is_first = false;
	}
	if (is_first)
		WBUF_LIT(w, "any arguments");
}

static void calls_put_when(struct blast_calls_act *a, const struct blast_bpf_answer *r,
			   uint8_t asked)
{
	struct wbuf w = wbuf_of(a->when, sizeof a->when - 8);

	if (r->verdict != BLAST_BPF_SOMETIMES)
		return;
	for (size_t i = 0; i < r->way_n; i++) {
		if (i)
			WBUF_LIT(&w, "; or ");
		calls_put_way(&w, &r->way[i], asked);
	}
	w.cap += 7;
	w.bad = false;
	if (r->more || r->is_unclear)
		WBUF_LIT(&w, "; ...");
	a->when[w.n] = '\0';
}

struct calls_job {
	struct blast_bpf *bpf;
	const struct blast_bpf_stack *stack;
	struct blast_calls *to;
};

static struct blast_bpf_answer calls_ask(struct calls_job *j, const struct blast_bpf_ask *ask)
{
	struct blast_bpf_answer r = blast_bpf_ask(j->bpf, j->stack, ask);

	j->to->is_unclear |= r.is_unclear;
	return r;
}

static void calls_each(struct calls_job *j)
{
	char room[64];

	for (unsigned n = 0; n < BLAST_CALLS_MAX; n++) {
		struct blast_bpf_ask ask = { .number = n, .arch = AUDIT_ARCH_X86_64 };
		struct wbuf w = wbuf_of(room, sizeof room);

		if (!blast_calls_name(n, &w))
			continue;
		j->to->of[n] = (uint8_t)calls_ask(j, &ask).verdict;
		j->to->total++;
		j->to->always += j->to->of[n] == BLAST_BPF_ALWAYS;
		j->to->sometimes += j->to->of[n] == BLAST_BPF_SOMETIMES;
	}
}

/* 32-bit calls by int 0x80, and x32: another table of numbers, the same kernel. */
static void calls_foreign(struct calls_job *j)
{
	for (unsigned n = 0; n < BLAST_CALLS_MAX && !j->to->is_foreign; n++) {
		struct blast_bpf_ask i386 = { .number = n, .arch = AUDIT_ARCH_I386 },
				     x32 = { .number = n | CALLS_X32, .arch = AUDIT_ARCH_X86_64 };

		j->to->is_foreign = calls_ask(j, &i386).verdict != BLAST_BPF_NEVER ||
				    calls_ask(j, &x32).verdict != BLAST_BPF_NEVER;
	}
}

static void calls_act(struct calls_job *j, const struct calls_row *row)
{
	struct blast_calls_act *a = &j->to->act[j->to->act_n++];
	struct blast_bpf_ask ask = { .number = row->number,
				     .arch = AUDIT_ARCH_X86_64,
				     .known = row->known };
	struct blast_bpf_answer r = { 0 };

	ask.args[row->arg] = row->value;
	r = calls_ask(j, &ask);
	a->name = row->name;
	a->number = row->number;
	a->verdict = (uint8_t)r.verdict;
	calls_put_when(a, &r, row->known);
	if (a->verdict > j->to->power[row->power])
		j->to->power[row->power] = a->verdict;
}

enum err blast_calls_look(const struct blast_bpf_stack *s, struct blast_calls *ret)
{
	struct calls_job j = { .bpf = blast_bpf_new(), .stack = s, .to = ret };

	*ret = (struct blast_calls){ .has_filters = s->n != 0, .filters = (unsigned)s->n };
	if (!j.bpf)
		return E_NOMEM;
	calls_each(&j);
	calls_foreign(&j);
	for (size_t i = 0; i < sizeof calls_rows / sizeof *calls_rows; i++)
		calls_act(&j, &calls_rows[i]);
	ret->is_known = true;
	blast_bpf_free(j.bpf);
	return E_OK;
}
