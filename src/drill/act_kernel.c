/* The kernel's rarely used doors: where its own bugs have been. */
#include "drill/act.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct act_got kernel_bpf(struct intruder *x)
{
	union bpf_attr a = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
	};

	(void)x;
	return act_from(syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof a));
}

static struct act_got kernel_uring(struct intruder *x)
{
	char params[256] = { 0 };

	(void)x;
	return act_from(syscall(SYS_io_uring_setup, 4L, params));
}

static struct act_got kernel_uring_given(struct intruder *x)
{
	int error = EBADF;

	(void)x;
	for (long fd = 3; fd < 64; fd++) {
		if (syscall(SYS_io_uring_enter, fd, 1L, 0L, 0L, NULL, 0L) >= 0)
			return act_worked("a ring that it was given");
		error = errno;
	}
	return act_refused(error, NULL);
}

static struct act_got kernel_perf(struct intruder *x)
{
	struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE,
				     .size = sizeof a,
				     .config = PERF_COUNT_SW_TASK_CLOCK,
				     .exclude_kernel = 1 };

	(void)x;
	return act_from(syscall(SYS_perf_event_open, &a, 0L, -1L, -1L, 0L));
}

static struct act_got kernel_filter(struct intruder *x)
{
	(void)x;
	return act_from(syscall(SYS_seccomp, (long)SECCOMP_SET_MODE_STRICT, 0L, NULL));
}

static struct act_got kernel_listener(struct intruder *x)
{
	(void)x;
	return act_from(syscall(SYS_seccomp, (long)SECCOMP_GET_ACTION_AVAIL, 0L,
				&(uint32_t){ SECCOMP_RET_USER_NOTIF }));
}

static struct act_got kernel_landlock(struct intruder *x)
{
	(void)x;
	return act_from(syscall(SYS_landlock_create_ruleset, NULL, 0L,
				(long)LANDLOCK_CREATE_RULESET_VERSION));
}

/* A key stroke into somebody's terminal. */
static struct act_got kernel_terminal(struct intruder *x)
{
	int error = 0;

	(void)x;
	for (long fd = 0; fd < 16; fd++) {
		if (syscall(SYS_ioctl, fd, (long)TIOCSTI, "x") == 0)
			return act_worked("a key stroke");
		error = errno;
	}
	return act_refused(error, NULL);
}

static struct act_got kernel_ioctl(struct intruder *x)
{
	int n = 0;

	(void)x;
	return act_from(syscall(SYS_ioctl, ROLE_CHANNEL_FD, (long)FIONREAD, &n));
}

static struct act_got kernel_timer(struct intruder *x)
{
	timer_t t = NULL;

	(void)x;
	return act_from(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &t));
}

static struct act_got kernel_affinity(struct intruder *x)
{
	unsigned long cpus = 1;

	(void)x;
	return act_from(syscall(SYS_sched_setaffinity, 0L, sizeof cpus, &cpus));
}

#define KERNEL(what, text, why, number, ...)                                                       \
	{                                                                                          \
		.name = (what), .tries = (text), .cites = "P5 B", .call = (number),                \
		.arg = { __VA_ARGS__ }, .unfit = (why)                                             \
	}

static const char kernel_root[] = "needs rights over the whole machine",
		  kernel_absent[] = "not every kernel has it, or lets users have it";

static const struct act kernel_acts[] = {
	{ .name = "bpf",
	  .tries = "load BPF",
	  .cites = "P5 B",
	  .run = kernel_bpf,
	  .unfit = kernel_absent },
	{ .name = "io-uring",
	  .tries = "set up io_uring",
	  .cites = "P5 B",
	  .run = kernel_uring,
	  .unfit = kernel_absent },
	{ .name = "io-uring-given",
	  .tries = "use a ring that it was given",
	  .cites = "P5 B",
	  .run = kernel_uring_given,
	  .unfit = "it was given none" },
	KERNEL("io-uring-register", "register with io_uring", "it has no ring",
	       SYS_io_uring_register, 3, 0, 0, 0),
	{ .name = "perf",
	  .tries = "count events of the processor",
	  .cites = "P5 A",
	  .run = kernel_perf,
	  .unfit = kernel_absent },
	KERNEL("key-ring", "use the kernel's key rings", kernel_absent, SYS_keyctl,
	       KEYCTL_GET_KEYRING_ID, (uintptr_t)KEY_SPEC_PROCESS_KEYRING, 1),
	KERNEL("add-key", "leave a key in the kernel", kernel_absent, SYS_add_key,
	       (uintptr_t) "user", (uintptr_t) "sluis", (uintptr_t) "x", 1,
	       (uintptr_t)KEY_SPEC_PROCESS_KEYRING),
	KERNEL("request-key", "have the kernel start its key helper", kernel_absent,
	       SYS_request_key, (uintptr_t) "user", (uintptr_t) "sluis", 0, 0),
	KERNEL("load-kernel", "start another kernel", kernel_root, SYS_kexec_load, 0, 0, 0, 0xffff),
	KERNEL("load-kernel-file", "start another kernel from a file", kernel_root,
	       SYS_kexec_file_load, 0, 0, 0, 0, 1),
	KERNEL("load-module", "load a module", kernel_root, SYS_init_module, 0, 0, 0),
	KERNEL("load-module-file", "load a module from a file", kernel_root, SYS_finit_module, 0, 0,
	       0),
	KERNEL("unload-module", "unload a module", kernel_root, SYS_delete_module,
	       (uintptr_t) "sluis-none", O_NONBLOCK),
	KERNEL("kernel-log", "read the kernel's messages", kernel_root, SYS_syslog, 10, 0, 0),
	KERNEL("reboot", "switch Ctrl-Alt-Del off", kernel_root, SYS_reboot, 0, 0, 0),
	KERNEL("accounting", "switch process accounting", kernel_root, SYS_acct, 0),
	KERNEL("swap-on", "swap to a file", kernel_root, SYS_swapon, (uintptr_t) "/nothing", 0),
	KERNEL("quota", "look at quotas", kernel_root, SYS_quotactl, 0, 0, 0, 0),
	KERNEL("file-notify", "watch the whole file system", kernel_root, SYS_fanotify_init, 0x200,
	       0),
#ifdef SYS_iopl
	KERNEL("port-rights", "speak to hardware", kernel_root, SYS_iopl, 3),
	KERNEL("port-permissions", "speak to one port", kernel_root, SYS_ioperm, 0x80, 1, 1),
	KERNEL("segment-table", "make a segment of its own", kernel_absent, SYS_modify_ldt, 0, 0,
	       0),
#endif
	KERNEL("hang-up", "hang up a terminal", kernel_root, SYS_vhangup),
	{ .name = "filter-again",
	  .tries = "put another filter in force",
	  .cites = "P5 B",
	  .run = kernel_filter,
	  .flags = ACT_ENDS },
	{ .name = "filter-listener",
	  .tries = "ask for a filter that it answers itself",
	  .cites = "P5 B",
	  .run = kernel_listener },
	KERNEL("drop-no-new-privileges", "take no_new_privs back", "the kernel has no way back",
	       SYS_prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0),
	{ .name = "landlock",
	  .tries = "ask what Landlock can",
	  .cites = "P5 B",
	  .run = kernel_landlock,
	  .unfit = kernel_absent },
	{ .name = "terminal-input",
	  .tries = "type into somebody's terminal",
	  .cites = "P5 A19",
	  .run = kernel_terminal,
	  .unfit = "it has no terminal" },
	{ .name = "ioctl",
	  .tries = "ask a driver something",
	  .cites = "P5 B",
	  .run = kernel_ioctl,
	  .unfit = "it has no channel" },
	{ .name = "timer", .tries = "make a timer", .cites = "P5 A22", .run = kernel_timer },
	{ .name = "choose-processor",
	  .tries = "choose the processor it runs on",
	  .cites = "P5 A",
	  .run = kernel_affinity },
	KERNEL("personality", "switch address randomisation off", NULL, SYS_personality, 0x0040000),
	KERNEL("memory-policy", "move where its memory lies", kernel_absent, SYS_set_mempolicy, 0,
	       0, 0),
	KERNEL("memory-barrier", "make every processor wait", NULL, SYS_membarrier, 0, 0, 0),
};

const struct act_table act_kernel = { kernel_acts, sizeof kernel_acts / sizeof *kernel_acts,
				      ACT_KERNEL };
