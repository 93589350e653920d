/*
 * The roles, and where each finds its channel to the keeper.
 */
#ifndef IPC_ROLE_H
#define IPC_ROLE_H

enum role {
	ROLE_KEEPER = 1,
	ROLE_CONFIG,
	ROLE_SIGNER,
	ROLE_EDGE,
	ROLE_DIALER,
	ROLE_AUDIT,
	ROLE_CONSOLE,
	ROLE_EXPORTER,
	ROLE_RELAY,
	ROLE_AUTHORITY, /* users, factors, sessions, decisions */
	ROLE_VERIFIER,	/* passwords and passkeys, for the authority */
	ROLE_SPAWNER,
	ROLE_SHIPPER, /* the audit log, to receivers elsewhere */
	ROLE_HERALD,  /* the status page */
	ROLE_CELL,    /* one client's connection; started by the spawner, not by the keeper */
	ROLE_N,
	ROLE_PROGRAMS = ROLE_CELL /* those before it are programs that the keeper starts */
};

/* The keeper's end of a role's channel is always this descriptor when the role starts. */
enum { ROLE_CHANNEL_FD = 3 };

enum { ROLE_EDGES_MAX = 64 };

/* role_name - "keeper", "config", ...; "unknown" for what is no role */
const char *role_name(enum role r);

#endif
