/* One place makes all records, so that the six fields are always there. */
#include "role/authority/tell.h"

#include "sys/log.h"

enum { TELL_ORIGIN = 64, TELL_RECORD = 1024, TELL_ROOM = 32 * TELL_RECORD };

static struct view tell_origin(const struct tell *t, struct wbuf *w)
{
	if (t->cell)
		ip_put_endpoint(w, &t->cell->ip, t->cell->port);
	else if (t->is_tool)
		wbuf_str(w, "command");
	else
		wbuf_str(w, "authority[0]");
	return wbuf_view(w);
}

static struct view tell_actor(const struct tell *t, struct wbuf *w)
{
	if (!t->is_tool)
		return t->actor;
	wbuf_str(w, "uid:");
	wbuf_dec(w, t->uid);
	return wbuf_view(w);
}

void tell_event(struct authority *a, const struct tell *t)
{
	uint8_t text[TELL_RECORD], origin_at[TELL_ORIGIN], actor_at[TELL_ORIGIN];
	struct wbuf w = wbuf_of(text, sizeof text), origin = wbuf_of(origin_at, sizeof origin_at),
		    actor = wbuf_of(actor_at, sizeof actor_at);
	struct record_event e = {
		.kind = t->is_alarm ? RECORD_ALARM : RECORD_EVENT,
		.wall_us = (int64_t)a->wall_us,
		.action = view_str(t->action),
		.object = t->object,
		.result = view_str(t->result),
		.detail = t->detail,
	};

	e.origin = tell_origin(t, &origin);
	e.actor = tell_actor(t, &actor);
	record_put_event(&w, &e);
	if (wbuf_check(&w) != E_OK || ring_put(&a->ring, RING_EVENT, wbuf_view(&w)) != E_OK)
		log_line(LOG_ERROR, "no room to tell of %s", t->action);
}

bool tell_room(const struct authority *a)
{
	const struct ring_writer *r = &a->ring;
	uint64_t used = 0;

	if (!r->data)
		return false;
	used = atomic_load_explicit(&r->data->head, memory_order_relaxed) -
	       atomic_load_explicit(&r->cursor->tail, memory_order_acquire);
	return used <= r->bytes && r->bytes - used >= TELL_ROOM;
}
