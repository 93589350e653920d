/* Each row is a right that a role needs for its work, and what somebody gets who takes it over. */
#include "drill/allowed.h"

#include "base/view.h"

#define ALLOWED_CONNECTS (ACT_ROLE(ROLE_DIALER) | ACT_ROLE(ROLE_EXPORTER))
#define ALLOWED_EDGES	 (ACT_ROLE(ROLE_EDGE) | ACT_ROLE(ROLE_CELL))

static const char allowed_file[] =
	"its uid decides which files it reads; keys are another's, and it is "
	"gone when the configuration is compiled",
		  allowed_ports[] =
			  "no cgroup rules can be made here (see sluis status): the kernel "
			  "holds it to TCP ports alone",
		  allowed_own[] =
			  "it is its own memory, and ends with it; the machine, or the unit's "
			  "limits, decide how much there is",
		  allowed_birth[] = "cells are born with it; they are given less";

static const struct allowed allowed_rows[] = {
	/* config reads files, for a moment */
	{ ACT_ROLE(ROLE_CONFIG), "open-configuration", "the configuration",
	  "it reads the configuration, and is gone when that is done", 0 },
	{ ACT_ROLE(ROLE_CONFIG), "open-key", "private keys",
	  "an ordinary user's roles are that user, and config opens files", ALLOWED_USER },
	{ ACT_ROLE(ROLE_CONFIG), "open-store-key", "the key of the store",
	  "an ordinary user's roles are that user, and config opens files", ALLOWED_USER },
	{ ACT_ROLE(ROLE_CONFIG), "open-audit-key", "the key that signs the log",
	  "an ordinary user's roles are that user, and config opens files", ALLOWED_USER },
	{ ACT_ROLE(ROLE_CONFIG), "read-log", "the audit log, to read",
	  "an ordinary user's roles are that user, and config opens files", ALLOWED_USER },
	{ ACT_ROLE(ROLE_CONFIG), "open-key-path", "names and sizes of files",
	  "a descriptor that nothing can be read through", 0 },
	{ ACT_ROLE(ROLE_CONFIG), "open-passwd", "files that everybody may read", allowed_file, 0 },
	{ ACT_ROLE(ROLE_CONFIG), "open-root", "names and sizes of files", allowed_file, 0 },
	{ ACT_ROLE(ROLE_CONFIG), "open-own-maps", "its own memory's layout", allowed_file, 0 },
	{ ACT_ROLE(ROLE_CONFIG), "look-at-file", "names and sizes of files",
	  "it says whether a key that is named is there", 0 },
	{ ACT_ROLE(ROLE_CONFIG), "climb-out", "files that everybody may read", allowed_file, 0 },
	{ ACT_ROLE(ROLE_CONFIG), "truncate-stderr", "messages to a file, where they go to one",
	  "it gives its image a size; a journal can't be emptied", 0 },
	{ ACT_ROLE(ROLE_CONFIG), "memory-files", "memory", "its image is a memory file", 0 },

	/* who connects; where to, the kernel decides */
	{ ALLOWED_CONNECTS, "socket-tcp", "sockets to its servers",
	  "it connects; where to, the kernel decides", 0 },
	{ ALLOWED_CONNECTS, "socket-tcp6", "sockets to its servers",
	  "it connects; where to, the kernel decides", 0 },
	{ ALLOWED_CONNECTS, "socket-udp", "sockets to name servers",
	  "it connects; where to, the kernel decides", 0 },
	{ ALLOWED_CONNECTS, "socket-udp6", "sockets to name servers",
	  "it connects; where to, the kernel decides", 0 },
	{ ALLOWED_CONNECTS, "send-datagram", "any address, by datagrams", allowed_ports,
	  ALLOWED_PORTS },
	{ ALLOWED_CONNECTS, "connect-datagram", "any address, by datagrams", allowed_ports,
	  ALLOWED_PORTS },
	{ ALLOWED_CONNECTS, "ask-dns", "any address, by datagrams", allowed_ports, ALLOWED_PORTS },

	/* the relay's listeners send wherever datagrams go: why it is a process of its own */
	{ ACT_ROLE(ROLE_RELAY), "send-from-given", "any address, from its listeners",
	  "a socket that answers any client sends to any address", 0 },
	{ ACT_ROLE(ROLE_RELAY), "send-message-from-given", "any address, from its listeners",
	  "a socket that answers any client sends to any address", 0 },

	/* the authority's store */
	{ ACT_ROLE(ROLE_AUTHORITY), "map-descriptors", "its store",
	  "the store's files are its own to write", 0 },
	{ ACT_ROLE(ROLE_AUTHORITY), "truncate-stderr", "messages to a file, where they go to one",
	  "it shortens its store's log; a journal can't be emptied", 0 },

	/* the spawner makes processes */
	{ ACT_ROLE(ROLE_SPAWNER), "socket-pair", "pairs of sockets", allowed_birth, 0 },
	{ ACT_ROLE(ROLE_SPAWNER), "gain-capability", "CAP_SYS_ADMIN in its own user namespace",
	  "new PID namespaces take it; its list lets it use that for one clone alone", 0 },
	{ ACT_ROLE(ROLE_SPAWNER), "change-limits", "its own limits", allowed_birth, 0 },
	{ ACT_ROLE(ROLE_SPAWNER), "many-epolls", "descriptors of its own", allowed_birth, 0 },
	{ ACT_ROLE(ROLE_SPAWNER) | ALLOWED_EDGES, "many-pipes", "descriptors of its own",
	  "long bodies move through pipes; its own table is all that fills", 0 },

	{ 0, "much-memory", "memory", allowed_own, 0 },
};

const struct allowed *allowed_find(enum role role, const char *act, uint8_t is_so)
{
	for (size_t i = 0; i < sizeof allowed_rows / sizeof *allowed_rows; i++) {
		const struct allowed *a = &allowed_rows[i];

		if ((!a->roles || (a->roles & ACT_ROLE(role))) &&
		    view_eq(view_str(a->act), view_str(act)) && (a->when & is_so) == a->when)
			return a;
	}
	return NULL;
}
