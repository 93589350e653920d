/* Memory: its own made executable, that of others, pages it may only read. */
#include "drill/act.h"
#include "ipc/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MEMORY_PAGE = 4096, MEMORY_SHM_RDONLY = 010000 };

static long memory_map(int protection)
{
	return syscall(SYS_mmap, NULL, MEMORY_PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* What mmap gives is no errno when it is high in memory. */
static struct act_got memory_got(long p)
{
	return p == -1 ? act_from(-1) : act_worked(NULL);
}

static struct act_got memory_writable_code(struct intruder *x)
{
	(void)x;
	return memory_got(memory_map(PROT_READ | PROT_WRITE | PROT_EXEC));
}

static struct act_got memory_code(struct intruder *x)
{
	(void)x;
	return memory_got(memory_map(PROT_READ | PROT_EXEC));
}

static struct act_got memory_data_to_code(struct intruder *x)
{
	long p = memory_map(PROT_READ | PROT_WRITE);

	(void)x;
	if (p == -1)
		return act_from(-1);
	return act_from(syscall(SYS_mprotect, p, MEMORY_PAGE, PROT_READ | PROT_EXEC));
}

/* The page of one of its own functions. */
static uintptr_t memory_own_code(void)
{
	return (uintptr_t)&memory_own_code & ~(uintptr_t)(MEMORY_PAGE - 1);
}

static struct act_got memory_change_code(struct intruder *x)
{
	uintptr_t p = memory_own_code();

	(void)x;
	return act_from(syscall(SYS_mprotect, p, MEMORY_PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
}

static struct act_got memory_pkey(struct intruder *x)
{
	long p = memory_map(PROT_READ | PROT_WRITE);

	(void)x;
	if (p == -1)
		return act_from(-1);
	return act_from(syscall(SYS_pkey_mprotect, p, MEMORY_PAGE, PROT_READ | PROT_EXEC, -1L));
}

static struct act_got memory_file_code(struct intruder *x)
{
	long fd = syscall(SYS_memfd_create, "x", 0), p = -1;

	(void)x;
	if (fd < 0 || syscall(SYS_ftruncate, fd, (long)MEMORY_PAGE) < 0)
		return act_from(-1);
	p = syscall(SYS_mmap, NULL, MEMORY_PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	return memory_got(p);
}

static struct act_got memory_library(struct intruder *x)
{
	long fd = syscall(SYS_openat, AT_FDCWD, "/bin/true", O_RDONLY), p = -1;

	(void)x;
	if (fd < 0)
		return act_from(fd);
	p = syscall(SYS_mmap, NULL, MEMORY_PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	return memory_got(p);
}

static struct act_got memory_shadow_stack(struct intruder *x)
{
	(void)x;
	return act_from(syscall(SYS_personality, (unsigned long)READ_IMPLIES_EXEC));
}

/* Pages that others write and it reads: all of them, each asked to become writable. */
static struct act_got memory_pages(struct intruder *x)
{
	unsigned n = 0;
	int error = 0;

	for (size_t i = 0; i < x->map_n; i++) {
		const struct intruder_map *m = &x->map[i];

		if (m->is_writable)
			continue;
		if (syscall(SYS_mprotect, m->p, m->bytes, PROT_READ | PROT_WRITE) == 0)
			return act_worked("a page of another process is writable");
		error = errno;
		n++;
	}
	return n ? act_refused(error, "every page it reads")
		 : act_unable("it has no pages of others");
}

/* The same pages anew, from the descriptors it may still have. */
static struct act_got memory_remap(struct intruder *x)
{
	int error = EBADF;

	(void)x;
	for (int fd = 4; fd < 64; fd++) {
		long p = syscall(SYS_mmap, NULL, MEMORY_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
				 fd, 0);

		if (p != -1)
			return act_worked("a shared mapping that it can write");
		error = errno;
	}
	return act_refused(error, NULL);
}

static struct act_got memory_read_neighbour(struct intruder *x)
{
	char word[8];
	struct iovec here = { word, sizeof word },
		     there = { (void *)(uintptr_t)x->board->scene.address, sizeof word };

	return act_from(
		syscall(SYS_process_vm_readv, x->board->scene.pid, &here, 1UL, &there, 1UL, 0UL));
}

static struct act_got memory_write_neighbour(struct intruder *x)
{
	char word[8] = "intrude";
	struct iovec here = { word, sizeof word },
		     there = { (void *)(uintptr_t)x->board->scene.address, sizeof word };

	return act_from(
		syscall(SYS_process_vm_writev, x->board->scene.pid, &here, 1UL, &there, 1UL, 0UL));
}

static struct act_got memory_seize(struct intruder *x)
{
	long n = syscall(SYS_ptrace, PTRACE_SEIZE, x->board->scene.pid, NULL, NULL);

	if (n == 0)
		(void)syscall(SYS_ptrace, PTRACE_DETACH, x->board->scene.pid, NULL, NULL);
	return act_from(n);
}

static struct act_got memory_seize_first(struct intruder *x)
{
	(void)x;
	return act_from(syscall(SYS_ptrace, PTRACE_SEIZE, getppid() ? getppid() : 1, NULL, NULL));
}

static struct act_got memory_take_descriptor(struct intruder *x)
{
	long fd = syscall(SYS_pidfd_open, x->board->scene.pid, 0);

	if (fd < 0)
		return act_from(fd);
	return act_from(syscall(SYS_pidfd_getfd, fd, 2, 0));
}

static struct act_got memory_open_process(struct intruder *x)
{
	return act_from(syscall(SYS_pidfd_open, x->board->scene.pid, 0));
}

static struct act_got memory_compare(struct intruder *x)
{
	return act_from(syscall(SYS_kcmp, getpid(), x->board->scene.pid, 1 /* KCMP_VM */, 0L, 0L));
}

static struct act_got memory_move_pages(struct intruder *x)
{
	void *page = (void *)(uintptr_t)x->board->scene.address;
	int where = 0;

	return act_from(syscall(SYS_move_pages, x->board->scene.pid, 1UL, &page, NULL, &where, 0));
}

static struct act_got memory_attach(struct intruder *x)
{
	return memory_got(syscall(SYS_shmat, x->board->scene.shm, NULL, MEMORY_SHM_RDONLY));
}

static const struct act memory_acts[] = {
	{ .name = "map-writable-code",
	  .tries = "map memory to write and execute",
	  .cites = "P5 B",
	  .run = memory_writable_code },
	{ .name = "map-code",
	  .tries = "map memory to execute",
	  .cites = "P5 B",
	  .run = memory_code },
	{ .name = "data-to-code",
	  .tries = "make data executable",
	  .cites = "P5 B",
	  .run = memory_data_to_code },
	{ .name = "change-code",
	  .tries = "make its own code writable",
	  .cites = "P5 B",
	  .run = memory_change_code },
	{ .name = "data-to-code-by-key",
	  .tries = "make data executable by pkey_mprotect",
	  .cites = "P5 B",
	  .run = memory_pkey },
	{ .name = "code-in-memory-file",
	  .tries = "map code from a memory file",
	  .cites = "P5 B",
	  .run = memory_file_code },
	{ .name = "load-library",
	  .tries = "map code from a file",
	  .cites = "P5 B",
	  .run = memory_library },
	{ .name = "read-implies-execute",
	  .tries = "make all it reads executable",
	  .cites = "P5 B",
	  .run = memory_shadow_stack },
	{ .name = "write-shared-pages",
	  .tries = "make pages of others writable",
	  .cites = "P7 A20",
	  .run = memory_pages,
	  .unfit = "it has no pages of others" },
	{ .name = "map-descriptors",
	  .tries = "map what it was given, to write",
	  .cites = "P7 A20",
	  .run = memory_remap,
	  .unfit = "it was given nothing" },
	{ .name = "read-neighbour",
	  .tries = "read a neighbour's memory",
	  .cites = "P1 A",
	  .run = memory_read_neighbour },
	{ .name = "write-neighbour",
	  .tries = "write a neighbour's memory",
	  .cites = "P1 B",
	  .run = memory_write_neighbour },
	{ .name = "trace-neighbour",
	  .tries = "trace a neighbour",
	  .cites = "P1 A",
	  .run = memory_seize },
	{ .name = "trace-parent",
	  .tries = "trace who started it",
	  .cites = "P1 B",
	  .run = memory_seize_first },
	{ .name = "take-descriptor",
	  .tries = "take a descriptor out of a neighbour",
	  .cites = "P1 A",
	  .run = memory_take_descriptor },
	{ .name = "open-process",
	  .tries = "hold a neighbour by a pidfd",
	  .cites = "P5 B",
	  .run = memory_open_process },
	{ .name = "compare-processes",
	  .tries = "compare kernel pointers with a neighbour",
	  .cites = "P5 A",
	  .run = memory_compare },
	{ .name = "move-pages",
	  .tries = "see where a neighbour's pages lie",
	  .cites = "P1 A",
	  .run = memory_move_pages },
	{ .name = "attach-shared-memory",
	  .tries = "attach a neighbour's System V memory",
	  .cites = "P1 A",
	  .run = memory_attach },
	{ .name = "make-shared-memory",
	  .tries = "make System V memory",
	  .cites = "P5 A22",
	  .call = SYS_shmget,
	  .arg = { IPC_PRIVATE, MEMORY_PAGE, IPC_CREAT | 0600 } },
	{ .name = "message-queue",
	  .tries = "make a System V queue",
	  .cites = "P5 A22",
	  .call = SYS_msgget,
	  .arg = { IPC_PRIVATE, IPC_CREAT | 0600 } },
	{ .name = "semaphore",
	  .tries = "make a System V semaphore",
	  .cites = "P5 A22",
	  .call = SYS_semget,
	  .arg = { IPC_PRIVATE, 1, IPC_CREAT | 0600 } },
	{ .name = "userfaultfd",
	  .tries = "stop the kernel in its own page faults",
	  .cites = "P5 B",
	  .call = SYS_userfaultfd,
	  .arg = { O_CLOEXEC | UFFD_USER_MODE_ONLY } },
	{ .name = "become-dumpable",
	  .tries = "let others read its memory",
	  .cites = "P2 D",
	  .call = SYS_prctl,
	  .arg = { PR_SET_DUMPABLE, 1 } },
	{ .name = "invite-tracer",
	  .tries = "be traced by anybody",
	  .cites = "P2 D",
	  .call = SYS_prctl,
	  .arg = { PR_SET_PTRACER, (uintptr_t)PR_SET_PTRACER_ANY },
	  .unfit = "kernels without Yama don't know it" },
	{ .name = "be-traced",
	  .tries = "be traced by its parent",
	  .cites = "P2 D",
	  .call = SYS_ptrace,
	  .arg = { PTRACE_TRACEME },
	  .flags = ACT_ENDS },
	{ .name = "secret-memory",
	  .tries = "hide memory from those who look for evidence",
	  .cites = "P5 F",
	  .call = SYS_memfd_secret,
	  .arg = { 0 },
	  .unfit = "kernels may be started without it" },
};

const struct act_table act_memory = { memory_acts, sizeof memory_acts / sizeof *memory_acts,
				      ACT_MEMORY };
