/* A line of /proc/PID/maps each: sys/code_map reads them. */
#include "role/keeper/watch.h"

#include "ipc/pages.h"
#include "role/keeper/child.h"
#include "role/keeper/events.h"
#include "role/keeper/freeze.h"
#include "sys/code_map.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/orphan.h"

#include <signal.h>

enum { WATCH_EVERY_MS = 2000, WATCH_AT_ONCE = 16, WATCH_ROWS = 4096 };

static void watch_say(struct wbuf *w, pid_t pid, const struct code_map *c)
{
	static const char *const faults[] = {
		[CODE_MAP_NONE] = ": what can be executed is not what it was when it was ready",
		[CODE_MAP_WRITABLE] = " is writable and executable",
		[CODE_MAP_NO_FILE] = " can be executed and is of no file",
	};

	WBUF_LIT(w, "pid ");
	wbuf_dec(w, (uint64_t)pid);
	if (c->fault != CODE_MAP_NONE) {
		WBUF_LIT(w, ": memory at 0x");
		wbuf_hex_u64(w, c->from);
	}
	wbuf_str(w, faults[c->fault]);
}

/* ---- roles ---- */

/* For `sluis status`: only who could be looked at is said to be. */
static void watch_note(struct keeper_child *c)
{
	struct wbuf w = wbuf_of(c->have, sizeof c->have - 1);

	w.n = view_str(c->have).n;
	if (w.n == 0 || view_ends(view_str(c->have), VIEW(", watched")) ||
	    wbuf_room(&w) < sizeof ", watched")
		return;
	WBUF_LIT(&w, ", watched");
	c->have[w.n] = '\0';
}

static void watch_end(struct keeper_child *c, const struct code_map *m)
{
	char text[160];
	struct wbuf w = wbuf_of(text, sizeof text);

	watch_say(&w, c->pid, m);
	events_put_child(c, RECORD_ALARM, "role.tampered", "failed", wbuf_view(&w));
	log_line(LOG_ERROR, "%s[%u] was tampered with and is ended: %.*s",
		 role_name((enum role)c->role), (unsigned)c->index, (int)w.n, text);
	if (freeze_tampered(c) != E_OK)
		child_kill(c);
}

bool watch_child(struct keeper_child *c)
{
	struct code_map m = { 0 };
	enum err e = E_OK;

	if (c->state != CHILD_RUNNING && c->state != CHILD_RETIRED)
		return true;
	e = code_map_of(c->pid, &m);
	if (e == E_LIMIT || e == E_PROTO) {
		log_line(LOG_ERROR, "the map of memory of %s[%u] can't be read: %s",
			 role_name((enum role)c->role), (unsigned)c->index, err_name(e));
		return true;
	}
	if (e != E_OK) /* it may not be seen, or its end is about to be told */
		return true;
	if (m.fault == CODE_MAP_NONE && (c->code == 0 || c->code == m.digest)) {
		c->code = m.digest;
		watch_note(c);
		return true;
	}
	watch_end(c, &m);
	return false;
}

/* ---- cells ---- */

/* Whose branch it could be: a spawner whose code it has, or none. */
static bool watch_is_a_spawners(const struct keeper *k, uint64_t digest, bool *ret_known)
{
	*ret_known = false;
	for (size_t i = 0; i < KEEPER_CHILDREN; i++) {
		const struct keeper_child *c = &k->children[i];

		if (c->state == CHILD_FREE || c->role != ROLE_SPAWNER || !c->code)
			continue;
		*ret_known = true;
		if (c->code == digest)
			return true;
	}
	return false;
}

static bool watch_is_spawner(const struct keeper *k, pid_t pid)
{
	for (size_t i = 0; i < KEEPER_CHILDREN; i++)
		if (k->children[i].state != CHILD_FREE && k->children[i].pid == pid &&
		    k->children[i].role == ROLE_SPAWNER)
			return true;
	return false;
}

static void watch_end_cell(struct keeper *k, uint32_t slot, pid_t pid, const struct code_map *m)
{
	char name[24], text[160];
	struct wbuf n = wbuf_of(name, sizeof name), w = wbuf_of(text, sizeof text);

	WBUF_LIT(&n, "cell[");
	wbuf_dec(&n, slot);
	WBUF_LIT(&n, "]");
	watch_say(&w, pid, m);
	events_put(k, RECORD_ALARM, "role.tampered", wbuf_view(&n), "failed", wbuf_view(&w));
	log_line(LOG_ERROR, "cell[%u] was tampered with and is ended: %.*s", (unsigned)slot,
		 (int)w.n, text);
}

/* The row is the spawner's word. That the process is a child of a spawner of ours (of which it can
 * end any) is the kernel's: the descriptor is taken first, so the number can't become another's. */
static void watch_cell(struct keeper *k, uint32_t slot)
{
	pid_t pid = (pid_t)PAGE_GET(k->cell_rows->cell[slot].pid), parent = 0;
	struct code_map m = { 0 };
	bool is_known = false;
	AUTO_FD fd = -1;

	if (pid <= 0 || PAGE_GET(k->cell_rows->cell[slot].frozen_wall_s))
		return;
	fd = orphan_open(pid, &parent);
	if (fd < 0 || !watch_is_spawner(k, parent) || code_map_of(pid, &m) != E_OK)
		return;
	if (m.fault == CODE_MAP_NONE && (watch_is_a_spawners(k, m.digest, &is_known) || !is_known))
		return;
	watch_end_cell(k, slot, pid, &m);
	process_signal(fd, SIGKILL);
}

/* ---- time ---- */

static void watch_children(struct keeper *k)
{
	unsigned looked = 0;

	for (size_t i = 0; i < KEEPER_CHILDREN && looked < WATCH_AT_ONCE; i++) {
		struct keeper_child *c = &k->children[k->watch.child++ % KEEPER_CHILDREN];

		if (c->state != CHILD_RUNNING && c->state != CHILD_RETIRED)
			continue;
		looked++;
		(void)watch_child(c);
	}
}

static void watch_cells(struct keeper *k)
{
	unsigned looked = 0;

	for (size_t i = 0; k->cell_rows && i < WATCH_ROWS && looked < WATCH_AT_ONCE; i++) {
		uint32_t slot = k->watch.cell++ % CELL_SLOTS;

		if (!PAGE_GET(k->cell_rows->cell[slot].serial))
			continue;
		looked++;
		watch_cell(k, slot);
	}
}

uint64_t watch_tick(struct keeper *k)
{
	if (k->stop.stage != STOP_NOT || !k->is_ready)
		return UINT64_MAX;
	if (k->loop.now_ms >= k->watch.due_ms) {
		k->watch.due_ms = k->loop.now_ms + WATCH_EVERY_MS;
		watch_children(k);
		watch_cells(k);
	}
	return k->watch.due_ms;
}
