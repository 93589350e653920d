/* Faults of servers; what happens once in a while is none: THREATS A18. */
#include "role/edge/exchange_fault.h"

#include "role/edge/dial.h"
#include "role/edge/h2_stream.h"
#include "role/edge/pool.h"
#include "role/edge/survey.h"
#include "role/edge/upstream.h"

const char *exchange_fault_error(enum dial_failure why)
{
	static const char *const words[] = {
		[0] = "other",
		[DIAL_REFUSED] = "connection_refused",
		[DIAL_TIMEOUT] = "timeout",
		[DIAL_UNREACHABLE] = "unreachable",
		[DIAL_NAME] = "name_resolution",
		[DIAL_UNKNOWN] = "unknown_server",
		[DIAL_BUSY] = "busy",
		[DIAL_RESET] = "connection_reset",
		[DIAL_ANSWER] = "invalid_response",
		[DIAL_TLS] = "tls",
	};

	return words[why];
}

struct exchange_fault exchange_fault_of(const struct exchange *x, enum dial_failure why)
{
	struct exchange_fault f = { 0 };

	if (x->u) {
		f.is_refused = h2_stream_was_refused(&x->u->conn);
		f.is_stale = why == DIAL_RESET && !x->was_stale &&
			     (x->u->is_reused || h2_stream_was_stale(&x->u->conn));
	}
	f.is_early = why == DIAL_RESET && (x->flags & X_SENT) && !x->request.is_done;
	return f;
}

/* What happens to every server now and then is none of its failures, as long as it doesn't happen
 * all the time: THREATS A18. */
static bool fault_is_excused(struct edge *e, const struct exchange *x, struct exchange_fault f)
{
	struct server_state *s = pool_server(e, x->server->slot, x->server->slot_gen);

	return (f.is_stale || f.is_refused) && budget_spend(&s->excuses, 1, e->loop.now_ms);
}

void exchange_fault_tell(struct edge *e, const struct exchange *x, struct exchange_fault f,
			 enum dial_failure why)
{
	if (f.is_refused)
		PAGE_ADD(pool_load(e, x->server->slot, x->server->slot_gen)->h2_refused, 1);
	if (f.is_early || why == DIAL_UNKNOWN || why == DIAL_BUSY || x->flags & X_GRANTED ||
	    fault_is_excused(e, x, f))
		return;
	PAGE_ADD(pool_load(e, x->server->slot, x->server->slot_gen)->failures, 1);
	survey_seen(e, x, (e->loop.now_ns - x->asked_ns) / 1000, true);
	if (x->flags & X_SENT || why == DIAL_TLS)
		dial_tell_failure(e, x->server, why);
}

void exchange_fault_blame(struct edge *e, const struct exchange *x, enum dial_failure why)
{
	exchange_fault_tell(e, x, exchange_fault_of(x, why), why);
}

void exchange_fault_leave_out(struct edge *e, struct exchange *x, struct exchange_fault f)
{
	if (f.is_refused)
		return;
	if (f.is_stale) {
		x->tries--; /* the others are as old: the next try gets a new connection */
		x->was_stale = true;
		upstream_close_idle(e, pool_server(e, x->server->slot, x->server->slot_gen));
	} else {
		balance_tried_add(&x->tried,
				  (uint32_t)(x->server - image_server_at(&x->g->image,
									 x->pool->servers.first)));
	}
}
