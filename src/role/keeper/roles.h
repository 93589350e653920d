/*
 * The roles table: who runs as whom, with what, and what happens when it ends. The keeper starts
 * roles from it, and docs/roles.md is printed from it.
 */
#ifndef ROLE_KEEPER_ROLES_H
#define ROLE_KEEPER_ROLES_H

#include "ipc/role.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum roles_restart {
	ROLES_ONE_SHOT, /* ends by itself */
	ROLES_ALWAYS	/* a new one, with back-off */
};

struct roles_row {
	const char *program; /* "sluis-edge" */
	const char *does;
	uint8_t uid_offset; /* added to the uid base where no system user of that name exists */
	uint8_t restart;    /* enum roles_restart */
	bool wants_network;
	bool shares_pids;    /* stays in the keeper's PID namespace */
	bool wants_read_any; /* started by root: reads files of any owner before its sandbox closes
			      */
	bool has_ring;
	uint32_t ring_bytes;
	uint64_t memlock;
};

/* roles_row - r is one of enum role below ROLE_PROGRAMS, but not the keeper */
const struct roles_row *roles_row(enum role r);

#endif
