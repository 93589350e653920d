/* The dialer's tables, timers and turns. */
#include "role/dialer/dialer.h"

#include "role/dialer/call.h"
#include "role/dialer/cell_reach.h"
#include "role/dialer/edge_channel.h"
#include "role/dialer/eject.h"
#include "role/dialer/health.h"
#include "role/dialer/keeper_channel.h"
#include "role/dialer/name.h"
#include "role/dialer/probe.h"
#include "sys/secret.h"

#include <stdlib.h>

static loop_handler *const dialer_handlers[DIALER_SOURCES] = {
	[DIALER_SOURCE_KEEPER] = keeper_channel_on_event,
	[DIALER_SOURCE_EDGE] = edge_channel_on_event,
	[DIALER_SOURCE_TRY] = call_on_event,
	[DIALER_SOURCE_RESOLVER] = name_on_event,
	[DIALER_SOURCE_PROBE] = probe_on_event,
};

static void dialer_on_beat(struct dialer *d, struct dialer_timer *t)
{
	health_beat(d);
	if (d->calls_of_cells)
		edge_channel_tick(d);
	dialer_timer_set(d, t, d->loop.now_ms + HEALTH_BEAT_MS);
}

static void dialer_on_eject(struct dialer *d, struct dialer_timer *t)
{
	eject_end(d, LIST_OWNER(t, struct dialer_server, eject));
}

typedef void dialer_timer_handler(struct dialer *d, struct dialer_timer *t);

static dialer_timer_handler *const dialer_timers[DIALER_TIMERS] = {
	[DIALER_TIMER_BEAT] = dialer_on_beat,	[DIALER_TIMER_CALL] = call_on_timer,
	[DIALER_TIMER_PROBE] = probe_on_timer,	[DIALER_TIMER_CHECK] = probe_on_check,
	[DIALER_TIMER_EJECT] = dialer_on_eject, [DIALER_TIMER_NAME] = name_on_timer,
};

void dialer_timer_set(struct dialer *d, struct dialer_timer *t, uint64_t at_ms)
{
	wheel_set(&d->wheel, &t->entry, at_ms);
}

void dialer_timer_cancel(struct dialer_timer *t)
{
	wheel_cancel(&t->entry);
}

static enum err dialer_fill_servers(struct dialer *d)
{
	d->server_n = image_count(&d->image, IMAGE_SERVER);
	d->server = calloc((size_t)d->server_n + 1, sizeof *d->server);
	d->server_of_slot = calloc(IMAGE_SERVER_SLOTS, sizeof *d->server_of_slot);
	d->ejected_of_pool =
		calloc((size_t)image_count(&d->image, IMAGE_POOL) + 1, sizeof *d->ejected_of_pool);
	if (!d->server || !d->server_of_slot || !d->ejected_of_pool)
		return E_NOMEM;
	for (uint32_t i = 0; i < d->server_n; i++) {
		struct dialer_server *s = &d->server[i];

		s->conf = image_server_at(&d->image, i);
		s->pool = image_pool_at(&d->image, s->conf->pool);
		s->name = s->name_next = DIALER_NONE;
		s->eject.kind = DIALER_TIMER_EJECT;
		wheel_entry_init(&s->eject.entry);
		d->server_of_slot[s->conf->slot] = (uint16_t)(i + 1);
	}
	return E_OK;
}

enum err dialer_start(struct dialer *d, const struct dialer_setup *setup)
{
	d->keeper = (struct loop_source){ .fd = -1, .kind = DIALER_SOURCE_KEEPER };
	secret_random(&d->rng, sizeof d->rng);
	TRY(loop_init(&d->loop, d, dialer_handlers, DIALER_SOURCES));
	wheel_init(&d->wheel, d->loop.now_ms);
	TRY(dialer_fill_servers(d));
	TRY(call_init(d));
	TRY(edge_channel_init(d));
	TRY(cell_reach_init(d));
	TRY(probe_init(d));
	TRY(name_init(d, setup));
	d->beat.kind = DIALER_TIMER_BEAT;
	wheel_entry_init(&d->beat.entry);
	dialer_timer_set(d, &d->beat, d->loop.now_ms + HEALTH_BEAT_MS);
	return E_OK;
}

void dialer_stop(struct dialer *d)
{
	edge_channel_done(d);
	cell_reach_done(d);
	probe_done(d);
	name_done(d);
	call_done(d);
	free(d->server);
	free(d->server_of_slot);
	free(d->ejected_of_pool);
	d->server = NULL;
	d->server_of_slot = NULL;
	d->ejected_of_pool = NULL;
	loop_done(&d->loop);
}

/* An old dialer answers until its edges have let go of it. */
static bool dialer_is_finished(const struct dialer *d)
{
	if (!d->is_draining)
		return false;
	return d->edge_n == 0 || (d->drain_by_ms && d->loop.now_ms >= d->drain_by_ms);
}

enum err dialer_turn(struct dialer *d)
{
	struct wheel_entry *e = NULL;

	TRY(loop_turn(&d->loop, wheel_wait_ms(&d->wheel, d->loop.now_ms)));
	(void)health_try_take_over(d);
	for (e = wheel_next(&d->wheel, d->loop.now_ms); e;
	     e = wheel_next(&d->wheel, d->loop.now_ms)) {
		struct dialer_timer *t = LIST_OWNER(e, struct dialer_timer, entry);

		dialer_timers[t->kind](d, t);
	}
	name_turn(d);
	if (dialer_is_finished(d))
		d->is_over = true;
	return E_OK;
}

uint32_t dialer_find(const struct dialer *d, uint32_t slot, uint32_t slot_gen)
{
	uint32_t i = 0;

	if (slot >= IMAGE_SERVER_SLOTS || d->server_of_slot[slot] == 0)
		return DIALER_NONE;
	i = d->server_of_slot[slot] - 1u;
	return d->server[i].conf->slot_gen == slot_gen ? i : DIALER_NONE;
}

void dialer_label(const struct dialer *d, const struct dialer_server *s, struct wbuf *w)
{
	wbuf_view_put(w, image_view(&d->image, s->pool->name));
	WBUF_LIT(w, "/");
	wbuf_view_put(w, image_view(&d->image, s->conf->name));
}
