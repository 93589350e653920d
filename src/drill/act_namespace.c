/* Rights: more of them, other namespaces, another root, another user. */
#include "drill/act.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct act_got rights_enter(struct intruder *x)
{
	char path[64];
	long fd = -1;

	(void)snprintf(path, sizeof path, "/proc/%d/ns/net", (int)x->board->scene.pid);
	fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? act_from(fd) : act_from(syscall(SYS_setns, fd, (long)CLONE_NEWNET));
}

/* setns takes a pidfd as well; its channel is none: EINVAL is what the kernel says to it. */
static struct act_got rights_enter_given(struct intruder *x)
{
	(void)x;
	return act_from(syscall(SYS_setns, ROLE_CHANNEL_FD, 0L));
}

static struct act_got rights_capset(struct intruder *x)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .effective = 1u << CAP_SYS_ADMIN,
						    .permitted = 1u << CAP_SYS_ADMIN } };

	(void)x;
	return act_from(syscall(SYS_capset, &head, data));
}

static struct act_got rights_mount(struct intruder *x)
{
	char path[256];

	return act_from(syscall(SYS_mount, "none", act_path(x, "mount", path, sizeof path), "tmpfs",
				0L, NULL));
}

static struct act_got rights_bind(struct intruder *x)
{
	char path[256];

	return act_from(syscall(SYS_mount, "/", act_path(x, "mount", path, sizeof path), NULL,
				(long)MS_BIND, NULL));
}

static struct act_got rights_unmount(struct intruder *x)
{
	char path[256];

	return act_from(
		syscall(SYS_umount2, act_path(x, "mount", path, sizeof path), (long)MNT_DETACH));
}

static struct act_got rights_chroot(struct intruder *x)
{
	return act_from(syscall(SYS_chroot, x->board->scene.dir));
}

static struct act_got rights_pivot(struct intruder *x)
{
	const char *dir = x->board->scene.dir;

	return act_from(syscall(SYS_pivot_root, dir, dir));
}

static struct act_got rights_setattr(struct intruder *x)
{
	struct mount_attr a = { .attr_clr = MOUNT_ATTR_RDONLY };

	(void)x;
	return act_from(syscall(SYS_mount_setattr, AT_FDCWD, "/", 0L, &a, sizeof a));
}

static struct act_got rights_groups(struct intruder *x)
{
	static const gid_t root = 0;

	(void)x;
	return act_from(syscall(SYS_setgroups, 1L, &root));
}

#define RIGHTS(what, text, number, ...)                                                            \
	{                                                                                          \
		.name = (what), .tries = (text), .cites = "P5 B", .call = (number),                \
		.arg = { __VA_ARGS__ }                                                             \
	}
#define RIGHTS_UNSHARE(what, text, flag)                                                           \
	{                                                                                          \
		.name = (what), .tries = (text), .cites = "P5 B", .call = SYS_unshare,             \
		.arg = { (flag) }, .flags = ACT_ENDS                                               \
	}

static const char rights_host[] = "needs rights over the whole machine";

static const struct act rights_acts[] = {
	RIGHTS_UNSHARE("new-user-namespace", "make a user namespace, and be root in it",
		       CLONE_NEWUSER),
	RIGHTS_UNSHARE("new-network-namespace", "make a network namespace", CLONE_NEWNET),
	RIGHTS_UNSHARE("new-mount-namespace", "make a mount namespace", CLONE_NEWNS),
	RIGHTS_UNSHARE("new-pid-namespace", "make a PID namespace", CLONE_NEWPID),
	RIGHTS_UNSHARE("new-ipc-namespace", "make an IPC namespace", CLONE_NEWIPC),
	RIGHTS_UNSHARE("new-name-namespace", "make a UTS namespace", CLONE_NEWUTS),
	RIGHTS_UNSHARE("new-cgroup-namespace", "make a cgroup namespace", CLONE_NEWCGROUP),
	{ .name = "enter-namespace",
	  .tries = "enter a neighbour's network",
	  .cites = "P4 E",
	  .run = rights_enter,
	  .flags = ACT_ENDS },
	{ .name = "enter-given",
	  .tries = "enter a namespace by what it was given",
	  .cites = "P4 E",
	  .run = rights_enter_given,
	  .unfit = "it was given nothing" },
	{ .name = "mount", .tries = "mount a file system", .cites = "P5 B", .run = rights_mount },
	{ .name = "bind-mount",
	  .tries = "mount the root elsewhere",
	  .cites = "P5 B",
	  .run = rights_bind },
	{ .name = "unmount", .tries = "take a mount away", .cites = "P5 B", .run = rights_unmount },
	{ .name = "change-root",
	  .tries = "take another root",
	  .cites = "P5 B",
	  .run = rights_chroot,
	  .flags = ACT_ENDS },
	{ .name = "pivot-root",
	  .tries = "exchange the root",
	  .cites = "P5 B",
	  .run = rights_pivot,
	  .flags = ACT_ENDS,
	  .unfit = "not on machines whose root is the first one in memory" },
	{ .name = "change-mount",
	  .tries = "make its root writable",
	  .cites = "P5 B",
	  .run = rights_setattr,
	  .unfit = "mounts of another user namespace are locked" },
	RIGHTS("open-filesystem", "open a file system to mount", SYS_fsopen, (uintptr_t) "tmpfs",
	       0),
	RIGHTS("open-tree", "take hold of a mount", SYS_open_tree, (uintptr_t)AT_FDCWD,
	       (uintptr_t) "/", OPEN_TREE_CLONE),
	{ .name = "gain-capability",
	  .tries = "give itself a capability",
	  .cites = "P5 B",
	  .run = rights_capset },
	RIGHTS("become-root", "become root", SYS_setresuid, 0, 0, 0),
	RIGHTS("become-root-group", "become root's group", SYS_setresgid, 0, 0, 0),
	RIGHTS("become-user", "change its user", SYS_setuid, 0),
	{ .name = "take-groups",
	  .tries = "become a member of a group",
	  .cites = "P5 B",
	  .run = rights_groups,
	  .unfit = "not in a user namespace of one user" },
	RIGHTS("keep-capabilities", "keep capabilities over a change of user", SYS_prctl,
	       PR_SET_KEEPCAPS, 1),
	{ .name = "ambient-capability",
	  .tries = "hand capabilities to what it executes",
	  .cites = "P5 B",
	  .call = SYS_prctl,
	  .arg = { PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0 },
	  .unfit = "one that is inheritable first" },
	{ .name = "set-host-name",
	  .tries = "call the machine something else",
	  .cites = "P5 B",
	  .call = SYS_sethostname,
	  .arg = { (uintptr_t) "sluis", 5 } },
	{ .name = "set-clock",
	  .tries = "set the clock",
	  .cites = "P9 F",
	  .call = SYS_clock_settime,
	  .arg = { 0, 0 },
	  .unfit = rights_host },
	{ .name = "raise-priority",
	  .tries = "take processor time before others",
	  .cites = "P11 I",
	  .call = SYS_setpriority,
	  .arg = { 0, 0, (uintptr_t)-20 },
	  .unfit = rights_host },
	{ .name = "real-time",
	  .tries = "run before everything else",
	  .cites = "P11 I",
	  .call = SYS_sched_setscheduler,
	  .arg = { 0, 1, 0 },
	  .unfit = rights_host },
	RIGHTS("change-limits", "change its own limits", SYS_prlimit64, 0, 7, 0, 0),
};

const struct act_table act_namespace = { rights_acts, sizeof rights_acts / sizeof *rights_acts,
					 ACT_NAMESPACE };
