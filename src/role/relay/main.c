/*
 * NAME
 *   sluis-relay - passes datagrams on between clients and servers
 *
 * DESCRIPTION
 *   Runs when the configuration has listeners with protocol udp. A session is one client (address
 *   and port) and one address of this machine: it begins with a datagram, gets a server by the
 *   pool's balancing, a socket of its own to it, and ends when nothing has come from either side
 *   for timeouts.datagram_idle. One process, one thread; 65,536 sessions at most, in memory that is
 *   reserved at its start. A reload leaves sessions alone; a restart and an upgrade end them, while
 *   datagrams wait in the listeners' sockets.
 *
 * SECURITY
 *   Reads nothing of what it passes on. It has no socket(), bind() or connect(): listening sockets
 *   are the keeper's, sockets to servers the dialer's, by server id (P4). A listening socket can
 *   send to any address, however: who takes this process over can send datagrams from the
 * listeners' addresses to wherever this machine's routes lead. That is why it is a process of its
 * own, and there only when it is asked for (P12). No file, no key, no network namespace with
 * anything in it (P5).
 *
 * FILES
 *   None.
 *
 * SIGNALS
 *   None are handled. The keeper's DRAIN message ends it in order.
 *
 * IPC
 *   keeper: IMAGE, PAGE, RING, CHANNEL, LISTENER, HASH_KEY, SWAP, DRAIN. dialer: as edges do
 *   (ipc/edge_dialer.h).
 */
#include "role/relay/setup.h"
#include "sys/log.h"

#include <stdlib.h>

/* Everything up to the first event; what fails has told the keeper why. */
static enum err main_start(struct relay *r)
{
	struct sandbox_run run = { 0 };
	struct sandbox_report report = { 0 };
	const char *why = "";

	TRY(keeper_role_boot(&setup_table, r, &r->self));
	if (setup_prepare(r) != E_OK) {
		keeper_role_failed("relay: out of memory");
		return E_NOMEM;
	}
	run.weaker = r->self.weaker;
	if (sandbox_enter(&relay_sandbox, &run, &report) != E_OK) {
		keeper_role_failed("relay: %s", report.weaker);
		return E_DENIED;
	}
	if (setup_begin(r, &why) != E_OK) {
		keeper_role_failed("relay: %s", why);
		return E_PROTO;
	}
	TRY(setup_watch_keeper(r));
	return keeper_role_ready(report.have, report.weaker);
}

int main(void)
{
	struct relay *r = setup_new();
	enum err e = E_OK;

	log_open("relay", 0);
	if (!r || main_start(r) != E_OK)
		return EXIT_FAILURE;
	while (e == E_OK)
		e = setup_turn(r, WHEEL_TICK_MS);
	return e == E_CLOSED ? EXIT_SUCCESS : EXIT_FAILURE;
}
