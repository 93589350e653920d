/*
 * NAME
 *      sluis-spawner - a process of its own for each client of the gateway
 *
 * DESCRIPTION
 *      Runs when the configuration has listeners with isolation: cell. Makes everything ready that
 *      a cell needs (image, TLS, memory), accepts connections, and for each one that begins TLS
 *      branches off a cell: the edge's code with that one client (role/cell). It is replaced every
 *      few minutes, and at each change of the configuration, by one that is executed anew; cells
 *      outlive their spawner.
 *
 * SECURITY
 *      P1: what one client says is in no process that serves another. The spawner itself looks at
 *      six bytes of a client, to see that TLS begins, and holds no key and no secret. It keeps
 *      CAP_SYS_ADMIN inside its own user namespace, which new PID namespaces take; its list of
 *      system calls lets it use that for clone with fixed flags and for nothing else. Cells drop
 *      it, keep none of the spawner's descriptors or memory of other clients, and get a shorter
 *      list on top: no accept, no clone.
 *      Silent connections, those of one address, those of strangers, and all together are limited.
 *
 * FILES
 *      None.
 *
 * SIGNALS
 *      SIGPIPE is ignored. The keeper's DRAIN message ends it in order. Cells end when their client
 *      does, when the lifeline says so, and when all their channels are dead.
 *
 * IPC
 *      keeper (descriptor 3): IMAGE, PAGE (health, gate, cells, load), RING, CHANNEL, LISTENER,
 *      DRAIN. signer, dialer, authority, audit: introductions of cells (ipc/spawner.h). cells:
 * their lifelines (ipc/cell_spawner.h).
 */
#include "role/spawner/zygote.h"
#include "sys/log.h"

#include <signal.h>
#include <stdlib.h>

int main(void)
{
	struct spawner *s = zygote_new();
	enum err e = E_OK;

	log_open("spawner", 0);
	(void)signal(SIGPIPE, SIG_IGN); /* splice has no MSG_NOSIGNAL */
	if (!s || zygote_boot(s) != E_OK)
		return EXIT_FAILURE;
	while (e == E_OK)
		e = zygote_turn(s);
	return e == E_CLOSED ? EXIT_SUCCESS : EXIT_FAILURE;
}
