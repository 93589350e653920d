/* Records of what happens to roles and configurations, through a ring like everybody's (P9). */
#include "role/keeper/events.h"

#include "role/keeper/history.h"
#include "role/keeper/ring_table.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/shm.h"

enum err events_open(struct keeper *k)
{
	uint32_t id = 0;
	int fds[2] = { -1, -1 };
	enum err e = ring_table_new(k, ROLE_KEEPER, 0, &id, fds);

	k->own_ring = id;
	if (e == E_OK)
		e = ring_writer_map(fds[0], fds[1], &k->events);
	fd_close(fds[0]);
	fd_close(fds[1]);
	if (e != E_OK)
		log_line(LOG_ERROR, "the keeper's audit ring: %s", err_name(e));
	return e;
}

static enum err events_write(struct keeper *k, const struct record_event *e)
{
	uint8_t bytes[RING_RECORD_MAX];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);

	if (!k->events.data)
		return E_AGAIN;
	record_put_event(&w, e);
	TRY(wbuf_check(&w));
	return ring_put(&k->events, RING_EVENT, wbuf_view(&w));
}

static void events_tell_lost(struct keeper *k)
{
	char text[32];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct record_event e = { .kind = RECORD_ALARM,
				  .wall_us = clock_wall_us(),
				  .action = VIEW("audit.lost"),
				  .object = VIEW("keeper"),
				  .result = VIEW("failed"),
				  .origin = VIEW("keeper[0]"),
				  .actor = VIEW("-") };

	if (!k->events_lost)
		return;
	wbuf_dec(&w, k->events_lost);
	WBUF_LIT(&w, " records");
	e.detail = wbuf_view(&w);
	if (events_write(k, &e) == E_OK)
		k->events_lost = 0;
}

static void events_put_full(struct keeper *k, const struct record_event *e)
{
	events_tell_lost(k);
	if (events_write(k, e) != E_OK)
		k->events_lost++;
}

void events_put(struct keeper *k, enum record_kind kind, const char *action, struct view object,
		const char *result, struct view detail)
{
	struct record_event e = { .kind = kind,
				  .wall_us = clock_wall_us(),
				  .action = view_str(action),
				  .object = object,
				  .result = view_str(result),
				  .origin = VIEW("keeper[0]"),
				  .actor = VIEW("-"),
				  .detail = detail };

	events_put_full(k, &e);
}

void events_put_actor_detail(struct keeper *k, uid_t uid, const char *action, struct view object,
			     const char *result, struct view detail)
{
	char actor[24];
	struct wbuf w = wbuf_of(actor, sizeof actor);
	struct record_event e = { .kind = RECORD_EVENT,
				  .wall_us = clock_wall_us(),
				  .action = view_str(action),
				  .object = object,
				  .result = view_str(result),
				  .origin = VIEW("control.sock"),
				  .detail = detail };

	WBUF_LIT(&w, "uid:");
	wbuf_dec(&w, uid);
	e.actor = wbuf_view(&w);
	events_put_full(k, &e);
}

void events_put_actor(struct keeper *k, uid_t uid, const char *action, struct view object,
		      const char *result)
{
	events_put_actor_detail(k, uid, action, object, result, (struct view){ 0 });
}

/* Lines of the difference on one line, as many as there is room for. */
static void events_put_diff(struct wbuf *w, const struct keeper *k)
{
	struct view diff = history_diff(k), rest = diff;

	while (rest.n && wbuf_room(w) > 64) {
		size_t n = view_find(rest, '\n');

		WBUF_LIT(w, "; ");
		wbuf_view_put(w, view_slice(rest, 0, n < wbuf_room(w) ? n : wbuf_room(w)));
		rest = view_slice(rest, n + 1, rest.n);
	}
	shm_unmap((void *)(uintptr_t)diff.p, diff.n);
}

void events_put_change(struct keeper *k, const char *action, const char *result, struct view text)
{
	const struct keeper_change *ch = &k->change;
	char detail[1200], actor[24];
	struct wbuf w = wbuf_of(detail, sizeof detail), a = wbuf_of(actor, sizeof actor);
	struct record_event e = { .kind = RECORD_EVENT,
				  .wall_us = clock_wall_us(),
				  .action = view_str(action),
				  .object = view_str(k->options.config),
				  .result = view_str(result),
				  .origin = VIEW("keeper[0]"),
				  .actor = VIEW("-") };

	if (ch->is_by_command) {
		WBUF_LIT(&a, "uid:");
		wbuf_dec(&a, ch->uid);
		e.actor = wbuf_view(&a);
		e.origin = VIEW("control.sock");
	}
	wbuf_view_put(&w, view_slice(text, 0, 400));
	if (ch->number) {
		WBUF_LIT(&w, ", history ");
		wbuf_dec(&w, ch->number);
	}
	if (*ch->reason) {
		WBUF_LIT(&w, ", reason: ");
		wbuf_str(&w, ch->reason);
	}
	events_put_diff(&w, k);
	e.detail = wbuf_view(&w);
	events_put_full(k, &e);
}

void events_put_child(const struct keeper_child *c, enum record_kind kind, const char *action,
		      const char *result, struct view detail)
{
	char name[32];
	struct wbuf w = wbuf_of(name, sizeof name);

	wbuf_str(&w, role_name((enum role)c->role));
	WBUF_LIT(&w, "[");
	wbuf_dec(&w, c->index);
	WBUF_LIT(&w, "]");
	events_put(c->k, kind, action, wbuf_view(&w), result, detail);
}
