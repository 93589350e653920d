/* Role names. */
#include "ipc/role.h"

const char *role_name(enum role r)
{
	static const char *const names[ROLE_N] = {
		[ROLE_KEEPER] = "keeper",     [ROLE_CONFIG] = "config",
		[ROLE_SIGNER] = "signer",     [ROLE_EDGE] = "edge",
		[ROLE_DIALER] = "dialer",     [ROLE_AUDIT] = "audit",
		[ROLE_CONSOLE] = "console",   [ROLE_EXPORTER] = "exporter",
		[ROLE_RELAY] = "relay",	      [ROLE_AUTHORITY] = "authority",
		[ROLE_VERIFIER] = "verifier", [ROLE_SPAWNER] = "spawner",
		[ROLE_SHIPPER] = "shipper",   [ROLE_HERALD] = "herald",
		[ROLE_CELL] = "cell",
	};

	return (unsigned)r < ROLE_N && names[r] ? names[r] : "unknown";
}
