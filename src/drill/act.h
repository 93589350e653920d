/*
 * The acts of an intruder: what somebody would try who has just taken over a process of Sluis.
 *
 * An act is a row of a table; one file per group, src/drill/act_<group>.c, and each table in
 * act_tables. A row is one system call with constant arguments, or a function. To add one: a row
 * (and, where it must work in some role by design, a row in allowed.c that says why). Every row is
 * tried without a sandbox too (tests/drill): there it has to work, or to say why it can't.
 */
#ifndef DRILL_ACT_H
#define DRILL_ACT_H

#include "drill/board.h"
#include "ipc/role.h"

#include <stdbool.h>
#include <stddef.h>

/* What an intruder has found in the process that it took over. */
enum { INTRUDER_CHANNELS = 32, INTRUDER_MAPS = 160, INTRUDER_FDS = 64 };

struct intruder_channel {
	int fd;
	uint16_t index;
	uint8_t peer; /* enum role */
};

struct intruder_map {
	void *p;
	size_t bytes;
	bool is_writable;
	uint8_t kind; /* enum page_kind; 0: an image, or not known */
};

struct intruder {
	struct board *board; /* NULL: no drill */
	uint8_t role;	     /* enum role; 0: a program without a sandbox */
	uint8_t page_kind;   /* of the page that is mapped next */
	bool is_in;	     /* it has taken over */
	bool is_spent;	     /* a channel is lost, or a budget: the next act is another process's */
	bool has_hello;	     /* it has told the authority who it is */
	size_t channel_n, map_n, listener_n, dir_n;
	struct intruder_channel channel[INTRUDER_CHANNELS];
	struct intruder_map map[INTRUDER_MAPS];
	int listener[INTRUDER_FDS], dir[INTRUDER_FDS];
};

struct act_got {
	uint8_t outcome; /* enum board_outcome */
	int error;
	const char *text; /* constant, or in memory that stays; may be NULL */
};

enum act_group {
	ACT_FILES,
	ACT_MEMORY,
	ACT_EXEC,
	ACT_NETWORK,
	ACT_NAMESPACE,
	ACT_KERNEL,
	ACT_SIGNAL,
	ACT_EXHAUST,
	ACT_CHANNEL,
	ACT_PEERS,
	ACT_PAGES,
	ACT_SIGNER,
	ACT_DIALER,
	ACT_AUTHORITY,
	ACT_AUDIT,
	ACT_GROUPS
};

enum act_flag {
	ACT_ENDS = 1,	/* leaves its process unfit for another act */
	ACT_LEAVES = 2, /* when it works its process is another program: an end without a signal */
	ACT_LAST = 4	/* worth nothing without a sandbox around it: not tried by the free one */
};

/* A set of roles: ACT_ROLE(ROLE_EDGE) | ... */
#define ACT_ROLE(r) (1u << (r))

struct act {
	const char *name;  /* words joined by '-', unique */
	const char *tries; /* what, in a few words */
	const char *cites; /* the promise and the class it attacks: "P5 B" */
	struct act_got (*run)(struct intruder *x);
	long call;	   /* run NULL: this system call ... */
	uintptr_t arg[6];  /* ... with these */
	const char *unfit; /* why it can't work without a sandbox either, where the test runs; NULL:
			      it can */
	uint32_t roles;	   /* who tries; 0: everybody */
	uint8_t flags;	   /* enum act_flag */
};

struct act_table {
	const struct act *acts;
	size_t n;
	enum act_group group;
};

extern const struct act_table act_files, act_memory, act_exec, act_network, act_namespace,
	act_kernel, act_signal, act_exhaust, act_channel, act_frames, act_pages, act_signer,
	act_dialer, act_authority, act_audit, act_spawner, act_answer;

/* act_count - of all tables; act_at - number i, below act_count, and its group */
uint32_t act_count(void);
const struct act *act_at(uint32_t i, enum act_group *ret_group);

/* act_find - the number of the act called name, or act_count() */
uint32_t act_find(const char *name);

/* act_is_for - whether a role tries it */
bool act_is_for(const struct act *a, enum role role);

const char *act_group_name(enum act_group g);

/* act_run - tries it */
struct act_got act_run(const struct act *a, struct intruder *x);

/* act_worked, act_refused, act_unable - what came of it; act_from - of a call's result: negative is
 * errno */
struct act_got act_worked(const char *text);
struct act_got act_refused(int error, const char *text);
struct act_got act_unable(const char *text);
struct act_got act_from(long result);

/* act_path - dir/name in buf: where the scene of the drill has something */
const char *act_path(const struct intruder *x, const char *name, char *buf, size_t cap);

#endif
