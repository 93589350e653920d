/*
 * NAME
 *      sluis-edge - TLS, HTTP, routing, balancing and proxying for many connections
 *
 * DESCRIPTION
 *      The fast path for public sites. Accepts on the listeners the keeper has bound, terminates
 *      TLS, parses each request once, strictly, chooses a server and moves both bodies. One
 *      process per core, one thread, one epoll loop; nothing is allocated on the warm path.
 *
 * SECURITY
 *      Hostile bytes from clients and from servers are parsed here, so this process is built to be
 *      taken over without consequence (P2, P4, P5): it holds no private key (the signer signs
 *      what it recognises), it has no socket, no connect and no route out (the dialer hands it
 *      connected descriptors of its own servers), it can't open a file, start a program or make
 *      memory executable. It ends with the keeper.
 *
 * FILES
 *      None. Everything comes over the keeper's channel.
 *
 * SIGNALS
 *      SIGPIPE is ignored. The keeper's DRAIN message ends it in order.
 *
 * IPC
 *      keeper (descriptor 3, ipc/keeper_role.h), signer (ipc/edge_signer.h), dialer
 *      (ipc/edge_dialer.h); health and load pages (ipc/pages.h); audit ring (ipc/ring.h).
 */
#include "role/edge/run.h"
#include "role/edge/sandbox.h"
#include "role/edge/setup.h"
#include "role/edge/tripwire.h"
#include "sys/fd.h"
#include "sys/log.h"

#include <signal.h>
#include <stdlib.h>

static enum err edge_watch_keeper(struct edge *e)
{
	e->keeper = (struct loop_source){ .fd = ROLE_CHANNEL_FD, .kind = SOURCE_KEEPER };
	TRY(fd_set_nonblocking(ROLE_CHANNEL_FD));
	return loop_add(&e->loop, &e->keeper, EPOLLIN);
}

/* Everything up to the first event; what fails has told the keeper why. */
static enum err edge_start(struct edge *e)
{
	struct sandbox_run run = { 0 };
	struct sandbox_report report = { 0 };
	const char *why = "";

	TRY(keeper_role_boot(&setup_table, e, &e->self));
	if (run_prepare(e) != E_OK) {
		keeper_role_failed("edge[%u]: out of memory, or OpenSSL can't be set up",
				   e->self.index);
		return E_SYS;
	}
	run.weaker = e->self.weaker;
	if (sandbox_enter(&edge_sandbox, &run, &report) != E_OK) {
		keeper_role_failed("edge[%u]: %s", e->self.index, report.weaker);
		return E_DENIED;
	}
	if (setup_begin(e, &why) != E_OK) {
		keeper_role_failed("edge[%u]: %s", e->self.index, why);
		return E_PROTO;
	}
	tripwire_announce(e);
	TRY(edge_watch_keeper(e));
	return keeper_role_ready(report.have, report.weaker);
}

int main(void)
{
	struct edge *e = run_new();

	log_open("edge", 0);
	(void)signal(SIGPIPE, SIG_IGN); /* splice has no MSG_NOSIGNAL */
	if (!e || edge_start(e) != E_OK)
		return EXIT_FAILURE;
	while (run_turn(e, WHEEL_TICK_MS) == E_OK) {
	}
	return EXIT_FAILURE;
}
