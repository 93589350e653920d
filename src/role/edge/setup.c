/*
 * The keeper's messages. A generation is made ready beside the one in use and takes over between
 * two events; if anything about it fails, the old one stays and the keeper is told why (P10).
 */
#include "role/edge/setup.h"

#include "role/edge/accept.h"
#include "role/edge/access.h"
#include "role/edge/address.h"
#include "role/edge/buffer.h"
#include "role/edge/cache.h"
#include "role/edge/client.h"
#include "role/edge/compress.h"
#include "role/edge/dial.h"
#include "role/edge/exchange.h"
#include "role/edge/flight.h"
#include "role/edge/gate.h"
#include "role/edge/generation.h"
#include "role/edge/level.h"
#include "role/edge/pipe.h"
#include "role/edge/trace.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/shm.h"
#include "tls/tls_heap.h"

#include <stdlib.h>

enum {
	SETUP_TRIM_KEEP = 256,
	SETUP_TRIM_SPANS = 64,
	SETUP_TRIM_MS = 1000,
	SETUP_IDLE_GRACE_MS = 1000,
	SETUP_PATTERN_MAX = 2000
};

/* ---- signers ---- */

/* An earlier generation's signer goes when it has answered everything. */
static void setup_close_idle_signers(struct edge *e)
{
	int fd = -1;

	while ((fd = tls_signer_client_idle(tls_library_signer(e->tls))) >= 0)
		for (unsigned i = 0; i < TLS_SIGNER_CHANNELS; i++)
			if (e->signers[i].fd == fd)
				loop_close(&e->signers[i]);
}

/* ---- images ---- */

static enum err setup_on_image(void *role, struct frame *f)
{
	struct edge *e = role;
	struct view in = f->body;
	const char *why = "";
	uint32_t number = 0;

	TRY(view_u32(&in, &number));
	e->image_fd = fd_close(e->image_fd);
	e->image_fd = frame_take_fd(f, 0);
	e->coming_number = number;
	if (!e->now)
		return E_OK; /* boot: loaded when the sandbox is closed */
	generation_drop(e, e->coming);
	e->coming = NULL;
	e->swap_is_due = false;
	if (generation_load(e, e->image_fd, number, &e->coming, &why) != E_OK)
		keeper_role_failed("edge[%u]: generation %u can't be used: %s", e->self.index,
				   number, why);
	return E_OK;
}

static enum err setup_tell_swapped(const struct edge *e)
{
	uint8_t body[4];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u32(&w, e->now->number);
	return frame_send(ROLE_CHANNEL_FD, ROLE_SWAPPED, 0, wbuf_view(&w), NULL, 0);
}

/* Listeners of the coming generation: those that stay keep their socket, others have been sent one.
 */
static enum err setup_take_listeners(struct edge *e, const struct generation *g)
{
	for (uint16_t slot = 0; slot < IMAGE_LISTENER_SLOTS; slot++) {
		int fd = fd_steal(&e->coming_listener_fd[slot]);

		if (fd >= 0 && !g->listener[slot])
			fd = fd_close(fd);
		if (fd >= 0)
			TRY(accept_open(e, slot, fd));
		if (g->listener[slot] && e->listeners[slot].source.fd < 0)
			return E_PROTO;
		if (!g->listener[slot] && e->listeners[slot].source.fd >= 0) {
			accept_close(e, slot);
			client_close_idle(e, false, slot);
		}
	}
	return E_OK;
}

static enum err setup_take_dialer(struct edge *e)
{
	return e->coming_dialer_fd >= 0 ? dial_set_channel(e, fd_steal(&e->coming_dialer_fd))
					: E_OK;
}

static enum err setup_swap(struct edge *e)
{
	struct generation *old = e->now;
	uint32_t number = e->coming->number;

	e->now = e->coming;
	e->coming = NULL;
	e->swap_is_due = false;
	if (setup_take_listeners(e, e->now) != E_OK)
		log_line(LOG_ERROR, "a listener of generation %u has no socket", number);
	TRY(setup_take_dialer(e));
	tls_signer_client_retire(tls_library_signer(e->tls), number);
	setup_close_idle_signers(e);
	PAGE_SET(e->load->generation, number);
	level_refresh(e);
	generation_drop(e, old);
	return setup_tell_swapped(e);
}

static enum err setup_on_swap(void *role, struct frame *f)
{
	struct edge *e = role;
	struct view in = f->body;
	uint32_t number = 0;

	TRY(view_u32(&in, &number));
	if (!e->coming || e->coming->number != number)
		return E_OK; /* it has failed, and that has been told */
	e->swap_is_due = true;
	return e->coming->work ? E_OK : setup_swap(e);
}

void setup_go_on(struct edge *e)
{
	if (!generation_go_on(e->coming, GENERATION_STEPS) || !e->swap_is_due)
		return;
	if (setup_swap(e) == E_OK)
		return;
	log_line(LOG_ERROR, "the change to another generation has failed");
	exit(1);
}

/* ---- what boot brings, and what is replaced later ---- */

static enum err setup_map_load(struct edge *e, uint16_t index, bool is_writable, void *p)
{
	if (index >= ROLE_EDGES_MAX || (is_writable && e->load) ||
	    (e->load && e->loads[index] == e->load))
		return E_PROTO;
	shm_unmap((void *)(uintptr_t)e->loads[index], e->loads[index] ? sizeof *e->load : 0);
	e->loads[index] = p;
	if (index >= e->load_n)
		e->load_n = index + 1u;
	if (is_writable)
		e->load = p;
	return E_OK;
}

static enum err setup_on_page(void *role, struct frame *f)
{
	struct edge *e = role;
	struct view in = f->body;
	AUTO_FD fd = frame_take_fd(f, 0);
	uint8_t kind = 0, is_writable = 0;
	uint16_t index = 0;
	size_t bytes = 0;
	void *p = NULL;

	TRY(view_u8(&in, &kind));
	TRY(view_u16(&in, &index));
	TRY(view_u8(&in, &is_writable));
	if (!shm_size_is_sealed(fd)) /* it could be cut under its reader */
		return E_PROTO;
	TRY(shm_map(fd, is_writable, &p, &bytes));
	if (kind == PAGE_HEALTH && !is_writable && bytes >= sizeof *e->health) {
		e->health = p;
		return E_OK;
	}
	if (kind == PAGE_GATE && !is_writable && !e->gate_page && bytes >= sizeof *e->gate_page) {
		e->gate_page = p;
		return E_OK;
	}
	if (kind != PAGE_LOAD || bytes < sizeof *e->load)
		return E_PROTO;
	return setup_map_load(e, index, is_writable, p);
}

static enum err setup_on_ring(void *role, struct frame *f)
{
	struct edge *e = role;
	AUTO_FD data = frame_take_fd(f, 0);
	AUTO_FD cursor = frame_take_fd(f, 1);

	return ring_writer_map(data, cursor, &e->ring);
}

enum err setup_add_signer(struct edge *e, int fd, uint32_t generation)
{
	setup_close_idle_signers(e);
	for (unsigned i = 0; i < TLS_SIGNER_CHANNELS; i++) {
		struct loop_source *s = &e->signers[i];

		if (s->fd >= 0)
			continue;
		*s = (struct loop_source){ .fd = fd, .kind = SOURCE_SIGNER };
		if (fd_set_nonblocking(fd) == E_OK &&
		    tls_signer_client_add(tls_library_signer(e->tls), generation, fd) == E_OK &&
		    loop_add(&e->loop, s, EPOLLIN) == E_OK)
			return E_OK;
		loop_close(s);
		return E_SYS;
	}
	(void)fd_close(fd);
	log_line(LOG_ERROR, "too many signers at once");
	return E_LIMIT;
}

static enum err setup_on_channel(void *role, struct frame *f)
{
	struct edge *e = role;
	struct view in = f->body;
	uint8_t peer = 0;
	int fd = -1;

	TRY(view_u8(&in, &peer));
	if (peer != ROLE_SIGNER && peer != ROLE_DIALER && peer != ROLE_EXPORTER)
		return E_PROTO;
	fd = frame_take_fd(f, 0);
	if (peer == ROLE_EXPORTER) {
		trace_set_channel(e, fd);
		return E_OK;
	}
	if (peer == ROLE_SIGNER && e->now)
		return setup_add_signer(e, fd, e->coming ? e->coming->number : e->now->number);
	if (peer == ROLE_DIALER && e->now && !e->coming)
		return dial_set_channel(e, fd);
	if (peer == ROLE_SIGNER) {
		(void)fd_close(e->coming_signer_fd);
		e->coming_signer_fd = fd;
	} else {
		(void)fd_close(e->coming_dialer_fd);
		e->coming_dialer_fd = fd;
	}
	return E_OK;
}

static enum err setup_on_listener(void *role, struct frame *f)
{
	struct edge *e = role;
	struct view in = f->body;
	uint16_t slot = 0;

	TRY(view_u16(&in, &slot));
	if (slot >= IMAGE_LISTENER_SLOTS)
		return E_PROTO;
	(void)fd_close(e->coming_listener_fd[slot]);
	e->coming_listener_fd[slot] = frame_take_fd(f, 0);
	return E_OK;
}

static enum err setup_on_secret(void *role, struct frame *f)
{
	struct edge *e = role;
	struct wbuf w = wbuf_of(e->tickets.b, sizeof e->tickets.b);

	wbuf_view_put(&w, f->body);
	return wbuf_check(&w);
}

static enum err setup_on_persist(void *role, struct frame *f)
{
	struct edge *e = role;
	struct wbuf w = wbuf_of(e->persist_keys, sizeof e->persist_keys);

	wbuf_view_put(&w, f->body);
	return wbuf_check(&w);
}

static enum err setup_on_hash_key(void *role, struct frame *f)
{
	struct edge *e = role;

	for (size_t i = 0; i < 16; i++)
		e->hash_key[i / 8] |= (uint64_t)f->body.p[i] << 8 * (i % 8);
	return E_OK;
}

static enum err setup_on_drain(void *role, struct frame *f)
{
	struct edge *e = role;
	struct view in = f->body;
	uint32_t deadline_ms = 0;

	TRY(view_u32(&in, &deadline_ms));
	if (!e->is_draining)
		e->drain_began_ms = e->loop.now_ms;
	e->is_draining = true;
	e->drain_until_ms = e->loop.now_ms + deadline_ms;
	for (uint16_t slot = 0; slot < IMAGE_LISTENER_SLOTS; slot++)
		accept_close(e, slot);
	return E_OK;
}

/* A pattern that is none means no entry: a word of the keeper's, who reads none, ends nothing. */
static enum err setup_on_purge(void *role, struct frame *f)
{
	struct edge *e = role;
	struct view in = f->body, text = { 0 };
	struct cache_pattern pattern = { .kind = CACHE_PATTERN_ALL };
	struct cache_purged gone = { 0 };
	uint8_t body[16], kind = 0;
	struct wbuf w = wbuf_of(body, sizeof body);
	uint32_t number = 0;

	TRY(view_u32(&in, &number));
	TRY(view_u8(&in, &kind));
	TRY(view_str16(&in, &text));
	TRY(view_end(&in));
	if (cache_pattern_read(kind, text, &pattern) == E_OK)
		gone = cache_purge(e, &pattern);
	wbuf_u32(&w, number);
	wbuf_u32(&w, gone.entries);
	wbuf_u64(&w, gone.bytes);
	/* When the keeper's queue is full its command is told that this edge was silent */
	return frame_send(ROLE_CHANNEL_FD, ROLE_CACHE_PURGED, 0, wbuf_view(&w), NULL, 0) == E_CLOSED
		       ? E_CLOSED
		       : E_OK;
}

static const struct frame_def setup_defs[] = {
	{ KEEPER_IMAGE, 1, FRAME_BOOT | FRAME_RUN, 4, 4, setup_on_image },
	{ KEEPER_PAGE, 1, FRAME_BOOT | FRAME_RUN, 4, 4, setup_on_page },
	{ KEEPER_RING, 2, FRAME_BOOT, 7, 7, setup_on_ring },
	{ KEEPER_CHANNEL, 1, FRAME_BOOT | FRAME_RUN, 3, 3, setup_on_channel },
	{ KEEPER_LISTENER, 1, FRAME_BOOT | FRAME_RUN, 2, 2, setup_on_listener },
	{ KEEPER_SECRET, 0, FRAME_BOOT, 80, 80, setup_on_secret },
	{ KEEPER_PERSIST, 0, FRAME_BOOT, PERSIST_KEYS_BYTES, PERSIST_KEYS_BYTES, setup_on_persist },
	{ KEEPER_HASH_KEY, 0, FRAME_BOOT, 16, 16, setup_on_hash_key },
	{ KEEPER_SWAP, 0, FRAME_RUN, 4, 4, setup_on_swap },
	{ KEEPER_DRAIN, 0, FRAME_RUN, 4, 4, setup_on_drain },
	{ KEEPER_CACHE_PURGE, 0, FRAME_RUN, 7, 7 + SETUP_PATTERN_MAX, setup_on_purge },
};

const struct frame_table setup_table = { setup_defs, sizeof setup_defs / sizeof setup_defs[0] };

/* ---- running ---- */

/* A stripe outlives its writer: what an earlier edge had open is gone with it. */
static void setup_reset_gauges(struct edge *e)
{
	for (unsigned i = 0; i < IMAGE_LISTENER_SLOTS; i++) {
		PAGE_SET(e->load->listener[i].connections, 0);
		PAGE_SET(e->load->listener[i].h2_sessions, 0);
		PAGE_SET(e->load->listener[i].h2_streams, 0);
	}
	address_reset(e->load);
	flight_reset(e->load);
	for (unsigned i = 0; i < PAGE_GET(e->load->pool_high) && i < IMAGE_POOL_SLOTS; i++) {
		PAGE_SET(e->load->pool[i].queue, 0);
		PAGE_SET(e->load->pool[i].in_flight, 0);
	}
	for (unsigned i = 0; i < PAGE_GET(e->load->server_high) && i < IMAGE_SERVER_SLOTS; i++) {
		PAGE_SET(e->load->server[i].in_flight, 0);
		PAGE_SET(e->load->server[i].connections, 0);
	}
}

enum err setup_begin(struct edge *e, const char **ret_why)
{
	*ret_why = "the keeper did not send an image, the pages and a ring";
	if (e->image_fd < 0 || !e->health || !e->gate_page || !e->load || !e->ring.data)
		return E_PROTO;
	TRY(generation_load(e, e->image_fd, e->coming_number, &e->now, ret_why));
	setup_reset_gauges(e);
	PAGE_SET(e->load->generation, e->now->number);
	*ret_why = "the signer's or the dialer's channel can't be used";
	if (e->coming_signer_fd >= 0)
		TRY(setup_add_signer(e, fd_steal(&e->coming_signer_fd), e->now->number));
	TRY(setup_take_dialer(e));
	*ret_why = "a listener has no socket";
	return setup_take_listeners(e, e->now);
}

static void setup_tell_draining(struct edge *e)
{
	uint8_t body[4];
	struct wbuf w = wbuf_of(body, sizeof body);

	if (e->loop.now_ms - e->drain_told_ms < 1000)
		return;
	e->drain_told_ms = e->loop.now_ms;
	wbuf_u32(&w, e->client_n);
	if (frame_send(ROLE_CHANNEL_FD, ROLE_DRAINING, 0, wbuf_view(&w), NULL, 0) == E_CLOSED)
		exit(0);
}

/* Requests that come in the first moment are still served, and told that the connection ends. */
static void setup_drain(struct edge *e)
{
	setup_tell_draining(e);
	if (e->loop.now_ms - e->drain_began_ms >= SETUP_IDLE_GRACE_MS)
		client_close_idle(e, true, 0);
	if (e->client_n == 0 || e->loop.now_ms >= e->drain_until_ms)
		exit(0);
}

void setup_tick(struct edge *e)
{
	tls_signer_client_tick(tls_library_signer(e->tls), e->loop.now_ms);
	setup_close_idle_signers(e);
	generation_tick(e);
	accept_resume(e);
	exchange_tick(e);
	client_tick(e);
	level_tick(e);
	if (e->gate)
		e->gate->tick(e);
	if (e->is_draining && !e->serves_cells)
		setup_drain(e);
	if (e->loop.now_ms - e->trimmed_ms >= SETUP_TRIM_MS) {
		e->trimmed_ms = e->loop.now_ms;
		buffer_pool_trim(&e->buffers, SETUP_TRIM_KEEP);
		heap_trim(&e->h2_heap, SETUP_TRIM_SPANS);
		tls_heap_trim(SETUP_TRIM_SPANS);
		pipe_pool_trim(&e->pipes);
		compress_tick(e);
		cache_tick(e);
	}
}

void setup_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct edge *e = owner;
	enum err got = frame_pump(source->fd, &setup_table, FRAME_RUN, e, 64);

	(void)events;
	if (got == E_OK || got == E_AGAIN)
		return;
	log_line(got == E_CLOSED ? LOG_INFO : LOG_ERROR, "the keeper's channel ended: %s",
		 err_name(got));
	exit(got == E_CLOSED ? 0 : 1);
}

void setup_on_signer(void *owner, struct loop_source *source, uint32_t events)
{
	struct edge *e = owner;
	enum err got = tls_signer_client_pump(tls_library_signer(e->tls), source->fd);

	(void)events;
	if (got != E_OK && got != E_AGAIN) {
		log_line(LOG_WARNING, "the signer's channel ended: %s", err_name(got));
		loop_close(source); /* the keeper brings a new one */
	}
	setup_close_idle_signers(e);
}
