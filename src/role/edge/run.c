/* The turn of an edge: events, then what was put off for the sake of others, then deadlines. */
#include "role/edge/run.h"

#include "role/edge/accept.h"
#include "role/edge/client.h"
#include "role/edge/dial.h"
#include "role/edge/gate.h"
#include "role/edge/h2_session.h"
#include "role/edge/persist.h"
#include "role/edge/setup.h"
#include "role/edge/store.h"
#include "role/edge/tripwire.h"
#include "role/edge/upstream.h"
#include "sys/secret.h"
#include "tls/tls_heap.h"

#include <sys/mman.h>
#include <time.h>

enum { RUN_TLS_BYTES = 1 << 30 /* ceiling of all TLS connections' memory */ };

/* One row per kind of source. */
static loop_handler *const run_handlers[SOURCE_N] = {
	[SOURCE_KEEPER] = setup_on_event,   [SOURCE_SIGNER] = setup_on_signer,
	[SOURCE_DIALER] = dial_on_event,    [SOURCE_LISTENER] = accept_on_event,
	[SOURCE_CLIENT] = client_on_event,  [SOURCE_UPSTREAM] = upstream_on_event,
	[SOURCE_AUTHORITY] = gate_on_event,
};

/* The edge itself is large; it lives in memory of its own, most of which is never touched. */
struct edge *run_new(void)
{
	struct edge *e = mmap(NULL, sizeof *e, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (e == MAP_FAILED)
		return NULL;
	e->image_fd = e->coming_dialer_fd = e->coming_signer_fd = e->keeper.fd = e->dialer.fd = -1;
	e->authority.fd = e->audit.fd = -1;
	e->exporter_fd = -1;
	for (unsigned i = 0; i < IMAGE_LISTENER_SLOTS; i++)
		e->coming_listener_fd[i] = e->listeners[i].source.fd = -1;
	for (unsigned i = 0; i < TLS_SIGNER_CHANNELS; i++)
		e->signers[i].fd = -1;
	return e;
}

enum err run_prepare(struct edge *e)
{
	tzset(); /* now: later there is no file to read the time zone from, and certificates have
		    dates */
	secret_random(e->rng.s, sizeof e->rng.s);
	TRY(loop_init(&e->loop, e, run_handlers, SOURCE_N));
	wheel_init(&e->wheel, e->loop.now_ms);
	TRY(store_init(e));
	TRY(h2_session_init(e));
	TRY(tls_heap_init(RUN_TLS_BYTES, HEAP_PLAIN));
	TRY(tls_library_new(&client_tls_hooks, &e->tls));
	TRY(tripwire_init(e));
	return e->serves_cells ? E_OK : persist_init(e);
}

static void run_expire(struct edge *e)
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

/* There is something to do without an event. */
static bool run_has_more(const struct edge *e)
{
	return e->again || !list_is_empty(&e->h2_dirty) || (e->coming && e->coming->work);
}

enum err run_turn(struct edge *e, int max_ms)
{
	int wait_ms = wheel_wait_ms(&e->wheel, e->loop.now_ms);

	if (wait_ms > max_ms || max_ms > WHEEL_TICK_MS)
		wait_ms = max_ms;
	TRY(loop_turn(&e->loop, run_has_more(e) ? 0 : wait_ms));
	client_run_again(e);
	if (e->coming)
		setup_go_on(e);
	if (e->loop.now_ms / WHEEL_TICK_MS != e->tick) {
		e->tick = e->loop.now_ms / WHEEL_TICK_MS;
		run_expire(e);
		setup_tick(e);
		PAGE_ADD(e->load->loops, 1);
	}
	h2_session_flush_all(e);
	store_turn(e);
	return E_OK;
}
