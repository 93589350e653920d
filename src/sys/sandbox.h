/*
 * A role's sandbox: a table of what it may do, and the one function that closes everything else
 * (promises P4, P5). Each role's table is src/role/<role>/sandbox.c; docs and the drill print it.
 *
 * The keeper's side (namespaces, uid, resource limits) is sys/spawn; this is the role's own side,
 * run before the first byte of input: empty root, no capability, no_new_privs, Landlock, seccomp.
 */
#ifndef SYS_SANDBOX_H
#define SYS_SANDBOX_H

#include "base/wbuf.h"

/* One system call of the allow-list, hot ones first; anything else kills the process. */
struct sandbox_call {
	const char *name;   /* as in seccomp_syscall_resolve_name */
	const char *reason; /* why this role needs it: printed into docs/sandbox.md */
	/* optional: only when argument `arg` has exactly one of these values (several rows may
	 * allow several) */
	uint8_t has_arg, arg;
	uint64_t value;
	uint64_t mask; /* 0 = compare all bits; else (argument & mask) == value */
	/* and, beside that: argument also_arg is also_value */
	uint8_t has_also, also_arg;
	uint64_t also_value;
};

/* A path a role may reach after the sandbox is closed. */
struct sandbox_path {
	const char *path;
	int fd;		 /* or an open directory or file when path is NULL */
	bool want_write; /* create, write, rename and remove below it; otherwise read only */
};

struct sandbox_port {
	uint16_t port; /* TCP port that may be connected to */
};

struct sandbox_spec {
	const char *role;
	const struct sandbox_call *calls;
	size_t call_n;
	/* set by sandbox_filter_make: number 1 of its PID namespace, whoever makes its list */
	bool is_branch;
	bool keeps_root;    /* false: the root becomes an empty read-only directory */
	bool keeps_network; /* false: P4 demands that its network namespace is empty, which is
			       checked */
	bool keeps_pids;    /* it is not the first of a PID namespace: its children outlive it */
	bool holds_keys;    /* no branch of it is predicted from what others have trained */
	uint64_t caps; /* that it keeps, inside its own user namespace alone (CAPS_BIT); they must
			  be there, or P5 is weaker */
};

/* What only this start knows. */
struct sandbox_run {
	const struct sandbox_path *paths;
	size_t path_n;
	const struct sandbox_port *ports; /* with keeps_network: Landlock's TCP connect list */
	size_t port_n;
	bool limits_ports;    /* false with keeps_network: any TCP port (a name server may answer
				 anywhere) */
	bool has_other_reach; /* cgroup rules already hold the role to its addresses: Landlock's
				 port list is then no promise of its own */
	uint32_t weaker;      /* promises that may fail: bit 1 << number; from --allow-weaker */
};

struct sandbox_report {
	char have[192];	  /* "uid 61103, netns, pidns, mdwe, sealed 31, landlock 7, seccomp 38":
			       for `sluis status` */
	char weaker[320]; /* "P5: Landlock is missing"; empty: nothing */
};

/*
 * sandbox_enter - closes everything that spec does not name, for good
 *   ret   have and weaker, for keeper_role_ready; set on E_OK and E_DENIED
 * E_DENIED the kernel can't keep a promise and run->weaker does not excuse it: ret->weaker says
 * "P5: ..." and what to do · E_SYS something failed that should work (logged)
 * Steps, each verified after it is taken: empty root by pivot_root in the own mount namespace
 * (unless keeps_root); empty network namespace (unless keeps_network); capabilities dropped from
 * all sets, bounding and ambient; no_new_privs; no core dumps and not dumpable; no writable code
 * and sealed mappings as far as the kernel has them (sys/seal.h); Landlock for files, TCP, signals
 * and abstract sockets as far as the ABI goes; seccomp with SECCOMP_RET_KILL_PROCESS (foreign
 * architectures too). The allow-list has, besides spec's rows: exit, return from a signal, the
 * clock when the vDSO can't read it, writing to descriptor 2, and abort() of itself.
 */
enum err sandbox_enter(const struct sandbox_spec *spec, const struct sandbox_run *run,
		       struct sandbox_report *ret);

/* A list of system calls made ready to be put on top of the one that is in force: what a process
 * takes upon itself that another one has branched off (sys/branch.h). */
enum { SANDBOX_FILTER_BYTES = 16384 };

struct sandbox_filter {
	uint16_t n;					/* instructions */
	_Alignas(8) uint8_t code[SANDBOX_FILTER_BYTES]; /* struct sock_filter */
};

/*
 * sandbox_filter_make - the list of spec and the base rows, for a process that is number 1 of its
 * own PID namespace. Before sandbox_enter. E_SYS (logged)
 */
enum err sandbox_filter_make(const struct sandbox_spec *spec, struct sandbox_filter *ret);

/* sandbox_filter_enter - in force from now on, for good. E_SYS: it is not */
enum err sandbox_filter_enter(const struct sandbox_filter *f);

/* What is added to every role's list, for docs/sandbox.md and the drill. */
extern const struct sandbox_call sandbox_base_calls[];
extern const size_t sandbox_base_call_n;

/* A row for one value of one argument. */
#define SANDBOX_CALL_IF(call, argument, equals, why)                                               \
	{                                                                                          \
		.name = (call), .reason = (why), .has_arg = 1, .arg = (argument),                  \
		.value = (uint64_t)(equals)                                                        \
	}

/* What sends without connecting: MSG_FASTOPEN (0x20000000), in argument `flags`, would connect, and
 * Landlock does not see that. */
#define SANDBOX_CALL_SEND(call, flags, why)                                                        \
	{                                                                                          \
		.name = (call), .reason = (why), .has_arg = 1, .arg = (flags), .value = 0,         \
		.mask = 0x20000000                                                                 \
	}

/* A socket of a family and of its usual protocol: Landlock knows TCP, and no MPTCP or SCTP. */
#define SANDBOX_CALL_SOCKET(family, why)                                                           \
	{                                                                                          \
		.name = "socket", .reason = (why), .has_arg = 1, .arg = 0,                         \
		.value = (uint64_t)(family), .has_also = 1, .also_arg = 2, .also_value = 0         \
	}

/*
 * Rows that many roles need, for their tables: memory with PROT_READ and PROT_WRITE at most in
 * argument 2, so that what is writable never becomes code (P5).
 */
#define SANDBOX_NO_CODE (~UINT64_C(3))
#define SANDBOX_CALL_MMAP(why)                                                                     \
	{                                                                                          \
		.name = "mmap", .reason = (why), .has_arg = 1, .arg = 2, .mask = SANDBOX_NO_CODE   \
	}
#define SANDBOX_CALL_MPROTECT(why)                                                                 \
	{                                                                                          \
		.name = "mprotect", .reason = (why), .has_arg = 1, .arg = 2,                       \
		.mask = SANDBOX_NO_CODE                                                            \
	}

/* What sys/heap tells the kernel about pages: forget them, make and unmake guards. */
#define SANDBOX_CALLS_HEAP                                                                         \
	SANDBOX_CALL_IF("madvise", 2, 4, "memory goes back"),                                      \
		SANDBOX_CALL_IF("madvise", 2, 102, "pages of a heap that can't be touched"),       \
		SANDBOX_CALL_IF("madvise", 2, 103, "... and can again")

/* The one thing that waking nobody takes. */
#define SANDBOX_CALL_FUTEX(why) SANDBOX_CALL_IF("futex", 1, 129 /* FUTEX_WAKE_PRIVATE */, why)

#endif
