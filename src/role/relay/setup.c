/* Changes happen between two events; what fails leaves the old generation, and is told (P10). */
#include "role/relay/setup.h"

#include "role/relay/client.h"
#include "role/relay/dial.h"
#include "role/relay/generation.h"
#include "role/relay/level.h"
#include "role/relay/pool.h"
#include "role/relay/server.h"
#include "role/relay/session.h"
#include "role/relay/table.h"
#include "role/relay/waiting.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/secret.h"
#include "sys/shm.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { SETUP_FRAMES = 64 };

static loop_handler *const setup_handlers[RELAY_SOURCES] = {
	[RELAY_KEEPER] = setup_on_event,
	[RELAY_DIALER] = dial_on_event,
	[RELAY_LISTENER] = client_on_event,
	[RELAY_SERVER] = server_on_event,
};

static void *setup_map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

struct relay *setup_new(void)
{
	struct relay *r = setup_map(sizeof *r);

	if (!r)
		return NULL;
	r->image_fd = r->coming_dialer_fd = r->keeper.fd = r->dialer.fd = -1;
	for (unsigned i = 0; i < IMAGE_LISTENER_SLOTS; i++)
		r->coming_listener_fd[i] = r->listeners[i].source.fd = -1;
	return r;
}

enum err setup_prepare(struct relay *r)
{
	struct rlimit files = { 0 };

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return log_errno("getrlimit");
	if (files.rlim_cur <= RELAY_FDS_KEPT)
		files.rlim_cur = RELAY_FDS_KEPT + 1;
	files.rlim_cur -= RELAY_FDS_KEPT;
	secret_random(&r->rng, sizeof r->rng);
	secret_random(r->table_key, sizeof r->table_key);
	TRY(loop_init(&r->loop, r, setup_handlers, RELAY_SOURCES));
	wheel_init(&r->wheel, r->loop.now_ms);
	list_init(&r->dialing);
	TRY(table_init(r, files.rlim_cur < RELAY_SESSIONS ? (uint32_t)files.rlim_cur
							  : (uint32_t)RELAY_SESSIONS));
	TRY(waiting_init(r));
	r->in.memory = setup_map((size_t)DATAGRAM_BATCH * DATAGRAM_BYTES);
	r->out.memory = setup_map((size_t)DATAGRAM_BATCH * DATAGRAM_BYTES);
	return r->in.memory && r->out.memory ? E_OK : E_NOMEM;
}

/* ---- images ---- */

static enum err setup_on_image(void *role, struct frame *f)
{
	struct relay *r = role;
	struct view in = f->body;
	const char *why = "";
	uint32_t number = 0;

	TRY(view_u32(&in, &number));
	r->image_fd = fd_close(r->image_fd);
	r->image_fd = frame_take_fd(f, 0);
	r->coming_number = number;
	if (!r->now)
		return E_OK; /* boot: loaded when the sandbox is closed */
	generation_drop(r->coming);
	r->coming = NULL;
	if (generation_load(r, r->image_fd, number, &r->coming, &why) != E_OK)
		keeper_role_failed("relay: generation %u can't be used: %s", number, why);
	return E_OK;
}

/* Listeners that stay keep their socket and sessions, others have been sent one. */
static enum err setup_take_listeners(struct relay *r)
{
	enum err e = E_OK;

	for (uint16_t slot = 0; slot < IMAGE_LISTENER_SLOTS; slot++) {
		int fd = fd_steal(&r->coming_listener_fd[slot]);

		if (fd >= 0 && (!r->now->listener[slot] || r->is_draining))
			fd = fd_close(fd);
		if (fd >= 0 && client_open(r, slot, fd) != E_OK)
			e = E_SYS;
		if (r->now->listener[slot] && r->listeners[slot].source.fd < 0 && !r->is_draining)
			e = E_PROTO;
	}
	return e;
}

/* While the old generation still is: what it has no more ends. */
static void setup_leave_listeners(struct relay *r, const struct relay_generation *next)
{
	for (uint16_t slot = 0; slot < IMAGE_LISTENER_SLOTS; slot++)
		if (!next->listener[slot] || r->coming_listener_fd[slot] >= 0)
			client_close(r, slot, RELAY_END_LISTENER);
}

static enum err setup_take_dialer(struct relay *r)
{
	return r->coming_dialer_fd >= 0 ? dial_set_channel(r, fd_steal(&r->coming_dialer_fd))
					: E_OK;
}

static enum err setup_on_swap(void *role, struct frame *f)
{
	struct relay *r = role;
	struct view in = f->body;
	uint32_t number = 0;

	TRY(view_u32(&in, &number));
	if (!r->coming || r->coming->number != number)
		return E_OK; /* it has failed, and that has been told */
	server_flush(r);
	setup_leave_listeners(r, r->coming);
	generation_drop(r->now);
	r->now = r->coming;
	r->coming = NULL;
	for (uint32_t i = 0; i < r->session_high; i++)
		if (r->session[i].state != SESSION_FREE)
			pool_recount(r, &r->session[i]);
	if (setup_take_listeners(r) != E_OK)
		log_line(LOG_ERROR, "a listener of generation %u has no socket", number);
	TRY(setup_take_dialer(r));
	PAGE_SET(r->load->generation, number);
	return frame_send(ROLE_CHANNEL_FD, ROLE_SWAPPED, 0, f->body, NULL, 0);
}

/* ---- what boot brings ---- */

static enum err setup_on_page(void *role, struct frame *f)
{
	struct relay *r = role;
	struct view in = f->body;
	AUTO_FD fd = frame_take_fd(f, 0);
	uint8_t kind = 0, is_writable = 0;
	uint16_t index = 0;
	size_t bytes = 0;
	void *p = NULL;

	TRY(view_u8(&in, &kind));
	TRY(view_u16(&in, &index));
	TRY(view_u8(&in, &is_writable));
	if (!shm_size_is_sealed(fd))
		return E_PROTO;
	TRY(shm_map(fd, is_writable, &p, &bytes));
	if (kind == PAGE_HEALTH && !is_writable && !r->health && bytes >= sizeof *r->health)
		r->health = p;
	else if (kind == PAGE_GATE && !is_writable && !r->gate && bytes >= sizeof *r->gate)
		r->gate = p;
	else if (kind == PAGE_LOAD && is_writable && index == PAGE_LOAD_RELAY && !r->load &&
		 bytes >= sizeof *r->load)
		r->load = p;
	else
		return E_PROTO;
	return E_OK;
}

static enum err setup_on_ring(void *role, struct frame *f)
{
	struct relay *r = role;
	AUTO_FD data = frame_take_fd(f, 0);
	AUTO_FD cursor = frame_take_fd(f, 1);

	return r->ring.data ? E_DENIED : ring_writer_map(data, cursor, &r->ring);
}

static enum err setup_on_channel(void *role, struct frame *f)
{
	struct relay *r = role;
	struct view in = f->body;
	uint8_t peer = 0;

	TRY(view_u8(&in, &peer));
	if (peer != ROLE_DIALER)
		return E_DENIED;
	if (r->now && !r->coming)
		return dial_set_channel(r, frame_take_fd(f, 0));
	(void)fd_close(r->coming_dialer_fd);
	r->coming_dialer_fd = frame_take_fd(f, 0);
	return E_OK;
}

static enum err setup_on_listener(void *role, struct frame *f)
{
	struct relay *r = role;
	struct view in = f->body;
	uint16_t slot = 0;

	TRY(view_u16(&in, &slot));
	if (slot >= IMAGE_LISTENER_SLOTS || !datagram_is(f->fds[0]))
		return E_DENIED;
	(void)fd_close(r->coming_listener_fd[slot]);
	r->coming_listener_fd[slot] = frame_take_fd(f, 0);
	return E_OK;
}

static enum err setup_on_hash_key(void *role, struct frame *f)
{
	struct relay *r = role;

	for (size_t i = 0; i < 16; i++)
		r->hash_key[i / 8] |= (uint64_t)f->body.p[i] << 8 * (i % 8);
	return E_OK;
}

/* New datagrams wait in the kernel for whoever comes next; answers that are due still go out. */
static enum err setup_on_drain(void *role, struct frame *f)
{
	struct relay *r = role;
	struct view in = f->body;
	uint32_t ms = 0;

	TRY(view_u32(&in, &ms));
	r->is_draining = true;
	r->drain_until_ms = r->loop.now_ms + (ms < RELAY_DRAIN_MS ? ms : (uint32_t)RELAY_DRAIN_MS);
	for (uint16_t slot = 0; slot < IMAGE_LISTENER_SLOTS; slot++)
		if (r->listeners[slot].source.fd >= 0 &&
		    loop_change(&r->loop, &r->listeners[slot].source, 0) != E_OK)
			return E_SYS;
	return E_OK;
}

enum { SETUP_BOTH = FRAME_BOOT | FRAME_RUN };

static const struct frame_def setup_defs[] = {
	{ KEEPER_IMAGE, 1, SETUP_BOTH, 4, 4, setup_on_image },
	{ KEEPER_PAGE, 1, FRAME_BOOT, 4, 4, setup_on_page },
	{ KEEPER_RING, 2, FRAME_BOOT, 7, 7, setup_on_ring },
	{ KEEPER_CHANNEL, 1, SETUP_BOTH, 3, 3, setup_on_channel },
	{ KEEPER_LISTENER, 1, SETUP_BOTH, 2, 2, setup_on_listener },
	{ KEEPER_HASH_KEY, 0, FRAME_BOOT, 16, 16, setup_on_hash_key },
	{ KEEPER_SWAP, 0, FRAME_RUN, 4, 4, setup_on_swap },
	{ KEEPER_DRAIN, 0, FRAME_RUN, 4, 4, setup_on_drain },
};

const struct frame_table setup_table = { setup_defs, sizeof setup_defs / sizeof setup_defs[0] };

/* ---- running ---- */

/* A stripe outlives its writer: what an earlier relay had open is gone with it. */
static void setup_reset_gauges(struct relay *r)
{
	for (unsigned i = 0; i < IMAGE_LISTENER_SLOTS; i++)
		PAGE_SET(r->load->listener[i].connections, 0);
	for (unsigned i = 0; i < PAGE_GET(r->load->server_high) && i < IMAGE_SERVER_SLOTS; i++) {
		PAGE_SET(r->load->server[i].in_flight, 0);
		PAGE_SET(r->load->server[i].connections, 0);
	}
}

enum err setup_begin(struct relay *r, const char **ret_why)
{
	*ret_why = "the keeper did not send an image, the pages and a ring";
	if (r->image_fd < 0 || !r->health || !r->gate || !r->load || !r->ring.data)
		return E_PROTO;
	TRY(generation_load(r, r->image_fd, r->coming_number, &r->now, ret_why));
	setup_reset_gauges(r);
	PAGE_SET(r->load->generation, r->now->number);
	*ret_why = "the dialer's channel can't be used";
	TRY(setup_take_dialer(r));
	*ret_why = "a listener has no socket";
	return setup_take_listeners(r);
}

static void setup_expire(struct relay *r)
{
	struct wheel_entry *due = NULL;

	while ((due = wheel_next(&r->wheel, r->loop.now_ms)))
		session_expired(r, LIST_OWNER(due, struct relay_session, timer));
}

static bool setup_is_awaited(const struct relay *r)
{
	for (uint32_t i = 0; i < r->session_high; i++)
		if (r->session[i].state != SESSION_FREE && r->session[i].asked_ns)
			return true;
	return false;
}

static bool setup_is_over(struct relay *r)
{
	if (!r->is_draining || (r->loop.now_ms < r->drain_until_ms && setup_is_awaited(r)))
		return false;
	session_end_all(r, UINT16_MAX, RELAY_END_STOP);
	return true;
}

enum err setup_watch_keeper(struct relay *r)
{
	r->keeper = (struct loop_source){ .fd = ROLE_CHANNEL_FD, .kind = RELAY_KEEPER };
	TRY(fd_set_nonblocking(ROLE_CHANNEL_FD));
	return loop_add(&r->loop, &r->keeper, EPOLLIN);
}

enum err setup_turn(struct relay *r, int max_ms)
{
	int wait_ms = wheel_wait_ms(&r->wheel, r->loop.now_ms);

	TRY(loop_turn(&r->loop, wait_ms < max_ms ? wait_ms : max_ms));
	server_flush(r);
	if (r->loop.now_ms / WHEEL_TICK_MS != r->tick) {
		r->tick = r->loop.now_ms / WHEEL_TICK_MS;
		setup_expire(r);
		level_tick(r);
		PAGE_ADD(r->load->loops, 1);
		if (setup_is_over(r))
			return E_CLOSED;
	}
	table_turn(r);
	return E_OK;
}

void setup_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct relay *r = owner;
	enum err got = frame_pump(source->fd, &setup_table, FRAME_RUN, r, SETUP_FRAMES);

	(void)events;
	if (got == E_OK || got == E_AGAIN)
		return;
	log_line(got == E_CLOSED ? LOG_INFO : LOG_ERROR, "the keeper's channel ended: %s",
		 err_name(got));
	exit(got == E_CLOSED ? 0 : 1);
}
