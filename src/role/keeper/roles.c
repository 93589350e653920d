/* The roles table. */
#include "role/keeper/roles.h"

#include "base/err.h"
#include "ipc/ring.h"

static const struct roles_row roles_rows[ROLE_N] = {
	[ROLE_CONFIG] = { .program = "sluis-config",
			  .does = "compiles the configuration into an image",
			  .uid_offset = ROLE_CONFIG,
			  .restart = ROLES_ONE_SHOT },
	[ROLE_SIGNER] = { .program = "sluis-signer",
			  .does = "holds the private keys; signs handshakes and checkpoints",
			  .uid_offset = ROLE_SIGNER,
			  .restart = ROLES_ALWAYS,
			  .wants_read_any = true,
			  .has_ring = true,
			  .ring_bytes = RING_BYTES_SMALL,
			  .memlock = 64u << 20 },
	[ROLE_EDGE] = { .program = "sluis-edge",
			.does = "TLS, HTTP, routing, balancing, proxying",
			.uid_offset = ROLE_EDGE,
			.restart = ROLES_ALWAYS,
			.has_ring = true,
			.ring_bytes = RING_BYTES },
	[ROLE_DIALER] = { .program = "sluis-dialer",
			  .does = "connects to servers, resolves names, checks health",
			  .uid_offset = ROLE_DIALER,
			  .restart = ROLES_ALWAYS,
			  .wants_network = true,
			  .has_ring = true,
			  .ring_bytes = RING_BYTES_SMALL },
	[ROLE_AUDIT] = { .program = "sluis-audit",
			 .does = "appends, chains and signs the log",
			 .uid_offset = ROLE_AUDIT,
			 .restart = ROLES_ALWAYS },
	[ROLE_CONSOLE] = { .program = "sluis-console",
			   .does = "metrics on an address of their own",
			   .uid_offset = ROLE_CONSOLE,
			   .restart = ROLES_ALWAYS },
	[ROLE_EXPORTER] = { .program = "sluis-exporter",
			    .does = "spans of traced requests, to a collector",
			    .uid_offset = ROLE_EXPORTER,
			    .restart = ROLES_ALWAYS,
			    .wants_network = true },
	[ROLE_RELAY] = { .program = "sluis-relay",
			 .does = "datagrams between clients and servers",
			 .uid_offset = ROLE_RELAY,
			 .restart = ROLES_ALWAYS,
			 .has_ring = true,
			 .ring_bytes = RING_BYTES },
};

const struct roles_row *roles_row(enum role r)
{
	INVARIANT((unsigned)r < ROLE_N && roles_rows[r].program);
	return &roles_rows[r];
}
