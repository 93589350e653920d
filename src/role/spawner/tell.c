/* Events; with the address of the client, which the spawner knows and the cell can't change. */
#include "role/spawner/tell.h"

#include "base/canary.h"
#include "ipc/record.h"
#include "sys/clock.h"
#include "sys/log.h"

#include <signal.h>

static void tell_alarm(struct spawner *s, const struct spawner_cell_slot *c, const char *action,
		       struct view detail)
{
	uint8_t bytes[512], who[64], name[24];
	struct wbuf w = wbuf_of(bytes, sizeof bytes), origin = wbuf_of(who, sizeof who),
		    object = wbuf_of(name, sizeof name);
	struct record_event e = { .kind = RECORD_ALARM,
				  .wall_us = clock_wall_us(),
				  .action = view_str(action),
				  .result = VIEW("failed"),
				  .detail = detail };

	ip_put_endpoint(&origin, &c->who.ip, c->who.port);
	WBUF_LIT(&object, "cell[");
	wbuf_dec(&object, c->who.slot);
	WBUF_LIT(&object, "]");
	e.origin = wbuf_view(&origin);
	e.object = wbuf_view(&object);
	record_put_event(&w, &e);
	if (!s->ring.data || ring_put(&s->ring, RING_EVENT, wbuf_view(&w)) != E_OK)
		log_line(LOG_WARNING, "%s: cell of %.*s", action, (int)origin.n, who);
}

void tell_crash(struct spawner *s, const struct spawner_cell_slot *c, const struct process_end *end)
{
	char text[PROCESS_END_MAX];
	struct wbuf w = wbuf_of(text, sizeof text);

	process_end_put(&w, (pid_t)PAGE_GET(s->page->cell[c->who.slot].pid), end);
	tell_alarm(s, c, end->value == SIGSYS ? "sandbox.violation" : "cell.crashed",
		   wbuf_view(&w));
}

void tell_frozen(struct spawner *s, const struct spawner_cell_slot *c, uint8_t kind, bool is_kept)
{
	char text[160];
	struct wbuf w = wbuf_of(text, sizeof text);

	WBUF_LIT(&w, "pid ");
	wbuf_dec(&w, PAGE_GET(s->page->cell[c->who.slot].pid));
	wbuf_str(&w,
		 is_kept ? " is stopped and kept as evidence" : " is ended: two are kept already");
	WBUF_LIT(&w, "; a canary (");
	wbuf_str(&w, canary_kind_name((enum canary_kind)kind));
	WBUF_LIT(&w, ") was about to leave it");
	tell_alarm(s, c, "worker.frozen", wbuf_view(&w));
}

void tell_violation(struct spawner *s, const struct spawner_cell_slot *c, const char *why)
{
	tell_alarm(s, c, "ipc.violation", view_str(why));
}
