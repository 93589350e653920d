/*
 * Where a cell may be connected to (promise P4): the pools of public routes on its listener, and
 * those of applications that the authority has allowed this one cell. What the cell itself says
 * changes nothing here.
 */
#ifndef ROLE_DIALER_CELL_REACH_H
#define ROLE_DIALER_CELL_REACH_H

#include "ipc/authority_dialer.h"
#include "ipc/spawner.h"
#include "role/dialer/dialer.h"

enum {
	CELL_REACH_APPS = 16, /* applications of one cell; a further one replaces the oldest */
	CELL_REACH_SETTLE_MS = 60000
};

struct cell_reach {
	uint64_t serial;		/* of the cell that the rest is of */
	uint64_t taken_ms;		/* when an application was last taken from it */
	uint8_t n, next;		/* applications; the place of the next one */
	uint16_t pool[CELL_REACH_APPS]; /* indices in IMAGE_POOL */
};

/* cell_reach_init - the public pools of every listener with isolation: cell, and those of edges.
 * E_NOMEM */
enum err cell_reach_init(struct dialer *d);
void cell_reach_done(struct dialer *d);

/* cell_reach_reset - no application for any cell */
void cell_reach_reset(struct dialer *d);

/* cell_reach_allow - that application, for that cell; app 0 or one that this image does not have:
 * nothing changes. E_PROTO no such cell can be */
enum err cell_reach_allow(struct dialer *d, const struct authority_reach *r);

/* cell_reach_forbid - not any more; app 0: none of them. E_PROTO */
enum err cell_reach_forbid(struct dialer *d, const struct authority_reach *r);

/* cell_reach_may - may this cell be connected to that server? */
bool cell_reach_may(const struct dialer *d, const struct spawner_cell *who, uint32_t server);

/* cell_reach_edge_may - may edges be connected to that server? An application's, and one of
 * datagrams, only where a rule of theirs leads to it too (promise P4) */
bool cell_reach_edge_may(const struct dialer *d, uint32_t server);

/* cell_reach_is_strange - that this cell asks for what it may not reach is explained by nothing
 * that happened lately: no application was taken from it, and the authority is not new */
bool cell_reach_is_strange(const struct dialer *d, const struct spawner_cell *who);

#endif
