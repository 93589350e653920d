/*
 * A cell: one client's connection in a process of its own (promise P1). It is the edge's code with
 * one client, branched off a spawner that has made everything ready: image, TLS, memory.
 *
 * It knows its lifeline, its client, and a channel of its own to signer, dialer, authority and
 * audit; it can't branch off itself, sees no other process, and ends with its client.
 */
#ifndef ROLE_CELL_CELL_H
#define ROLE_CELL_CELL_H

#include "role/edge/edge.h"
#include "sys/sandbox.h"

/* Descriptors of a new cell, in this order from ROLE_CHANNEL_FD on. */
enum cell_fd {
	CELL_FD_LIFELINE,
	CELL_FD_CLIENT,
	CELL_FD_SIGNER,
	CELL_FD_DIALER,
	CELL_FD_AUTHORITY,
	CELL_FD_AUDIT,
	CELL_FDS
};

enum { CELL_NOFILE = 512 };

/* What a cell is born with; lies on the stack that it shares with nobody from then on. */
struct cell_birth {
	struct edge *e;			     /* made ready: generation, TLS, pages */
	const struct sandbox_filter *filter; /* of cell_sandbox */
	struct spawner_cell who;
	int fds[CELL_FDS]; /* -1: not there yet, the lifeline brings it */
	uint64_t seen_ns;  /* when the client's first bytes were seen; monotonic */
	bool is_alone;	   /* in a PID namespace of its own */
};

/* cell_prepare - in the spawner, once: what all cells share without writing to it. E_SYS (logged)
 */
enum err cell_prepare(struct edge *e);

/* cell_run - the whole life of a cell, in the new process; does not return */
void cell_run(const struct cell_birth *b) __attribute__((noreturn));

/* What a cell may still do; on top of the spawner's list. */
extern const struct sandbox_spec cell_sandbox;

#endif
