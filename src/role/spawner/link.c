/* Introductions. */
#include "role/spawner/link.h"

#include "role/spawner/birth.h"
#include "sys/fd.h"
#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

enum { LINK_FRAMES = 64, LINK_BATCH = 64, LINK_SIGNER_MS = 60000 };

static const uint8_t link_roles[LINKS] = {
	[LINK_SIGNER] = ROLE_SIGNER,
	[LINK_DIALER] = ROLE_DIALER,
	[LINK_AUTHORITY] = ROLE_AUTHORITY,
	[LINK_AUDIT] = ROLE_AUDIT,
};

void link_init(struct spawner *s)
{
	for (unsigned i = 0; i < LINKS; i++)
		s->links[i] = (struct spawner_link){ .source = { .fd = -1, .kind = SPAWNER_LINK },
						     .s = s };
}

enum err link_set(struct spawner *s, enum role peer, int fd)
{
	AUTO_FD owned = fd;

	for (unsigned i = 0; i < LINKS; i++) {
		struct spawner_link *l = &s->links[i];

		if (link_roles[i] != peer)
			continue;
		loop_close(&l->source);
		TRY(fd_set_nonblocking(owned));
		l->source.fd = fd_steal(&owned);
		l->epoch++;
		l->cursor = 0;
		l->is_behind = s->cell_n > 0;
		return loop_add(&s->loop, &l->source, EPOLLIN);
	}
	return E_DENIED;
}

/* Both ends of the new channel; audit's is kept too, so that what a cell has said there stays when
 * audit is replaced: the next one is given the same end. */
static enum err link_pair(enum spawner_link_kind kind, const struct spawner_cell_slot *c,
			  int ret[2])
{
	static const int least = 1;

	if (kind == LINK_AUDIT && c->records >= 0) {
		ret[0] = -1;
		ret[1] = fcntl(c->records, F_DUPFD_CLOEXEC, SPAWNER_LOW_FDS);
		return ret[1] < 0 ? log_errno("fcntl") : E_OK;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ret) < 0)
		return log_errno("socketpair");
	/* A descriptor that is sent and not taken counts against the dialer, whose others would
	 * get none: few fit on their way to one cell. The least that the kernel has. */
	if (kind == LINK_DIALER)
		(void)setsockopt(ret[1], SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
	return E_OK;
}

static enum err link_tell(struct spawner_link *l, const struct spawner_cell_slot *c, int fd)
{
	uint8_t body[64];
	struct wbuf w = wbuf_of(body, sizeof body);

	TRY(spawner_cell_put(&w, &c->who));
	return frame_send(l->source.fd, SPAWNER_CELL, 0, wbuf_view(&w), &fd, 1);
}

/* E_OK: *ret_fd is the cell's end, or -1 when it has it already. */
static enum err link_make(struct spawner *s, enum spawner_link_kind kind,
			  struct spawner_cell_slot *c, int *ret_fd)
{
	struct spawner_link *l = &s->links[kind];
	int pair[2] = { -1, -1 };
	enum err e = E_AGAIN;

	if (l->source.fd < 0)
		return E_AGAIN;
	TRY(link_pair(kind, c, pair));
	e = link_tell(l, c, pair[1]);
	if (e == E_OK && kind == LINK_AUDIT && c->records < 0)
		c->records = fd_steal(&pair[1]);
	(void)fd_close(pair[1]);
	if (e != E_OK) {
		(void)fd_close(pair[0]);
		return e;
	}
	c->epoch[kind] = l->epoch;
	*ret_fd = pair[0];
	return E_OK;
}

int link_introduce(struct spawner *s, enum spawner_link_kind kind, struct spawner_cell_slot *c)
{
	int fd = -1;

	if (link_make(s, kind, c, &fd) != E_OK)
		s->links[kind].is_behind = true;
	return fd;
}

static enum err link_bring(const struct spawner_cell_slot *c, enum spawner_link_kind kind, int fd)
{
	uint8_t body[3];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u8(&w, link_roles[kind]);
	wbuf_u16(&w, 0);
	return frame_send(c->lifeline.fd, KEEPER_CHANNEL, 0, wbuf_view(&w), &fd, 1);
}

/* A cell whose handshake is over asks the signer nothing more. */
static bool link_is_owed(const struct spawner *s, enum spawner_link_kind kind,
			 const struct spawner_cell_slot *c)
{
	if (!c->serial || c->lifeline.fd < 0 || c->epoch[kind] == s->links[kind].epoch)
		return false;
	return kind != LINK_SIGNER || s->needs_signer ||
	       s->loop.now_ms - c->began_ms < LINK_SIGNER_MS;
}

/* False: no more now. */
static bool link_catch_up_one(struct spawner *s, enum spawner_link_kind kind,
			      struct spawner_cell_slot *c)
{
	int fd = -1;
	enum err e = E_OK;

	if (!link_is_owed(s, kind, c))
		return true;
	e = link_make(s, kind, c, &fd);
	if (e != E_OK)
		return false;
	if (fd >= 0 && link_bring(c, kind, fd) == E_AGAIN)
		c->epoch[kind] = 0; /* it does not read; once more, later */
	(void)fd_close(fd);
	return true;
}

static void link_catch_up(struct spawner *s, enum spawner_link_kind kind)
{
	struct spawner_link *l = &s->links[kind];

	if (!l->is_behind || l->source.fd < 0)
		return;
	for (unsigned n = 0; n < CELL_SLOTS / LINK_BATCH && l->cursor < CELL_SLOTS; n++)
		for (unsigned i = 0; i < LINK_BATCH; i++, l->cursor++)
			if (!link_catch_up_one(s, kind, &s->cells[l->cursor]))
				return;
	l->cursor = 0;
	l->is_behind = false;
	for (uint32_t i = 0; i < CELL_SLOTS; i++)
		l->is_behind |= link_is_owed(s, kind, &s->cells[i]);
}

void link_turn(struct spawner *s)
{
	for (unsigned i = 0; i < LINKS; i++)
		link_catch_up(s, (enum spawner_link_kind)i);
}

bool link_is_behind(const struct spawner *s)
{
	for (unsigned i = 0; i < LINKS; i++)
		if (s->links[i].is_behind && s->links[i].source.fd >= 0)
			return true;
	return false;
}

/* ---- what they say ---- */

static enum err link_on_kill(void *role, struct frame *f)
{
	struct spawner *s = role;
	struct spawner_kill k = { 0 };

	TRY(spawner_kill_get(f->body, &k));
	birth_kill(s, k.slot, k.serial);
	return E_OK;
}

static const struct frame_def link_authority_defs[] = {
	{ AUTHORITY_CELL_KILL, 0, FRAME_RUN, 12, 12, link_on_kill },
};

/* The other three have nothing to say here. */
static const struct frame_table link_tables[LINKS] = {
	[LINK_AUTHORITY] = { link_authority_defs,
			     sizeof link_authority_defs / sizeof link_authority_defs[0] },
};

void link_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct spawner *s = owner;
	struct spawner_link *l = LIST_OWNER(source, struct spawner_link, source);
	enum err e = frame_pump(source->fd, &link_tables[l - s->links], FRAME_RUN, s, LINK_FRAMES);

	(void)events;
	if (e == E_OK || e == E_AGAIN)
		return;
	if (e != E_CLOSED)
		log_line(LOG_ERROR, "%s broke the protocol (%s)",
			 role_name((enum role)link_roles[l - s->links]), err_name(e));
	loop_close(source); /* the keeper brings another one */
}
