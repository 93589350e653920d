/* The order of stopping. Nobody is restarted once it began. */
#include "role/keeper/stop.h"

#include "role/keeper/change.h"
#include "role/keeper/child.h"
#include "role/keeper/control.h"
#include "role/keeper/events.h"
#include "role/keeper/notify.h"

/* Roles of a stage, as bits 1 << role, and what they are given to finish. */
struct stop_row {
	uint32_t roles, ms;
};

static struct stop_row stop_row(const struct keeper *k)
{
	switch ((enum keeper_stop_stage)k->stop.stage) {
	case STOP_EDGES:
		return (struct stop_row){ 1u << ROLE_EDGE | 1u << ROLE_RELAY | 1u << ROLE_SPAWNER,
					  k->options.drain_ms };
	case STOP_HELPERS:
		return (struct stop_row){ 1u << ROLE_DIALER | 1u << ROLE_CONSOLE |
						  1u << ROLE_EXPORTER | 1u << ROLE_CONFIG |
						  1u << ROLE_AUTHORITY | 1u << ROLE_VERIFIER |
						  1u << ROLE_HERALD,
					  KEEPER_GONE_MS };
	case STOP_AUDIT:
		return (struct stop_row){ 1u << ROLE_AUDIT, KEEPER_END_MS };
	case STOP_SIGNER:
		return (struct stop_row){ 1u << ROLE_SIGNER | 1u << ROLE_SHIPPER, KEEPER_GONE_MS };
	case STOP_NOT:
	case STOP_DONE:
	default:
		return (struct stop_row){ 0 };
	}
}

static bool stop_has(const struct keeper *k, uint32_t roles)
{
	for (size_t i = 0; i < KEEPER_CHILDREN; i++)
		if (k->children[i].state != CHILD_FREE && (roles & 1u << k->children[i].role))
			return true;
	return false;
}

/* Audit is never hurried: its last checkpoint is what proves that nothing was cut (P9). */
static void stop_enter(struct keeper *k)
{
	struct stop_row row = stop_row(k);

	for (size_t i = 0; i < KEEPER_CHILDREN; i++) {
		struct keeper_child *c = &k->children[i];

		if (c->state == CHILD_FREE || !(row.roles & 1u << c->role))
			continue;
		if ((k->stop.is_hasty && c->role != ROLE_AUDIT) || c->role == ROLE_CONFIG ||
		    c->state == CHILD_FROZEN)
			child_kill(c);
		else
			child_drain(c, row.ms);
	}
}

void stop_begin(struct keeper *k, bool is_hasty, int exit_status)
{
	if (k->stop.stage != STOP_NOT) {
		k->stop.is_hasty = true;
		stop_enter(k);
		return;
	}
	notify_send(k, VIEW("STOPPING=1\nSTATUS=finishing what is under way\n"));
	change_drop(k);
	events_put(k, RECORD_EVENT, "sluis.stopping", VIEW("keeper[0]"), "ok", (struct view){ 0 });
	control_change_done(k, true);
	k->stop = (struct keeper_stop){ .stage = STOP_EDGES,
					.is_hasty = is_hasty,
					.exit_status = exit_status };
	stop_enter(k);
}

void stop_tick(struct keeper *k)
{
	while (k->stop.stage != STOP_NOT && k->stop.stage != STOP_DONE &&
	       !stop_has(k, stop_row(k).roles)) {
		k->stop.stage++;
		stop_enter(k);
	}
}
