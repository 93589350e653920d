/*
 * The life of a cell: from the first instruction after the branch to the end of its client.
 *
 * Idle ones are many, so they sleep until something is due; what they were read into is given back
 * to the kernel meanwhile, which also wipes it.
 */
#include "role/cell/cell.h"

#include "role/cell/counts.h"
#include "role/cell/lifeline.h"
#include "role/cell/porter.h"
#include "role/edge/access.h"
#include "role/edge/buffer.h"
#include "role/edge/client.h"
#include "role/edge/dial.h"
#include "role/edge/run.h"
#include "role/edge/setup.h"
#include "role/edge/tripwire.h"
#include "role/edge/upstream.h"
#include "sys/branch.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/secret.h"
#include "tls/tls_heap.h"

#include <sys/mman.h>
#include <unistd.h>

enum {
	CELL_COUNTS_MS = 1000,
	CELL_LIVE_MS = 250,    /* a stream is cut that long after its session ended (P7) */
	CELL_SLEEP_MS = 30000, /* the longest that nothing is looked at */
	CELL_IDLE_MS = 300,    /* quiet for so long: memory goes back */
	CELL_REST_MS = 2000,   /* for records that could not be handed over */
	CELL_GRACE_MS = 1000,  /* draining: requests that are on their way are still served */
	CELL_TRIM_SPANS = 4096,
	CELL_PAGE = 4096
};

/* One row per kind of source. */
static loop_handler *const cell_handlers[SOURCE_N] = {
	[SOURCE_KEEPER] = lifeline_on_event,   [SOURCE_SIGNER] = setup_on_signer,
	[SOURCE_DIALER] = dial_on_event,       [SOURCE_CLIENT] = client_on_event,
	[SOURCE_UPSTREAM] = upstream_on_event, [SOURCE_AUTHORITY] = gate_on_event,
	[SOURCE_AUDIT] = lifeline_on_audit,
};

struct cell_life {
	struct edge *e;
	uint64_t counted_ms, busy_ms;
	uint32_t spawn_us; /* not told yet */
	bool is_trimmed;
};

enum err cell_prepare(struct edge *e)
{
	void *load = mmap(NULL, sizeof *e->load, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (load == MAP_FAILED)
		return log_errno("memory for what a cell counts");
	e->load = load;
	e->loads[0] = e->load;
	e->load_n = 1;
	return porter_open(e, e->gate_page);
}

static enum err cell_channels(struct edge *e, const struct cell_birth *b)
{
	static const struct {
		uint8_t fd, role;
	} rows[] = {
		{ CELL_FD_SIGNER, ROLE_SIGNER },
		{ CELL_FD_DIALER, ROLE_DIALER },
		{ CELL_FD_AUTHORITY, ROLE_AUTHORITY },
		{ CELL_FD_AUDIT, ROLE_AUDIT },
	};

	e->keeper = (struct loop_source){ .fd = ROLE_CHANNEL_FD, .kind = SOURCE_KEEPER };
	TRY(loop_add(&e->loop, &e->keeper, EPOLLIN));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (b->fds[rows[i].fd] >= 0)
			TRY(lifeline_take(e, (enum role)rows[i].role,
					  ROLE_CHANNEL_FD + rows[i].fd));
	return E_OK;
}

/* What the spawner and its other cells have, this one must not have the same: random numbers. */
static enum err cell_become(const struct cell_birth *b)
{
	struct edge *e = b->e;
	struct branch_keep keep = {
		.fds = b->fds, .n = CELL_FDS, .first = ROLE_CHANNEL_FD, .nofile = CELL_NOFILE
	};

	log_open("cell", b->who.slot);
	TRY(branch_keep(&keep, "sluis-cell"));
	secret_random(e->rng.s, sizeof e->rng.s);
	tls_heap_shuffle();
	heap_shuffle(&e->h2_heap);
	tripwire_renew(e);
	e->me = b->who;
	e->self.role = ROLE_CELL;
	e->self.index = 0;
	TRY(loop_init(&e->loop, e, cell_handlers, SOURCE_N));
	return sandbox_filter_enter(b->filter);
}

static void cell_begin(struct edge *e, const struct cell_birth *b)
{
	const struct image_listener *l = e->now->listener[b->who.listener];

	if (l)
		client_accept(e, l, ROLE_CHANNEL_FD + CELL_FD_CLIENT, &b->who.ip, b->who.port);
}

/* ---- rest ---- */

static bool cell_is_resting(const struct edge *e)
{
	for (uint32_t i = 0; i < e->client_high; i++) {
		const struct client *c = &e->clients[i];

		if (c->state == CLIENT_FREE || c->state == CLIENT_DEAD)
			continue;
		if (c->is_stream || (c->state != CLIENT_HEAD && c->state != CLIENT_SESSION) ||
		    c->conn.out || c->conn.in)
			return false;
	}
	return !e->again && !e->dead_clients && !e->dead_upstreams;
}

static uint64_t cell_earlier(uint64_t next, const struct wheel_entry *t)
{
	return t->due_ms && t->due_ms < next ? t->due_ms : next;
}

/* When the first of its few deadlines is due. */
static uint64_t cell_next_ms(const struct edge *e)
{
	uint64_t next = e->loop.now_ms + CELL_SLEEP_MS;

	for (uint32_t i = 0; i < e->client_high; i++)
		if (e->clients[i].state != CLIENT_FREE && e->clients[i].state != CLIENT_DEAD)
			next = cell_earlier(next, &e->clients[i].conn.timer);
	for (uint32_t i = 0; i < e->upstream_high; i++)
		if (!e->upstreams[i].is_dead && e->upstreams[i].conn.source.fd >= 0)
			next = cell_earlier(next, &e->upstreams[i].conn.timer);
	return next;
}

/* Scratch that held the client's bytes, and heaps with nothing in them. */
static void cell_trim(struct edge *e)
{
	uintptr_t from = ((uintptr_t)e->fields + CELL_PAGE - 1) & ~(uintptr_t)(CELL_PAGE - 1);
	uintptr_t to = (uintptr_t)(e + 1) & ~(uintptr_t)(CELL_PAGE - 1);

	if (madvise((void *)from, to - from, MADV_DONTNEED) < 0)
		(void)log_errno("madvise");
	tripwire_forget(e);
	buffer_pool_trim(&e->buffers, 0);
	heap_trim(&e->h2_heap, CELL_TRIM_SPANS);
	tls_heap_trim(CELL_TRIM_SPANS);
	heap_rest(&e->h2_heap);
	tls_heap_rest();
}

static int cell_wait_ms(struct cell_life *l)
{
	struct edge *e = l->e;
	uint64_t now = e->loop.now_ms, next = 0;

	if (!cell_is_resting(e)) {
		l->busy_ms = now;
		l->is_trimmed = false;
		return e->exchange_high && e->client_n == 1 && e->clients[0].state == CLIENT_TUNNEL
			       ? CELL_LIVE_MS
			       : WHEEL_TICK_MS;
	}
	if (e->is_draining || now - l->busy_ms < CELL_IDLE_MS)
		return WHEEL_TICK_MS;
	if (!l->is_trimmed) {
		counts_tell(e, l->spawn_us);
		l->spawn_us = 0;
		cell_trim(e);
	}
	l->is_trimmed = true;
	next = cell_next_ms(e);
	return next > now + WHEEL_TICK_MS ? (int)(next - now) : WHEEL_TICK_MS;
}

/* ---- the loop ---- */

static void cell_count(struct cell_life *l)
{
	uint64_t now = l->e->loop.now_ms;

	if (now - l->counted_ms < CELL_COUNTS_MS && !l->spawn_us)
		return;
	l->counted_ms = now;
	counts_tell(l->e, l->spawn_us);
	l->spawn_us = 0;
}

static bool cell_is_over(struct edge *e)
{
	if (e->gate_page && PAGE_GET(e->gate_page->image) > e->now->number && !e->is_draining)
		lifeline_drain(e, UINT64_MAX);
	if (e->client_n == 0 || lifeline_is_cut(e))
		return true;
	if (!e->is_draining)
		return false;
	if (e->loop.now_ms - e->drain_began_ms >= CELL_GRACE_MS)
		client_close_idle(e, true, 0);
	return e->client_n == 0 || e->loop.now_ms >= e->drain_until_ms;
}

/* Its client has gone; what the log has not heard yet waits a moment for the next audit. */
static void cell_tell_rest(struct edge *e)
{
	uint64_t until_ms = e->loop.now_ms + CELL_REST_MS;

	while (!access_flush(e) && !lifeline_is_cut(e) && e->loop.now_ms < until_ms)
		if (run_turn(e, WHEEL_TICK_MS) != E_OK)
			return;
}

void cell_run(const struct cell_birth *b)
{
	struct cell_life l = { .e = b->e };

	if (cell_become(b) != E_OK || cell_channels(b->e, b) != E_OK)
		_exit(1);
	l.spawn_us = (uint32_t)((clock_mono_ns() - b->seen_ns) / 1000) | 1;
	l.busy_ms = b->e->loop.now_ms;
	cell_begin(b->e, b);
	while (!cell_is_over(b->e)) {
		if (run_turn(b->e, cell_wait_ms(&l)) != E_OK)
			_exit(1);
		porter_forget(b->e);
		cell_count(&l);
	}
	counts_tell(b->e, l.spawn_us);
	cell_tell_rest(b->e);
	_exit(0);
}
