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
 *      None. The keeper's DRAIN message ends it in order.
 *
 * IPC
 *      keeper (descriptor 3, ipc/keeper_role.h), signer (ipc/edge_signer.h), dialer
 *      (ipc/edge_dialer.h); health and load pages (ipc/pages.h); audit ring (ipc/ring.h).
 */
#include "role/edge/accept.h"
#include "role/edge/client.h"
#include "role/edge/dial.h"
#include "role/edge/sandbox.h"
#include "role/edge/setup.h"
#include "role/edge/slots.h"
#include "role/edge/upstream.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/secret.h"
#include "tls/tls_heap.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { EDGE_TLS_BYTES = 1 << 30 /* ceiling of all TLS connections' memory */ };

/* One row per kind of source. */
static loop_handler *const handlers[SOURCE_N] = {
	[SOURCE_KEEPER] = setup_on_event,  [SOURCE_SIGNER] = setup_on_signer,
	[SOURCE_DIALER] = dial_on_event,   [SOURCE_LISTENER] = accept_on_event,
	[SOURCE_CLIENT] = client_on_event, [SOURCE_UPSTREAM] = upstream_on_event,
};

/* The edge itself is large; it lives in memory of its own, most of which is never touched. */
static struct edge *edge_new(void)
{
	struct edge *e = mmap(NULL, sizeof *e, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (e == MAP_FAILED)
		return NULL;
	e->image_fd = e->coming_dialer_fd = e->coming_signer_fd = e->keeper.fd = e->dialer.fd = -1;
	for (unsigned i = 0; i < IMAGE_LISTENER_SLOTS; i++)
		e->coming_listener_fd[i] = e->listeners[i].source.fd = -1;
	for (unsigned i = 0; i < TLS_SIGNER_CHANNELS; i++)
		e->signers[i].fd = -1;
	return e;
}

static enum err edge_prepare(struct edge *e)
{
	secret_random(e->rng.s, sizeof e->rng.s);
	TRY(loop_init(&e->loop, e, handlers, SOURCE_N));
	wheel_init(&e->wheel, e->loop.now_ms);
	TRY(slots_init(e));
	TRY(tls_heap_init(EDGE_TLS_BYTES, false));
	return tls_library_new(&client_tls_hooks, &e->tls);
}

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
	if (edge_prepare(e) != E_OK) {
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
	TRY(edge_watch_keeper(e));
	return keeper_role_ready(report.have, report.weaker);
}

static void edge_expire(struct edge *e)
{
	struct wheel_entry *due = NULL;

	while ((due = wheel_next(&e->wheel, e->loop.now_ms))) {
		struct conn *k = OWNER_OF(due, struct conn, timer);

		if (k->source.kind == SOURCE_CLIENT)
			client_expired(e, OWNER_OF(k, struct client, conn));
		else
			upstream_expired(e, OWNER_OF(k, struct upstream, conn));
	}
}

int main(void)
{
	struct edge *e = edge_new();
	uint64_t ticked_ms = 0;
	bool has_more = false;

	log_open("edge", 0);
	if (!e || edge_start(e) != E_OK)
		return EXIT_FAILURE;
	for (;;) {
		if (loop_turn(&e->loop, has_more ? 0 : wheel_wait_ms(&e->wheel, e->loop.now_ms)) !=
		    E_OK)
			return EXIT_FAILURE;
		has_more = client_run_again(e);
		if (e->loop.now_ms - ticked_ms >= WHEEL_TICK_MS) {
			ticked_ms = e->loop.now_ms;
			edge_expire(e);
			setup_tick(e);
			PAGE_ADD(e->load->loops, 1);
		}
		has_more |= e->again != NULL;
		slots_turn(e);
	}
}
