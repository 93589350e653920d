/* From a client that has begun TLS to a process of its own. */
#include "role/spawner/birth.h"
#include "role/edge/level.h"

#include "role/spawner/census.h"
#include "role/spawner/counted.h"
#include "role/spawner/link.h"
#include "role/spawner/tell.h"
#include "sys/branch.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/process.h"

#include <signal.h>
#include <sys/socket.h>

enum { BIRTH_FRAMES = 4 };

void birth_init(struct spawner *s)
{
	for (uint32_t i = 0; i < CELL_SLOTS; i++) {
		struct spawner_cell_slot *c = &s->cells[i];

		c->s = s;
		c->lifeline = (struct loop_source){ .fd = -1, .kind = SPAWNER_LIFELINE };
		c->pidfd = (struct loop_source){ .fd = -1, .kind = SPAWNER_PIDFD };
		c->records = -1;
	}
}

/* ---- begin ---- */

static void birth_row(struct spawner *s, const struct spawner_cell_slot *c, pid_t pid)
{
	struct page_cell *row = &s->page->cell[c->who.slot];

	PAGE_SET(row->spawner, s->self.index);
	PAGE_SET(row->pid, (uint32_t)pid);
	PAGE_SET(row->began_wall_s, (uint64_t)(clock_wall_us() / 1000000));
	PAGE_SET(row->source, c->key);
	PAGE_SET(row->listener, c->who.listener);
}

/* Everything of the new cell's that is not its client's. Those that are away are linked later. */
static enum err birth_channels(struct spawner *s, struct spawner_cell_slot *c, struct cell_birth *b)
{
	int pair[2] = { -1, -1 };

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
		return log_errno("socketpair");
	c->lifeline.fd = pair[0];
	b->fds[CELL_FD_LIFELINE] = pair[1];
	b->fds[CELL_FD_SIGNER] = link_introduce(s, LINK_SIGNER, c);
	b->fds[CELL_FD_DIALER] = link_introduce(s, LINK_DIALER, c);
	b->fds[CELL_FD_AUTHORITY] = link_introduce(s, LINK_AUTHORITY, c);
	b->fds[CELL_FD_AUDIT] = link_introduce(s, LINK_AUDIT, c);
	return E_OK;
}

static void birth_forget(struct spawner *s, struct spawner_cell_slot *c)
{
	s->frozen_n -= c->is_frozen;
	c->is_frozen = false;
	PAGE_SET(s->page->cell[c->who.slot].frozen_wall_s, 0);
	loop_close(&c->lifeline);
	loop_close(&c->pidfd);
	c->records = fd_close(c->records);
	census_free(s, c->who.slot, c->who.serial);
	c->serial = 0;
	c->freed_turn = s->loop.turn;
}

static enum err birth_branch(struct spawner *s, struct spawner_cell_slot *c,
			     const struct cell_birth *b)
{
	int pidfd = -1;
	pid_t pid = 0;

	level_refresh(s->e); /* shared with the cell until it changes */
	branch_wipe_stack();
	pid = branch_off(s->is_alone, &pidfd);
	if (pid == 0)
		cell_run(b);
	if (pid < 0)
		return log_errno("clone");
	c->pidfd.fd = pidfd;
	birth_row(s, c, pid);
	TRY(loop_add(&s->loop, &c->pidfd, EPOLLIN));
	return loop_add(&s->loop, &c->lifeline, EPOLLIN);
}

enum err birth_start(struct spawner *s, const struct birth_client *client)
{
	struct spawner_cell who = { .listener = client->listener,
				    .ip = client->ip,
				    .port = client->port };
	struct cell_birth b = {
		.e = s->e, .filter = s->filter, .is_alone = s->is_alone, .seen_ns = client->seen_ns
	};
	struct spawner_cell_slot *c = NULL;
	enum err e = E_OK;

	TRY(census_claim(s, &who));
	c = &s->cells[who.slot];
	b.who = c->who = who;
	c->serial = who.serial;
	c->key = client->key;
	c->began_ms = s->loop.now_ms;
	c->is_told = c->is_killed = c->is_frozen = false;
	c->heard = 0;
	for (unsigned i = 0; i < LINKS; i++)
		c->epoch[i] = 0;
	e = birth_channels(s, c, &b);
	b.fds[CELL_FD_CLIENT] = client->fd;
	if (e == E_OK)
		e = birth_branch(s, c, &b);
	for (unsigned i = 0; i < CELL_FDS; i++)
		if (i != CELL_FD_CLIENT)
			(void)fd_close(b.fds[i]);
	if (e != E_OK) {
		if (c->pidfd.fd >= 0)
			process_signal(c->pidfd.fd, SIGKILL);
		birth_forget(s, c);
		return e;
	}
	s->cell_n++;
	census_add(s, c->key, who.listener);
	atomic_fetch_add(&s->page->started, 1);
	return E_OK;
}

/* ---- end ---- */

void birth_kill(struct spawner *s, uint32_t slot, uint64_t serial)
{
	struct spawner_cell_slot *c = slot < CELL_SLOTS ? &s->cells[slot] : NULL;

	if (!c || !serial || c->serial != serial || c->pidfd.fd < 0 || c->is_killed)
		return;
	c->is_killed = true;
	process_signal(c->pidfd.fd, SIGKILL);
}

static unsigned birth_frozen(const struct spawner *s)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < CELL_SLOTS; i++)
		n += PAGE_GET(s->page->cell[i].serial) && PAGE_GET(s->page->cell[i].frozen_wall_s);
	return n;
}

enum err birth_freeze(struct spawner_cell_slot *c, uint8_t kind)
{
	struct spawner *s = c->s;
	struct page_cell *row = &s->page->cell[c->who.slot];
	bool is_kept = birth_frozen(s) < SPAWNER_FROZEN_MAX;

	if (c->is_frozen || c->is_killed)
		return E_DENIED;
	tell_frozen(s, c, kind, is_kept);
	if (!is_kept) {
		birth_kill(s, c->who.slot, c->serial);
		return E_OK;
	}
	process_signal(c->pidfd.fd, SIGSTOP);
	c->is_frozen = true;
	s->frozen_n++;
	PAGE_SET(row->frozen_wall_s, (uint32_t)(clock_wall_us() / 1000000));
	return E_OK;
}

void birth_tick(struct spawner *s)
{
	uint32_t now_s = (uint32_t)(clock_wall_us() / 1000000);

	for (uint32_t i = 0; s->frozen_n && i < CELL_SLOTS; i++) {
		uint32_t at = PAGE_GET(s->page->cell[i].frozen_wall_s);

		if (s->cells[i].is_frozen &&
		    (at == PAGE_CELL_RELEASED || now_s - at > SPAWNER_FROZEN_S))
			birth_kill(s, i, s->cells[i].serial);
	}
}

void birth_kill_all(struct spawner *s, bool want_frozen)
{
	for (uint32_t i = 0; s->cell_n && i < CELL_SLOTS; i++)
		if (want_frozen || !s->cells[i].is_frozen)
			birth_kill(s, i, s->cells[i].serial);
}

void birth_drain_all(struct spawner *s, uint32_t ms)
{
	uint8_t body[4];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u32(&w, ms);
	for (uint32_t i = 0; i < CELL_SLOTS; i++) {
		struct spawner_cell_slot *c = &s->cells[i];

		if (!c->serial || c->is_told || c->lifeline.fd < 0)
			continue;
		c->is_told =
			frame_send(c->lifeline.fd, KEEPER_DRAIN, 0, wbuf_view(&w), NULL, 0) == E_OK;
	}
}

void birth_on_pidfd(void *owner, struct loop_source *source, uint32_t events)
{
	struct spawner *s = owner;
	struct spawner_cell_slot *c = LIST_OWNER(source, struct spawner_cell_slot, pidfd);
	struct process_end end = { 0 };
	enum err e = process_reap(source->fd, &end);

	(void)events;
	if (e == E_AGAIN)
		return;
	if (c->lifeline.fd >= 0)
		(void)counted_pump(c, UINT32_MAX); /* its last words count */
	atomic_fetch_add(&s->page->ended, 1);
	if (e == E_OK && end.is_signal && c->is_killed)
		atomic_fetch_add(&s->page->killed, 1);
	if (e == E_OK && end.is_signal && !c->is_killed) {
		atomic_fetch_add(&s->page->crashed, 1);
		tell_crash(s, c, &end);
	}
	s->cell_n--;
	birth_forget(s, c);
}

void birth_on_lifeline(void *owner, struct loop_source *source, uint32_t events)
{
	struct spawner *s = owner;
	struct spawner_cell_slot *c = LIST_OWNER(source, struct spawner_cell_slot, lifeline);
	enum err e = counted_pump(c, BIRTH_FRAMES);

	(void)events;
	if (c->is_frozen)
		loop_close(source); /* what else it has said is not heard */
	if (c->is_frozen || e == E_OK || e == E_AGAIN)
		return;
	loop_close(source);
	if (e == E_CLOSED)
		return; /* its pidfd tells how it ended */
	tell_violation(s, c, err_name(e));
	c->is_killed = true;
	process_signal(c->pidfd.fd, SIGKILL);
}
