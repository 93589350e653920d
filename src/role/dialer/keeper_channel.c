/* The dialer's messages from the keeper. */
#include "role/dialer/keeper_channel.h"

#include "role/dialer/edge_channel.h"
#include "role/dialer/event.h"
#include "role/dialer/health.h"
#include "role/dialer/probe.h"
#include "sys/log.h"
#include "sys/shm.h"

enum { KEEPER_CHANNEL_FRAMES = 64 };

/* --- boot --- */

static enum err keeper_channel_on_image(void *role, struct frame *f)
{
	struct dialer *d = ((struct keeper_birth *)role)->d;
	struct view in = f->body;
	const char *why = "";
	uint32_t generation = 0;

	TRY(view_u32(&in, &generation));
	TRY(view_end(&in));
	if (d->image_map || !shm_is_sealed(f->fds[0]))
		return E_DENIED;
	TRY(shm_map(f->fds[0], false, &d->image_map, &d->image_bytes));
	if (image_check(view_of(d->image_map, d->image_bytes), &d->image, &why) != E_OK ||
	    d->image.header->generation != generation) {
		keeper_role_failed("the image is not usable: %s", why);
		return E_PROTO;
	}
	return E_OK;
}

static enum err keeper_channel_on_page(void *role, struct frame *f)
{
	struct dialer *d = ((struct keeper_birth *)role)->d;
	struct view in = f->body;
	void *page = NULL;
	uint8_t kind = 0, is_writable = 0;
	uint16_t index = 0;
	size_t bytes = 0;

	TRY(view_u8(&in, &kind));
	TRY(view_u16(&in, &index));
	TRY(view_u8(&in, &is_writable));
	TRY(view_end(&in));
	if (kind != PAGE_HEALTH || is_writable != 1 || d->page || !shm_size_is_sealed(f->fds[0]))
		return E_DENIED;
	TRY(shm_map(f->fds[0], true, &page, &bytes));
	if (bytes < sizeof *d->page) {
		shm_unmap(page, bytes);
		return E_DENIED;
	}
	d->page = page;
	/* bit 0 of the index: the keeper holds this process to the configured addresses (P4) */
	d->is_reach_by_address = index & 1;
	return E_OK;
}

static enum err keeper_channel_on_ring(void *role, struct frame *f)
{
	struct dialer *d = ((struct keeper_birth *)role)->d;

	if (d->ring.data)
		return E_DENIED;
	return ring_writer_map(f->fds[0], f->fds[1], &d->ring);
}

static enum err keeper_channel_peer(struct view in, struct edge_channel_peer *ret)
{
	TRY(view_u8(&in, &ret->role));
	TRY(view_u16(&in, &ret->edge));
	TRY(view_end(&in));
	if (ret->role == ROLE_EDGE)
		return ret->edge < ROLE_EDGES_MAX ? E_OK : E_DENIED;
	/* Cells are introduced by their spawner alone */
	if (ret->role == ROLE_SHIPPER || ret->role == ROLE_RELAY || ret->role == ROLE_SPAWNER ||
	    ret->role == ROLE_AUTHORITY)
		return ret->edge == 0 ? E_OK : E_DENIED;
	return E_DENIED;
}

static enum err keeper_channel_on_first_channel(void *role, struct frame *f)
{
	struct keeper_birth *b = role;
	struct edge_channel_peer peer = { 0 };

	TRY(keeper_channel_peer(f->body, &peer));
	if (b->channel_n == ROLE_EDGES_MAX)
		return E_DENIED;
	b->peer[b->channel_n] = peer;
	b->channel[b->channel_n++] = frame_take_fd(f, 0);
	return E_OK;
}

static const struct frame_def keeper_channel_boot_defs[] = {
	/* type, fds, phases, min, max, handler */
	{ KEEPER_IMAGE, 1, FRAME_BOOT, 4, 4, keeper_channel_on_image },
	{ KEEPER_PAGE, 1, FRAME_BOOT, 4, 4, keeper_channel_on_page },
	{ KEEPER_RING, 2, FRAME_BOOT, 7, 7, keeper_channel_on_ring },
	{ KEEPER_CHANNEL, 1, FRAME_BOOT, 3, 3, keeper_channel_on_first_channel },
};

const struct frame_table keeper_channel_boot = {
	keeper_channel_boot_defs, sizeof keeper_channel_boot_defs / sizeof *keeper_channel_boot_defs
};

/* --- run --- */

static enum err keeper_channel_on_channel(void *role, struct frame *f)
{
	struct dialer *d = role;
	struct edge_channel_peer peer = { 0 };

	TRY(keeper_channel_peer(f->body, &peer));
	return edge_channel_add(d, &peer, frame_take_fd(f, 0));
}

static enum err keeper_channel_on_server_state(void *role, struct frame *f)
{
	struct dialer *d = role;
	struct dialer_server *s = NULL;
	struct view in = f->body;
	uint32_t slot = 0, slot_gen = 0, server = 0;
	uint8_t admin = 0;

	TRY(view_u32(&in, &slot));
	TRY(view_u32(&in, &slot_gen));
	TRY(view_u8(&in, &admin));
	TRY(view_end(&in));
	if (admin > PAGE_ADMIN_DISABLED)
		return E_DENIED;
	server = dialer_find(d, slot, slot_gen);
	if (server == DIALER_NONE)
		return E_OK; /* a reload has removed it meanwhile */
	s = &d->server[server];
	s->state.admin = admin;
	s->is_admin_told = true;
	health_publish(d, s);
	return E_OK;
}

static enum err keeper_channel_on_drain(void *role, struct frame *f)
{
	struct dialer *d = role;
	struct view in = f->body;
	uint32_t deadline_ms = 0;

	TRY(view_u32(&in, &deadline_ms));
	TRY(view_end(&in));
	if (!d->is_draining) {
		health_let_go(d);
		probe_stop(d);
	}
	d->drain_by_ms = deadline_ms ? d->loop.now_ms + deadline_ms : 0;
	return E_OK;
}

static const struct frame_def keeper_channel_run_defs[] = {
	/* type, fds, phases, min, max, handler */
	{ KEEPER_CHANNEL, 1, FRAME_RUN, 3, 3, keeper_channel_on_channel },
	{ KEEPER_DRAIN, 0, FRAME_RUN, 4, 4, keeper_channel_on_drain },
	{ KEEPER_SERVER_STATE, 0, FRAME_RUN, 9, 9, keeper_channel_on_server_state },
};

const struct frame_table keeper_channel_run = {
	keeper_channel_run_defs, sizeof keeper_channel_run_defs / sizeof *keeper_channel_run_defs
};

void keeper_channel_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct dialer *d = owner;
	enum err e =
		frame_pump(source->fd, &keeper_channel_run, FRAME_RUN, d, KEEPER_CHANNEL_FRAMES);

	(void)events;
	if (e == E_OK || e == E_AGAIN)
		return;
	if (e != E_CLOSED)
		log_line(LOG_ERROR, "the keeper sent what it may not: %s", err_name(e));
	d->is_over = true;
}
