/*
 * Made ready once, inherited by every cell: image, TLS sites, reserved memory. No secret and no
 * byte of a client is in it (P1): random numbers are seeded by the cell, tickets and persistence
 * have no keys here, and what the spawner knows of its cells lies in memory they don't inherit.
 */
#include "role/spawner/zygote.h"

#include "role/edge/generation.h"
#include "role/edge/run.h"
#include "role/spawner/birth.h"
#include "role/spawner/census.h"
#include "role/spawner/link.h"
#include "role/spawner/pending.h"
#include "sys/branch.h"
#include "sys/caps.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/secret.h"
#include "sys/shm.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum {
	ZYGOTE_FRAMES = 64,
	ZYGOTE_CELL_FDS = 3,	 /* descriptors that a cell costs here */
	ZYGOTE_GONE_MS = 500,	 /* from the last signal to the end without them */
	ZYGOTE_LATE_MS = 30000,	 /* before a long drain ends: cells are told to finish */
	ZYGOTE_LONG_MS = 600000, /* a drain this long is a replacement, not a stop */
	ZYGOTE_PAGE = 4096
};

static void zygote_on_keeper(void *owner, struct loop_source *source, uint32_t events);

static loop_handler *const zygote_handlers[SPAWNER_KINDS] = {
	[SPAWNER_KEEPER] = zygote_on_keeper,	  [SPAWNER_LINK] = link_on_event,
	[SPAWNER_LISTENER] = pending_on_listener, [SPAWNER_PEER] = pending_on_peer,
	[SPAWNER_LIFELINE] = birth_on_lifeline,	  [SPAWNER_PIDFD] = birth_on_pidfd,
};

static size_t zygote_pages(size_t n)
{
	return (n + ZYGOTE_PAGE - 1) & ~(size_t)(ZYGOTE_PAGE - 1);
}

static void *zygote_map(size_t bytes)
{
	void *p = mmap(NULL, zygote_pages(bytes), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

struct spawner *zygote_new(void)
{
	struct spawner *s = zygote_map(sizeof *s);

	if (!s || branch_reserve(SPAWNER_LOW_FDS) != E_OK)
		return NULL;
	s->filter = zygote_map(sizeof *s->filter);
	if (!s->filter)
		return NULL;
	s->e = run_new();
	for (unsigned i = 0; i < IMAGE_LISTENER_SLOTS; i++)
		s->listeners[i].source.fd = -1;
	s->keeper.fd = -1;
	link_init(s);
	birth_init(s);
	pending_init(s);
	return s->e ? s : NULL;
}

/* ---- what boot brings ---- */

static enum err zygote_on_image(void *role, struct frame *f)
{
	struct spawner *s = role;
	struct view in = f->body;

	if (s->e->image_fd >= 0)
		return E_DENIED;
	TRY(view_u32(&in, &s->e->coming_number));
	s->e->image_fd = frame_take_fd(f, 0);
	return E_OK;
}

/* A page that cells read is theirs too; what the spawner writes is hidden from them. */
static enum err zygote_take_page(struct spawner *s, uint8_t kind, void *p, size_t bytes)
{
	if (kind == PAGE_HEALTH && !s->e->health && bytes >= sizeof *s->e->health) {
		s->e->health = p;
		return E_OK;
	}
	if (kind == PAGE_GATE && !s->e->gate_page && bytes >= sizeof *s->e->gate_page) {
		s->e->gate_page = p;
		return E_OK;
	}
	if (kind == PAGE_CELLS && !s->page && bytes >= sizeof *s->page) {
		s->page = p;
		return branch_hide(p, bytes);
	}
	if (kind == PAGE_LOAD && !s->load && bytes >= sizeof *s->load) {
		s->load = p;
		return branch_hide(p, bytes);
	}
	return E_DENIED;
}

static enum err zygote_on_page(void *role, struct frame *f)
{
	struct spawner *s = role;
	struct view in = f->body;
	AUTO_FD fd = frame_take_fd(f, 0);
	uint8_t kind = 0, is_writable = 0;
	uint16_t index = 0;
	size_t bytes = 0;
	void *p = NULL;

	TRY(view_u8(&in, &kind));
	TRY(view_u16(&in, &index));
	TRY(view_u8(&in, &is_writable));
	if (!shm_size_is_sealed(fd) || is_writable != (kind == PAGE_CELLS || kind == PAGE_LOAD) ||
	    (kind == PAGE_LOAD && index != PAGE_LOAD_CELLS))
		return E_DENIED;
	TRY(shm_map(fd, is_writable, &p, &bytes));
	return zygote_take_page(s, kind, p, bytes);
}

static enum err zygote_on_ring(void *role, struct frame *f)
{
	struct spawner *s = role;
	AUTO_FD data = frame_take_fd(f, 0);
	AUTO_FD cursor = frame_take_fd(f, 1);

	if (s->ring.data)
		return E_DENIED;
	TRY(ring_writer_map(data, cursor, &s->ring));
	TRY(branch_hide(s->ring.map[0], ring_data_bytes(s->ring.bytes)));
	return branch_hide(s->ring.map[1], sizeof(struct ring_cursor));
}

static enum err zygote_on_channel(void *role, struct frame *f)
{
	struct view in = f->body;
	uint8_t peer = 0;

	TRY(view_u8(&in, &peer));
	return link_set(role, (enum role)peer, frame_take_fd(f, 0));
}

static enum err zygote_on_listener(void *role, struct frame *f)
{
	struct spawner *s = role;
	struct view in = f->body;
	uint16_t slot = 0;

	TRY(view_u16(&in, &slot));
	if (slot >= IMAGE_LISTENER_SLOTS || s->e->coming_listener_fd[slot] >= 0)
		return E_DENIED;
	s->e->coming_listener_fd[slot] = frame_take_fd(f, 0);
	return E_OK;
}

static enum err zygote_on_drain(void *role, struct frame *f)
{
	struct spawner *s = role;
	struct view in = f->body;
	uint32_t ms = 0;

	TRY(view_u32(&in, &ms));
	s->is_draining = true;
	s->drain_until_ms = s->loop.now_ms + ms;
	pending_stop(s);
	s->is_stopping = ms < ZYGOTE_LONG_MS;
	if (s->is_stopping)
		birth_drain_all(s, ms);
	return E_OK;
}

enum { ZYGOTE_BOTH = FRAME_BOOT | FRAME_RUN };

static const struct frame_def zygote_defs[] = {
	{ KEEPER_IMAGE, 1, FRAME_BOOT, 4, 4, zygote_on_image },
	{ KEEPER_PAGE, 1, FRAME_BOOT, 4, 4, zygote_on_page },
	{ KEEPER_RING, 2, FRAME_BOOT, 7, 7, zygote_on_ring },
	{ KEEPER_CHANNEL, 1, ZYGOTE_BOTH, 3, 3, zygote_on_channel },
	{ KEEPER_LISTENER, 1, FRAME_BOOT, 2, 2, zygote_on_listener },
	{ KEEPER_DRAIN, 0, FRAME_RUN, 4, 4, zygote_on_drain },
};

const struct frame_table zygote_table = { zygote_defs, sizeof zygote_defs / sizeof zygote_defs[0] };

static void zygote_on_keeper(void *owner, struct loop_source *source, uint32_t events)
{
	struct spawner *s = owner;
	enum err got = frame_pump(source->fd, &zygote_table, FRAME_RUN, s, ZYGOTE_FRAMES);

	(void)events;
	if (got == E_OK || got == E_AGAIN)
		return;
	if (got != E_CLOSED)
		log_line(LOG_ERROR, "the keeper's message is refused (%s)", err_name(got));
	exit(got == E_CLOSED ? 0 : 1);
}

/* ---- getting ready ---- */

/* The first spawner of the page makes the key; all others count under the same. */
static void zygote_source_key(struct spawner *s)
{
	for (unsigned i = 0; i < 2; i++) {
		uint64_t none = 0, fresh = 0;

		secret_random(&fresh, sizeof fresh);
		(void)atomic_compare_exchange_strong(&s->page->source_key[i], &none, fresh | 1);
		s->source_key[i] = PAGE_GET(s->page->source_key[i]);
	}
}

static bool zygote_signs_to_servers(const struct image *im)
{
	for (uint32_t i = 0; i < image_count(im, IMAGE_POOL); i++)
		if (image_pool_at(im, i)->tls_client_certificate != IMAGE_NONE)
			return true;
	return false;
}

static enum err zygote_room(struct spawner *s)
{
	struct rlimit files = { 0 };

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return log_errno("getrlimit");
	if (files.rlim_cur > SPAWNER_FDS_KEPT + SPAWNER_PENDING)
		files.rlim_cur -= SPAWNER_FDS_KEPT + SPAWNER_PENDING;
	else
		files.rlim_cur /= 2;
	s->most_cells = files.rlim_cur / ZYGOTE_CELL_FDS < CELL_SLOTS
				? (uint32_t)(files.rlim_cur / ZYGOTE_CELL_FDS)
				: (uint32_t)CELL_SLOTS;
	return E_OK;
}

/* Before the sandbox is closed. */
static enum err zygote_prepare(struct spawner *s)
{
	s->e->serves_cells = true;
	s->e->most_fds = CELL_NOFILE;
	s->e->self = s->self;
	TRY(sandbox_filter_make(&cell_sandbox, s->filter));
	TRY(run_prepare(s->e));
	loop_done(&s->e->loop); /* each cell has its own */
	s->e->loop.epoll_fd = -1;
	TRY(zygote_room(s));
	return cell_prepare(s->e);
}

static enum err zygote_listen(struct spawner *s)
{
	for (uint16_t slot = 0; slot < IMAGE_LISTENER_SLOTS; slot++) {
		int fd = fd_steal(&s->e->coming_listener_fd[slot]);

		if (fd >= 0 && !s->e->now->listener[slot])
			fd = fd_close(fd);
		if (fd >= 0)
			TRY(pending_listen(s, slot, fd));
		else if (s->e->now->listener[slot])
			return E_PROTO;
	}
	return E_OK;
}

/* The generation, then the doors. */
static enum err zygote_begin(struct spawner *s, const char **ret_why)
{
	*ret_why = "the keeper did not send an image and the pages";
	if (s->e->image_fd < 0 || !s->e->health || !s->page || !s->load)
		return E_PROTO;
	TRY(generation_load(s->e, s->e->image_fd, s->e->coming_number, &s->e->now, ret_why));
	s->e->image_fd = fd_close(s->e->image_fd);
	zygote_source_key(s);
	s->needs_signer = zygote_signs_to_servers(&s->e->now->image);
	PAGE_SET(s->load->generation, s->e->now->number);
	*ret_why = "a listener has no socket";
	TRY(zygote_listen(s));
	*ret_why = "its memory can't be kept from cells";
	return branch_hide(s, zygote_pages(sizeof *s));
}

enum err zygote_boot(struct spawner *s)
{
	struct sandbox_run run = { 0 };
	struct sandbox_report report = { 0 };
	const char *why = "";

	TRY(loop_init(&s->loop, s, zygote_handlers, SPAWNER_KINDS));
	TRY(keeper_role_boot(&zygote_table, s, &s->self));
	if (zygote_prepare(s) != E_OK) {
		keeper_role_failed("spawner: out of memory, or OpenSSL can't be set up");
		return E_SYS;
	}
	s->is_alone = (caps_have() & CAPS_SYS_ADMIN) != 0;
	run.weaker = s->self.weaker;
	if (sandbox_enter(&spawner_sandbox, &run, &report) != E_OK) {
		keeper_role_failed("spawner: %s", report.weaker);
		return E_DENIED;
	}
	if (zygote_begin(s, &why) != E_OK) {
		keeper_role_failed("spawner: %s", why);
		return E_PROTO;
	}
	census_take(s);
	s->keeper = (struct loop_source){ .fd = ROLE_CHANNEL_FD, .kind = SPAWNER_KEEPER };
	TRY(fd_set_nonblocking(ROLE_CHANNEL_FD));
	TRY(loop_add(&s->loop, &s->keeper, EPOLLIN));
	return keeper_role_ready(report.have, report.weaker);
}

/* ---- running ---- */

static bool zygote_is_over(struct spawner *s)
{
	if (!s->is_draining)
		return false;
	if (s->loop.now_ms + ZYGOTE_LATE_MS >= s->drain_until_ms)
		birth_drain_all(s, ZYGOTE_LATE_MS);
	if (s->cell_n > s->frozen_n && s->loop.now_ms < s->drain_until_ms)
		return false;
	/* Evidence outlives its spawner, but for a stop: it is the keeper's then */
	birth_kill_all(s, s->is_stopping);
	return s->cell_n == (s->is_stopping ? 0 : s->frozen_n) ||
	       s->loop.now_ms >= s->drain_until_ms + ZYGOTE_GONE_MS;
}

enum err zygote_turn(struct spawner *s)
{
	TRY(loop_turn(&s->loop, link_is_behind(s) ? 1 : SPAWNER_TICK_MS));
	link_turn(s);
	if (s->loop.now_ms - s->tick_ms < SPAWNER_TICK_MS)
		return E_OK;
	s->tick_ms = s->loop.now_ms;
	census_take(s);
	pending_tick(s);
	birth_tick(s);
	if (!s->is_draining)
		PAGE_ADD(s->load->loops, 1);
	return zygote_is_over(s) ? E_CLOSED : E_OK;
}
