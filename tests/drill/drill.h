/*
 * What the drill and its probes share. A probe is a role's sandbox table in a program that does
 * what an attacker would do first; each try gets a fresh process.
 */
#ifndef TESTS_DRILL_DRILL_H
#define TESTS_DRILL_DRILL_H

#include <stdint.h>

/* What is tried. */
enum drill_try {
	DRILL_NOTHING, /* only to see that the probe answers */
	DRILL_OPEN_KEY,
	DRILL_READ_CONFIG,
	DRILL_WRITE_FILE,
	DRILL_OPEN_PROC,
	DRILL_SOCKET,
	DRILL_CONNECT,
	DRILL_ABSTRACT, /* connect to an abstract socket of a neighbour */
	DRILL_EXEC,
	DRILL_FORK,
	DRILL_BRANCH, /* as the spawner starts a cell */
	DRILL_KILL,
	DRILL_SETOWN, /* have the kernel signal somebody when a descriptor is ready */
	DRILL_PTRACE,
	DRILL_READ_MEMORY, /* process_vm_readv */
	DRILL_MMAP_EXEC,
	DRILL_MPROTECT_EXEC,
	DRILL_MEMFD_EXEC,
	DRILL_IO_URING,
	DRILL_UNSHARE,
	DRILL_MOUNT,
	DRILL_BPF,
	DRILL_KEYCTL,
	DRILL_SETUID,
	DRILL_DUMPABLE,
	DRILL_SYSV_SHM, /* the IPC namespace of others */
	DRILL_TRIES
};

/* Which steps of the sandbox the probe takes before it tries. */
enum drill_rule {
	DRILL_ROOT = 1, /* empty root */
	DRILL_LANDLOCK = 2,
	DRILL_SECCOMP = 4,
	DRILL_PRIVILEGES = 8, /* what the probe gives up itself: see probe.c */
	DRILL_ALL = 15	      /* sandbox_enter, as the role does */
};

/* The one message to a probe. */
struct drill_order {
	uint32_t attempt; /* enum drill_try */
	uint32_t rules;	  /* bits of enum drill_rule */
	int32_t pid;	  /* neighbour, in the drill's PID namespace */
	uint64_t address; /* in the neighbour's memory */
	int32_t shm;	  /* System V shared memory of the neighbour */
	uint16_t port;	  /* where the drill listens, 127.0.0.1 */
	char abstract[32], key[96], config[96], fresh[96], mount[96];
};

/* And its answers: first that it is ready for the try (error is 0), then how that went. */
struct drill_answer {
	int32_t error; /* 0: it worked; else errno */
	char text[200];
};

#endif
