/* Edges are the keeper's own children; cells are stopped by their spawner, and outlive it. */
#include "role/keeper/freeze.h"

#include "base/canary.h"
#include "ipc/pages.h"
#include "role/keeper/change.h"
#include "role/keeper/child.h"
#include "role/keeper/events.h"
#include "role/keeper/post.h"
#include "role/keeper/purge.h"
#include "role/keeper/ring_table.h"
#include "role/keeper/seat.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/orphan.h"
#include "sys/process.h"

#include <signal.h>

static unsigned freeze_count(const struct keeper *k)
{
	unsigned n = 0;

	for (size_t i = 0; i < KEEPER_CHILDREN; i++)
		n += k->children[i].state == CHILD_FROZEN;
	return n;
}

static void freeze_tell(struct keeper_child *c, uint8_t kind, bool is_kept)
{
	char text[160];
	struct wbuf w = wbuf_of(text, sizeof text);

	WBUF_LIT(&w, "pid ");
	wbuf_dec(&w, (uint64_t)c->pid);
	wbuf_str(&w,
		 is_kept ? " is stopped and kept as evidence" : " is ended: two are kept already");
	WBUF_LIT(&w, "; a canary (");
	wbuf_str(&w, canary_kind_name((enum canary_kind)kind));
	WBUF_LIT(&w, ") was about to leave it");
	events_put_child(c, RECORD_ALARM, "worker.frozen", is_kept ? "ok" : "failed",
			 wbuf_view(&w));
	log_line(LOG_ERROR, "%s[%u]: %.*s", role_name((enum role)c->role), (unsigned)c->index,
		 (int)w.n, text);
}

/* What else it says is not heard; nor is there anything to say to it. */
static void freeze_unhear(struct keeper_child *c)
{
	post_forget(c);
	(void)fd_close(loop_remove(&c->k->loop, &c->channel));
}

/* There is room to keep one more. */
static bool freeze_has_room(const struct keeper *k)
{
	return freeze_count(k) < KEEPER_FROZEN_MAX && k->stop.stage == STOP_NOT;
}

static bool freeze_may(const struct keeper_child *c)
{
	return c->role == ROLE_EDGE && c->state != CHILD_FROZEN && !c->is_candidate;
}

static void freeze_keep(struct keeper_child *c)
{
	struct keeper *k = c->k;

	process_signal(c->pidfd.fd, SIGSTOP);
	c->state = CHILD_FROZEN;
	c->swap = 0;
	c->deadline_ms = k->loop.now_ms + KEEPER_FROZEN_MS;
	freeze_unhear(c);
	purge_on_end(c);
	ring_table_end(k, c->ring);
	c->ring = 0;
	seat_on_frozen(c);
}

enum err freeze_child(struct keeper_child *c, uint8_t kind)
{
	bool is_kept = freeze_has_room(c->k);

	if (!freeze_may(c) || kind > CANARY_KINDS)
		return E_DENIED;
	freeze_tell(c, kind, is_kept);
	if (is_kept) {
		freeze_keep(c);
		return E_OK;
	}
	child_kill(c);
	freeze_unhear(c);
	return E_OK;
}

enum err freeze_tampered(struct keeper_child *c)
{
	if (!freeze_may(c) || !freeze_has_room(c->k))
		return E_DENIED;
	freeze_keep(c);
	return E_OK;
}

/* ---- release ---- */

static void freeze_tell_release(struct keeper *k, uint32_t pid, uid_t uid)
{
	char text[24];
	struct wbuf w = wbuf_of(text, sizeof text);

	WBUF_LIT(&w, "pid ");
	wbuf_dec(&w, pid);
	events_put_actor(k, uid, "evidence.released", wbuf_view(&w), "ok");
}

/* Its spawner, or the keeper when that is gone, sees its end; a number that a spawner wrote is
 * believed only together with its mark. */
static bool freeze_end_cell(struct page_cell *row)
{
	uint32_t pid = PAGE_GET(row->pid);

	if (!PAGE_GET(row->serial) || !PAGE_GET(row->frozen_wall_s) || !pid)
		return false;
	return orphan_kill((pid_t)pid) == E_OK;
}

enum err freeze_release(struct keeper *k, uint32_t pid, uid_t uid)
{
	for (size_t i = 0; i < KEEPER_CHILDREN; i++) {
		struct keeper_child *c = &k->children[i];

		if (c->state != CHILD_FROZEN || c->pid != (pid_t)pid)
			continue;
		freeze_tell_release(k, pid, uid);
		child_kill(c);
		return E_OK;
	}
	for (uint32_t i = 0; k->cell_rows && i < CELL_SLOTS; i++) {
		struct page_cell *row = &k->cell_rows->cell[i];

		if (PAGE_GET(row->pid) != pid || !PAGE_GET(row->serial) ||
		    !PAGE_GET(row->frozen_wall_s))
			continue;
		freeze_tell_release(k, pid, uid);
		PAGE_SET(row->frozen_wall_s, PAGE_CELL_RELEASED); /* its spawner ends it */
		(void)freeze_end_cell(row);
		return E_OK;
	}
	return E_CLOSED;
}

void freeze_sweep(struct keeper *k)
{
	uint32_t now_s = (uint32_t)(clock_wall_us() / 1000000);

	for (uint32_t i = 0; i < CELL_SLOTS; i++) {
		struct page_cell *row = &k->cell_rows->cell[i];
		uint32_t at = PAGE_GET(row->frozen_wall_s);

		if (at && (at == PAGE_CELL_RELEASED || k->stop.stage != STOP_NOT ||
			   now_s - at > KEEPER_FROZEN_MS / 1000))
			(void)freeze_end_cell(row);
	}
}
