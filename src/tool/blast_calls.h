/*
 * What a process may ask of the kernel: every system call of x86-64 put to its live seccomp
 * filters, and a table of dangerous ones with the arguments that make them dangerous.
 */
#ifndef TOOL_BLAST_CALLS_H
#define TOOL_BLAST_CALLS_H

#include "base/wbuf.h"
#include "tool/blast_bpf.h"

enum {
	BLAST_CALLS_MAX = 512,	/* numbers that are asked */
	BLAST_CALLS_WORDS = 200 /* bytes of what a call needs */
};

/* Powers that a call gives; a process has one when any of its calls may be let through. */
enum blast_power {
	BLAST_POWER_EXEC,	/* start a program */
	BLAST_POWER_OPEN,	/* open a file */
	BLAST_POWER_CHANGE,	/* rename, remove, make files */
	BLAST_POWER_INET,	/* make an IP socket */
	BLAST_POWER_UNIX,	/* make a local socket */
	BLAST_POWER_SOCKET,	/* make a socket of another family */
	BLAST_POWER_CONNECT,	/* connect, or send to an address */
	BLAST_POWER_LISTEN,	/* bind or listen */
	BLAST_POWER_SIGNAL,	/* signal another process */
	BLAST_POWER_TRACE,	/* read or write another process */
	BLAST_POWER_FORK,	/* make a process */
	BLAST_POWER_CODE,	/* make memory executable */
	BLAST_POWER_MEMFD,	/* make a file in memory, to execute or to map */
	BLAST_POWER_NAMESPACES, /* mount, change root or namespaces */
	BLAST_POWER_USERS,	/* become another user */
	BLAST_POWER_KERNEL,	/* large parts of the kernel: bpf, io_uring, modules, keys */
	BLAST_POWER_DEVICE,	/* ioctl on what it has open */
	BLAST_POWERS
};

/* A row of the table, as the filters answer it. */
struct blast_calls_act {
	const char *name; /* "mmap of executable memory"; NULL: that of the call */
	uint16_t number;
	uint8_t verdict;	      /* enum blast_bpf_verdict */
	char when[BLAST_CALLS_WORDS]; /* which arguments; empty: any */
};

enum { BLAST_CALLS_ACTS = 96 };

struct blast_calls {
	bool is_known; /* false: the filters could not be had */
	bool has_filters;
	bool is_unclear;  /* something counts as let through because it was not followed */
	unsigned filters; /* how many are stacked */
	unsigned total, always, sometimes; /* of the calls of the architecture */
	uint8_t of[BLAST_CALLS_MAX];	   /* enum blast_bpf_verdict; of numbers in use */
	bool is_foreign;	     /* calls of other architectures (int 0x80, x32) get through */
	uint8_t power[BLAST_POWERS]; /* enum blast_bpf_verdict: the most of its rows */
	struct blast_calls_act act[BLAST_CALLS_ACTS];
	size_t act_n;
};

/* blast_calls_look - all of it. E_NOMEM. s empty: no filter at all */
enum err blast_calls_look(const struct blast_bpf_stack *s, struct blast_calls *ret);

/* blast_calls_name - appends the name of a system call, or "call 999"; false: the number is not in
 * use */
bool blast_calls_name(unsigned number, struct wbuf *w);

/* blast_calls_power - "start programs", ...: what a power is, behind "can" */
const char *blast_calls_power(unsigned power);

/* blast_calls_power_key - "exec", ...: the same for programs */
const char *blast_calls_power_key(unsigned power);

#endif
