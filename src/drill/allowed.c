/* Each row is a right that a role needs for its work, and what somebody gets who takes it over. */
#include "drill/allowed.h"

#include "base/view.h"

#define ALLOWED_CONNECTS (ACT_ROLE(ROLE_DIALER) | ACT_ROLE(ROLE_EXPORTER))
#define ALLOWED_EDGES	 (ACT_ROLE(ROLE_EDGE) | ACT_ROLE(ROLE_CELL))

/* Those who have a ring or a page of their own. */
#define ALLOWED_WRITERS                                                                            \
	(ACT_ROLE(ROLE_EDGE) | ACT_ROLE(ROLE_SIGNER) | ACT_ROLE(ROLE_DIALER) |                     \
	 ACT_ROLE(ROLE_AUDIT) | ACT_ROLE(ROLE_RELAY) | ACT_ROLE(ROLE_AUTHORITY) |                  \
	 ACT_ROLE(ROLE_VERIFIER) | ACT_ROLE(ROLE_SPAWNER) | ACT_ROLE(ROLE_SHIPPER) |               \
	 ACT_ROLE(ROLE_EXPORTER))

static const char allowed_file[] =
	"its uid decides which files it reads; keys are another's, and it is "
	"gone when the configuration is compiled",
		  allowed_ports[] =
			  "no cgroup rules can be made here (see sluis status): the kernel "
			  "holds it to TCP ports alone",
		  allowed_own[] =
			  "it is its own memory, and ends with it; the machine, or the unit's "
			  "limits, decide how much there is",
		  allowed_handshake[] = "it ends TLS: a signature is good for one "
					"handshake, whose transcript it is bound to",
		  allowed_store[] = "the store's files are its own to write",
		  allowed_log[] = "it writes the log; receivers and witnesses have what was signed "
				  "before, and see two histories",
		  allowed_line[] = "the line says who wrote it; only the keeper and audit decide "
				   "whose ring it is",
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

	/* signatures */
	{ ALLOWED_EDGES, "sign-handshake", "handshakes as its listeners' hosts", allowed_handshake,
	  0 },
	{ ALLOWED_EDGES, "sign-replayed", "handshakes as its listeners' hosts", allowed_handshake,
	  0 },
	{ ACT_ROLE(ROLE_EDGE), "sign-many", "handshakes as its listeners' hosts",
	  "it ends TLS of many clients; its rate is limited, and every signature is one handshake",
	  0 },
	{ ACT_ROLE(ROLE_SPAWNER), "invent-signature", "handshakes as cells' hosts",
	  "it introduces cells; four signatures for each, and it is replaced every few minutes",
	  0 },
	{ ACT_ROLE(ROLE_AUTHORITY), "ask-assertion", "any user, in any application",
	  "it decides who somebody is; for applications of the configuration, and 60 seconds", 0 },
	{ ACT_ROLE(ROLE_AUDIT), "ask-tree", "signed checkpoints of its own", allowed_log, 0 },
	{ ACT_ROLE(ROLE_AUDIT), "ask-checkpoint", "signed checkpoints of its own", allowed_log, 0 },

	/* servers */
	{ ALLOWED_EDGES | ACT_ROLE(ROLE_RELAY), "dial-public", "servers of its routes",
	  "requests go there; no route leads it anywhere else", 0 },
	{ ACT_ROLE(ROLE_RELAY), "dial-datagrams", "servers of its routes",
	  "datagrams go there; no route leads it anywhere else", 0 },
	{ ACT_ROLE(ROLE_SHIPPER), "dial-receiver", "receivers of the log",
	  "it sends them the log, by TLS; it has no other server", 0 },
	{ ACT_ROLE(ROLE_EDGE) | ACT_ROLE(ROLE_RELAY) | ACT_ROLE(ROLE_SHIPPER), "slander-server",
	  "servers of pools, for a while",
	  "failures that it alone sees count; outlier.max_ejected bounds how many at a time", 0 },

	/* the authority's store is files that it was given */
	{ ACT_ROLE(ROLE_AUTHORITY), "page-shrink", "its store", allowed_store, 0 },
	{ ACT_ROLE(ROLE_AUTHORITY), "page-grow", "its store", allowed_store, 0 },
	{ ACT_ROLE(ROLE_AUTHORITY), "page-write", "its store", allowed_store, 0 },

	/* its own word */
	{ ALLOWED_WRITERS, "page-own", "its own page",
	  "one writer each: readers clamp what it says, and none of it decides who may in", 0 },
	{ ACT_ROLE(ROLE_AUTHORITY), "page-own", "who may in, and what is closed",
	  "it decides; the log says what it decided", 0 },
	{ ALLOWED_WRITERS, "record-event", "lines of the log in its own name", allowed_line, 0 },
	{ ALLOWED_WRITERS, "record-alarm", "lines of the log in its own name", allowed_line, 0 },
	{ ACT_ROLE(ROLE_AUTHORITY), "record-login", "lines about people",
	  "what people do the authority tells, and nobody else", 0 },
	{ ALLOWED_WRITERS | ACT_ROLE(ROLE_CELL), "keep-silent", "silence about itself",
	  "nobody can be made to speak; what was said can't be unsaid, and others speak of it", 0 },
	{ ACT_ROLE(ROLE_AUDIT), "alarm-in-anothers-name", "alarms in any name",
	  "it tells who wrote what; an alarm closes and opens nothing by itself", 0 },

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
