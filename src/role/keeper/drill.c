/* The keeper gives the intruder nothing but a seat; what it may do there is what the role may. */
#include "role/keeper/drill.h"

#include "drill/board.h"
#include "role/keeper/change.h"
#include "role/keeper/child.h"
#include "role/keeper/control.h"
#include "role/keeper/events.h"
#include "role/keeper/seat.h"
#include "sys/log.h"

#include <unistd.h>

static const char *const drill_programs[ROLE_PROGRAMS] = {
	[ROLE_CONFIG] = "sluis-intruder-config",       [ROLE_SIGNER] = "sluis-intruder-signer",
	[ROLE_EDGE] = "sluis-intruder-edge",	       [ROLE_DIALER] = "sluis-intruder-dialer",
	[ROLE_AUDIT] = "sluis-intruder-audit",	       [ROLE_CONSOLE] = "sluis-intruder-console",
	[ROLE_EXPORTER] = "sluis-intruder-exporter",   [ROLE_RELAY] = "sluis-intruder-relay",
	[ROLE_AUTHORITY] = "sluis-intruder-authority", [ROLE_VERIFIER] = "sluis-intruder-verifier",
	[ROLE_SPAWNER] = "sluis-intruder-spawner",     [ROLE_SHIPPER] = "sluis-intruder-shipper",
	[ROLE_HERALD] = "sluis-intruder-herald",
};

/* Whose seat it is; a cell's begins in its spawner's program. */
static enum role drill_role(const struct keeper *k)
{
	enum role r = (enum role)k->drill.board->role;

	return r == ROLE_CELL ? ROLE_SPAWNER : r;
}

enum err drill_open(struct keeper *k)
{
	if (!k->options.drill)
		return E_OK;
	if (board_open(STDOUT_FILENO, &k->drill.board) != E_OK ||
	    k->drill.board->role != k->options.drill || drill_role(k) >= ROLE_PROGRAMS ||
	    !drill_programs[drill_role(k)]) {
		log_line(LOG_ERROR, "--drill is for `sluis drill`, which starts a twin with it");
		return E_DENIED;
	}
	/* What is in force where the drill was asked for, not what files may say by now */
	k->document.is_pinned = k->document.fd >= 0;
	return E_OK;
}

bool drill_has_seat(const struct keeper *k, enum role role, uint16_t index)
{
	return k->drill.board && role == drill_role(k) && index == 0;
}

bool drill_is_over(const struct keeper *k)
{
	return k->drill.board && atomic_load(&k->drill.board->is_done);
}

const char *drill_program(const struct keeper *k, enum role role, uint16_t index,
			  const char *program)
{
	return k->is_ready && drill_has_seat(k, role, index) ? drill_programs[role] : program;
}

void drill_on_end(const struct keeper_child *c, const struct process_end *end)
{
	struct keeper *k = c->k;

	if (drill_has_seat(k, (enum role)c->role, c->index) && k->drill.has_begun &&
	    k->drill.board->role != ROLE_CELL)
		board_end(k->drill.board, end->is_signal ? end->value : 0, end->value);
}

void drill_tick(struct keeper *k)
{
	struct keeper_child *c = NULL;

	if (!k->drill.board || !k->is_ready || drill_is_over(k))
		return;
	if (drill_role(k) == ROLE_CONFIG) {
		k->drill.has_begun = true;
		if (k->change.state == CHANGE_IDLE)
			change_request(k, false);
		return;
	}
	c = seat_of(k, drill_role(k), 0)->child;
	if (k->drill.has_begun || !c)
		return;
	k->drill.has_begun = true;
	child_kill(c); /* the role itself makes room */
}

enum err drill_note(struct keeper_client *c, struct view body)
{
	static const char *const actions[TOOL_DRILLS][2] = {
		[TOOL_DRILL_BEGAN] = { "drill.began", "asked" },
		[TOOL_DRILL_ENDED] = { "drill.ended", "ok" },
		[TOOL_DRILL_BREACHED] = { "drill.ended", "breached" },
		[TOOL_DRILL_FAILED] = { "drill.ended", "failed" },
	};
	struct view text = { 0 };
	uint8_t what = 0;

	TRY(view_u8(&body, &what));
	TRY(view_str16(&body, &text));
	TRY(view_end(&body));
	if (what == 0 || what >= TOOL_DRILLS || text.n > TOOL_REASON_MAX)
		return E_PROTO;
	events_put_actor_detail(c->k, c->uid, actions[what][0], VIEW("sluis drill"),
				actions[what][1], text);
	control_answer(c, false, (struct view){ 0 });
	return E_OK;
}
