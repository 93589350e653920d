/* The keeper never reads what a cell says: it knows rows of numbers, and how processes end. */
#include "role/keeper/spawners.h"

#include "ipc/pages.h"
#include "role/keeper/boot.h"
#include "role/keeper/child.h"
#include "role/keeper/events.h"
#include "role/keeper/freeze.h"
#include "role/keeper/seat.h"
#include "sys/log.h"
#include "sys/orphan.h"
#include "sys/shm.h"

#include <signal.h>

enum { SPAWNERS_EVERY_MS = 1000, SPAWNERS_LEAST_MS = 10000 };

enum err spawners_open(struct keeper *k)
{
	void *p = NULL;

	TRY(orphan_adopt());
	TRY(shm_map(k->cells.rw, true, &p, NULL));
	k->cell_rows = p;
	TRY(shm_map(k->gate.ro, false, &p, NULL));
	k->gate_rows = p;
	return E_OK;
}

bool spawners_are_wanted(const struct image *im)
{
	for (uint32_t i = 0; i < image_count(im, IMAGE_LISTENER); i++)
		if (image_listener_at(im, i)->flags & IMAGE_CELL)
			return true;
	return false;
}

void spawners_renew(struct keeper *k)
{
	struct keeper_seat *s = seat_of(k, ROLE_SPAWNER, 0);

	if (!s->is_wanted || !s->child)
		return;
	/* One that has not begun yet has nothing that could be finished */
	if (s->child->state == CHILD_STARTING)
		child_kill(s->child);
	(void)seat_give(s, NULL);
	s->due_ms = k->loop.now_ms;
}

static bool spawners_is_earlier(const struct keeper_child *c)
{
	return c->role == ROLE_SPAWNER && c->state == CHILD_RUNNING &&
	       seat_of(c->k, ROLE_SPAWNER, 0)->child != c;
}

void spawners_retire(struct keeper *k)
{
	for (size_t i = 0; i < KEEPER_CHILDREN; i++)
		if (spawners_is_earlier(&k->children[i]))
			child_retire(&k->children[i], KEEPER_RETIRE_MS);
}

/* Signer and dialer are of a generation: those of another one know other certificates. */
static bool spawners_use(const struct keeper_child *spawner, const struct keeper_child *provider)
{
	bool is_for_all = provider->role == ROLE_AUTHORITY || provider->role == ROLE_AUDIT;
	bool is_for_its = provider->role == ROLE_SIGNER || provider->role == ROLE_DIALER;

	if (spawner->role != ROLE_SPAWNER || spawner->channel.fd < 0 ||
	    seat_of(spawner->k, ROLE_SPAWNER, 0)->child == spawner ||
	    (spawner->state != CHILD_RUNNING && spawner->state != CHILD_RETIRED))
		return false;
	return is_for_all || (is_for_its && spawner->generation == provider->generation);
}

void spawners_on_ready(struct keeper_child *c)
{
	struct keeper *k = c->k;

	if (c->role == ROLE_SPAWNER)
		spawners_retire(k);
	for (size_t i = 0; i < KEEPER_CHILDREN; i++) {
		struct keeper_child *s = &k->children[i];

		if (spawners_use(s, c) && boot_link(c, s) == E_SYS)
			log_line(LOG_ERROR, "an earlier spawner has no %s",
				 role_name((enum role)c->role));
	}
}

/* ---- cells that nobody else reaps ---- */

static bool spawners_is_child(const struct keeper *k, pid_t pid)
{
	for (size_t i = 0; i < KEEPER_CHILDREN; i++)
		if (k->children[i].state != CHILD_FREE && k->children[i].pid == pid)
			return true;
	return false;
}

static void spawners_clear(struct keeper *k, uint32_t slot)
{
	struct page_cell *row = &k->cell_rows->cell[slot];
	uint64_t serial = PAGE_GET(row->serial);

	PAGE_SET(row->frozen_wall_s, 0);
	PAGE_SET(row->pid, 0);
	(void)atomic_compare_exchange_strong(&row->serial, &serial, 0);
}

static void spawners_tell_crash(struct keeper *k, uint32_t slot, pid_t pid,
				const struct process_end *end)
{
	char name[24], text[PROCESS_END_MAX + 80];
	struct wbuf n = wbuf_of(name, sizeof name), t = wbuf_of(text, sizeof text);

	atomic_fetch_add(&k->cell_rows->crashed, 1);
	WBUF_LIT(&n, "cell[");
	wbuf_dec(&n, slot);
	WBUF_LIT(&n, "]");
	process_end_put(&t, pid, end);
	WBUF_LIT(&t, "; its spawner has ended, which knew its client");
	events_put(k, RECORD_ALARM, end->value == SIGSYS ? "sandbox.violation" : "cell.crashed",
		   wbuf_view(&n), "failed", wbuf_view(&t));
}

/* The authority wants it ended. */
static bool spawners_is_killed(const struct keeper *k, uint32_t slot)
{
	uint64_t serial = PAGE_GET(k->cell_rows->cell[slot].serial);

	return serial && k->gate_rows && PAGE_GET(k->gate_rows->killed[slot]) == serial;
}

static void spawners_reaped(struct keeper *k, pid_t pid, const struct process_end *end)
{
	atomic_fetch_add(&k->cell_rows->ended, 1);
	for (uint32_t i = 0; i < CELL_SLOTS; i++) {
		if (PAGE_GET(k->cell_rows->cell[i].pid) != (uint32_t)pid)
			continue;
		if (end->is_signal && !spawners_is_killed(k, i))
			spawners_tell_crash(k, i, pid, end);
		spawners_clear(k, i);
		return;
	}
}

/* A role's own end is its pidfd's to tell, in this turn or the next; the sweep goes on then. */
static void spawners_reap(struct keeper *k)
{
	struct process_end end = { 0 };
	pid_t pid = 0;

	while (orphan_next(&pid) == E_OK && !spawners_is_child(k, pid))
		if (orphan_reap(pid, &end) == E_OK)
			spawners_reaped(k, pid, &end);
}

/* Rows of processes that have long been gone: their spawner ended between two steps. */
static void spawners_sweep(struct keeper *k)
{
	for (uint32_t i = 0; i < CELL_SLOTS; i++) {
		const struct page_cell *row = &k->cell_rows->cell[i];
		uint32_t pid = PAGE_GET(row->pid);

		if (PAGE_GET(row->serial) && pid && !orphan_exists((pid_t)pid))
			spawners_clear(k, i);
	}
}

/* Cells that the authority has ended, and whose spawner is gone: by then they are the keeper's
 * children, and nobody else's (promise P7). */
static void spawners_end_orphans(const struct keeper *k)
{
	for (uint32_t i = 0; i < CELL_SLOTS; i++) {
		pid_t pid = (pid_t)PAGE_GET(k->cell_rows->cell[i].pid);

		if (spawners_is_killed(k, i) && !spawners_is_child(k, pid) &&
		    orphan_kill(pid) == E_OK)
			atomic_fetch_add(&k->cell_rows->killed, 1);
	}
}

/* ---- time ---- */

static uint64_t spawners_due_ms(const struct keeper *k)
{
	const struct keeper_child *c = k->seats[ROLE_SPAWNER].child;
	uint64_t ms = (uint64_t)k->image.image.header->gateway.spawner_s * 1000;

	if (!c || c->state != CHILD_RUNNING || !ms)
		return UINT64_MAX;
	return c->started_ms + (ms > SPAWNERS_LEAST_MS ? ms : (uint64_t)SPAWNERS_LEAST_MS);
}

uint64_t spawners_tick(struct keeper *k)
{
	if (k->cell_rows && k->stop.stage != STOP_NOT)
		freeze_sweep(k);
	if (!k->cell_rows || !k->has_had_spawner || k->stop.stage != STOP_NOT)
		return UINT64_MAX;
	if (k->loop.now_ms < k->spawners_ms + SPAWNERS_EVERY_MS)
		return k->spawners_ms + SPAWNERS_EVERY_MS;
	k->spawners_ms = k->loop.now_ms;
	spawners_reap(k);
	spawners_end_orphans(k);
	freeze_sweep(k);
	spawners_sweep(k);
	if (k->loop.now_ms >= spawners_due_ms(k) && k->change.state == CHANGE_IDLE)
		spawners_renew(k);
	return k->spawners_ms + SPAWNERS_EVERY_MS;
}
