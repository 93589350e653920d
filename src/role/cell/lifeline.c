/* The cell's side of its lifeline. */
#include "role/cell/lifeline.h"

#include "role/edge/access.h"
#include "role/edge/dial.h"
#include "role/edge/gate.h"
#include "role/edge/setup.h"
#include "sys/fd.h"
#include "sys/log.h"

enum { LIFELINE_FRAMES = 16, LIFELINE_ORPHAN_MS = 3600 * 1000 };

static enum err lifeline_take_audit(struct edge *e, int fd)
{
	loop_close(&e->audit);
	e->audit = (struct loop_source){ .fd = fd, .kind = SOURCE_AUDIT };
	/* No event is asked for: that the other end is gone is told unasked */
	if (fd_set_nonblocking(fd) == E_OK && loop_add(&e->loop, &e->audit, 0) == E_OK) {
		(void)access_flush(e);
		return E_OK;
	}
	loop_close(&e->audit);
	return E_SYS;
}

enum err lifeline_take(struct edge *e, enum role peer, int fd)
{
	AUTO_FD owned = fd;

	if (peer == ROLE_SIGNER)
		return setup_add_signer(e, fd_steal(&owned), e->now->number);
	if (peer == ROLE_DIALER)
		return dial_set_channel(e, fd_steal(&owned));
	if (peer == ROLE_AUTHORITY)
		return gate_set_authority(e, fd_steal(&owned));
	if (peer == ROLE_AUDIT)
		return lifeline_take_audit(e, fd_steal(&owned));
	return E_DENIED;
}

void lifeline_drain(struct edge *e, uint64_t until_ms)
{
	if (!e->is_draining)
		e->drain_began_ms = e->loop.now_ms;
	e->is_draining = true;
	e->drain_until_ms = until_ms;
}

static enum err lifeline_on_channel(void *role, struct frame *f)
{
	struct view in = f->body;
	uint8_t peer = 0;

	TRY(view_u8(&in, &peer));
	return lifeline_take(role, (enum role)peer, frame_take_fd(f, 0));
}

static enum err lifeline_on_drain(void *role, struct frame *f)
{
	struct edge *e = role;
	struct view in = f->body;
	uint32_t ms = 0;

	TRY(view_u32(&in, &ms));
	lifeline_drain(e, e->loop.now_ms + ms);
	return E_OK;
}

static const struct frame_def lifeline_defs[] = {
	{ KEEPER_CHANNEL, 1, FRAME_RUN, 3, 3, lifeline_on_channel },
	{ KEEPER_DRAIN, 0, FRAME_RUN, 4, 4, lifeline_on_drain },
};

const struct frame_table lifeline_table = { lifeline_defs,
					    sizeof lifeline_defs / sizeof lifeline_defs[0] };

static bool lifeline_has_signer(const struct edge *e)
{
	for (unsigned i = 0; i < TLS_SIGNER_CHANNELS; i++)
		if (e->signers[i].fd >= 0)
			return true;
	return false;
}

bool lifeline_is_cut(const struct edge *e)
{
	return e->keeper.fd < 0 && e->dialer.fd < 0 && e->authority.fd < 0 && e->audit.fd < 0 &&
	       !lifeline_has_signer(e);
}

/* The spawner is gone; the client need not notice: what is under way goes on. */
void lifeline_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct edge *e = owner;
	enum err got = frame_pump(source->fd, &lifeline_table, FRAME_RUN, e, LIFELINE_FRAMES);

	(void)events;
	if (got == E_OK || got == E_AGAIN)
		return;
	loop_close(source);
	if (!e->is_draining)
		lifeline_drain(e, e->loop.now_ms + LIFELINE_ORPHAN_MS);
}

void lifeline_on_audit(void *owner, struct loop_source *source, uint32_t events)
{
	(void)owner;
	(void)events;
	loop_close(source); /* the lifeline brings another one */
}
