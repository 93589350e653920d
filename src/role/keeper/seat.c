/*
 * Restarting. The first restart is immediate; a role that ends again within ten seconds waits
 * longer each time, and one kind of role that ends ten times in ten seconds raises an alarm: a
 * storm must not take the machine down.
 */
#include "role/keeper/seat.h"

#include "role/keeper/boot.h"
#include "role/keeper/change.h"
#include "role/keeper/child.h"
#include "role/keeper/drill.h"
#include "role/keeper/events.h"
#include "role/keeper/say.h"
#include "role/keeper/spawners.h"
#include "role/keeper/stop.h"
#include "sys/log.h"

struct keeper_seat *seat_of(struct keeper *k, enum role role, unsigned index)
{
	INVARIANT(index < ROLE_EDGES_MAX);
	return role == ROLE_EDGE ? &k->seats[ROLE_N + index] : &k->seats[role];
}

void seat_init(struct keeper *k)
{
	for (unsigned r = 0; r < ROLE_N; r++)
		k->seats[r].role = (uint8_t)r;
	for (unsigned i = 0; i < ROLE_EDGES_MAX; i++) {
		k->seats[ROLE_N + i].role = ROLE_EDGE;
		k->seats[ROLE_N + i].index = (uint16_t)i;
	}
}

void seat_want(struct keeper_seat *s, uint64_t now_ms)
{
	if (s->is_wanted)
		return;
	s->is_wanted = true;
	s->backoff_ms = 0;
	s->due_ms = now_ms;
}

void seat_unwant(struct keeper_seat *s)
{
	struct keeper_child *c = seat_give(s, NULL);

	s->is_wanted = false;
	s->due_ms = 0;
	if (c)
		child_retire(c, KEEPER_RETIRE_MS);
}

struct keeper_child *seat_give(struct keeper_seat *s, struct keeper_child *c)
{
	struct keeper_child *old = s->child;

	s->child = c;
	if (c) {
		s->due_ms = 0;
		s->is_wanted = true;
	}
	return old;
}

static struct keeper_seat *seat_with(struct keeper_child *c)
{
	struct keeper_seat *s = seat_of(c->k, (enum role)c->role, c->index);

	return s->child == c ? s : NULL;
}

void seat_on_ready(struct keeper_child *c)
{
	if (seat_with(c)) {
		boot_link_provider(c);
		spawners_on_ready(c);
	}
	change_settle(c->k);
}

void seat_on_failed(struct keeper_child *c)
{
	struct keeper_seat *s = seat_with(c);

	if (!s || !c->swap)
		return;
	if (c->role == ROLE_RELAY) {
		/* Two would take each other's datagrams: the next one begins where this one ends */
		child_kill(c);
		return;
	}
	/* It could not take the new image and goes on with the old one: another one takes its
	 * place, and it finishes what it has */
	(void)seat_give(s, NULL);
	child_retire(c, KEEPER_RETIRE_MS);
	s->restarts++;
	s->due_ms = c->k->loop.now_ms;
}

/* True when this kind of role ends so often that it must wait. */
static bool seat_is_storm(struct keeper *k, enum role role)
{
	struct keeper_storm *t = &k->storms[role];

	if (k->loop.now_ms - t->since_ms > KEEPER_ALIVE_MS)
		*t = (struct keeper_storm){ .since_ms = k->loop.now_ms };
	t->deaths++;
	if (t->deaths == KEEPER_STORM_DEATHS) {
		events_put(k, RECORD_ALARM, "role.storm", view_str(role_name(role)), "failed",
			   VIEW("it ended ten times in ten seconds"));
		log_line(LOG_ERROR, "%s ends again and again: it is restarted every %d s now",
			 role_name(role), KEEPER_BACKOFF_MAX_MS / 1000);
	}
	return t->deaths >= KEEPER_STORM_DEATHS;
}

/* How long the seat was well counts, not how long this one process lived: it may have taken the
 * place of another a moment ago, at a change. */
static void seat_plan(struct keeper *k, struct keeper_seat *s)
{
	uint32_t wait = s->backoff_ms;

	if (drill_has_seat(k, (enum role)s->role, s->index)) {
		s->due_ms = drill_is_over(k) ? 0 : k->loop.now_ms;
		return;
	}
	if (k->loop.now_ms >= s->revived_ms + KEEPER_ALIVE_MS)
		wait = 0;
	s->backoff_ms = wait ? wait * 2 : KEEPER_BACKOFF_MS;
	if (s->backoff_ms > KEEPER_BACKOFF_MAX_MS)
		s->backoff_ms = KEEPER_BACKOFF_MAX_MS;
	if (seat_is_storm(k, (enum role)s->role))
		wait = KEEPER_BACKOFF_MAX_MS;
	s->restarts++;
	s->due_ms = s->revived_ms = k->loop.now_ms + wait;
}

void seat_on_end(struct keeper_child *c, const struct process_end *end)
{
	struct keeper *k = c->k;
	struct keeper_seat *s = seat_with(c);

	(void)end;
	if (s) {
		s->child = NULL;
		if (k->stop.stage == STOP_NOT && !k->is_ready) {
			change_fail_first(k);
		} else if (s->is_wanted && k->stop.stage == STOP_NOT && c->is_draining) {
			s->due_ms = k->loop.now_ms; /* it made room, as it was told */
		} else if (s->is_wanted && k->stop.stage == STOP_NOT) {
			seat_plan(k, s);
			if (c->has_failed)
				say_format(k, SAY_ERROR, "error: %s", k->change.why);
		}
	}
	change_settle(k);
}

void seat_on_frozen(struct keeper_child *c)
{
	struct keeper_seat *s = seat_with(c);

	if (s) {
		s->child = NULL;
		if (s->is_wanted)
			seat_plan(c->k, s);
	}
	change_settle(c->k);
}

bool seat_all_run(const struct keeper *k)
{
	for (size_t i = 0; i < KEEPER_SEATS; i++) {
		const struct keeper_seat *s = &k->seats[i];

		if (!s->is_wanted)
			continue;
		if (!s->child || s->child->state != CHILD_RUNNING || s->child->swap ||
		    s->child->is_draining)
			return false;
	}
	return true;
}

static void seat_fill(struct keeper *k, struct keeper_seat *s)
{
	s->due_ms = 0;
	s->child = child_start(k, (enum role)s->role, s->index, &k->image, false);
	if (s->child)
		return;
	if (k->is_ready)
		seat_plan(k, s);
	else
		change_fail_first(k);
}

/* Who serves clients begins, at the first start, when the authority has published what is closed
 * (promise P8). Later the page is there, whoever is restarted. */
static bool seat_waits(const struct keeper *k, const struct keeper_seat *s)
{
	const struct keeper_child *authority = k->seats[ROLE_AUTHORITY].child;

	if (k->is_ready || (s->role != ROLE_EDGE && s->role != ROLE_RELAY))
		return false;
	return !authority || authority->state != CHILD_RUNNING;
}

uint64_t seat_tick(struct keeper *k)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < KEEPER_SEATS && k->stop.stage == STOP_NOT; i++) {
		struct keeper_seat *s = &k->seats[i];

		if (s->due_ms && seat_waits(k, s))
			continue; /* the authority's word brings the next turn */
		if (s->due_ms && s->due_ms <= k->loop.now_ms)
			seat_fill(k, s);
		if (s->due_ms && s->due_ms < next)
			next = s->due_ms;
	}
	return next;
}
