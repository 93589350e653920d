/* The dialer's side of the health page. */
#include "role/dialer/health.h"

#include "role/dialer/eject.h"
#include "role/dialer/probe.h"
#include "sys/clock.h"

/* The dialer before this one may have been taken over: what it left is looked at. */
static uint8_t health_enum(uint8_t value, unsigned n)
{
	return value < n ? value : 0;
}

static void health_load(struct dialer *d, struct dialer_server *s)
{
	const struct page_health_entry *e = &d->page->server[s->conf->slot];
	uint8_t admin = s->state.admin;

	if (PAGE_GET(e->gen) != s->conf->slot_gen) {
		/* One that joins others at work; when everything starts, nobody comes later. */
		s->state.up_mono_ms = PAGE_GET(d->page->generation) ? d->loop.now_ms : 0;
		return;
	}
	s->state = (struct dialer_state){
		.changed_wall_s = PAGE_GET(e->changed_wall_s),
		.checked_wall_s = PAGE_GET(e->checked_wall_s),
		.up_mono_ms = PAGE_GET(e->up_mono_ms),
		.checks_ok = PAGE_GET(e->checks_ok),
		.checks_failed = PAGE_GET(e->checks_failed),
		.ejections = PAGE_GET(e->ejections),
		.dials_ok = PAGE_GET(e->dials_ok) + s->state.dials_ok,
		.dials_failed = PAGE_GET(e->dials_failed) + s->state.dials_failed,
		.addresses = s->state.addresses ? s->state.addresses : PAGE_GET(e->addresses),
		.check_us = PAGE_GET(e->check_us),
		.last_status = PAGE_GET(e->last_status),
		.health = health_enum(PAGE_GET(e->health), PAGE_HEALTH_DOWN + 1),
		.admin = s->is_admin_told
				 ? admin
				 : health_enum(PAGE_GET(e->admin), PAGE_ADMIN_DISABLED + 1),
		.is_ejected = PAGE_GET(e->is_ejected) == 1,
		.last_check = health_enum(PAGE_GET(e->last_check), PAGE_CHECK_N),
		.name_state = s->state.name_state,
	};
	/* One that was not in use and is from now on begins slowly, whoever changed it */
	s->is_published = true;
	s->was_usable = PAGE_GET(e->is_usable) == 1;
	/* The configuration may have switched off what the old dialer had found out. */
	if (s->pool->health_kind == IMAGE_HEALTH_NONE)
		s->state.health = PAGE_HEALTH_UNKNOWN;
	if (s->pool->outlier_errors == 0)
		s->state.is_ejected = 0;
}

static bool health_is_free(const struct dialer *d)
{
	uint32_t generation = PAGE_GET(d->page->generation);
	uint64_t beat_ms = PAGE_GET(d->page->beat_mono_ms);

	return generation == 0 || generation == d->image.header->generation || beat_ms == 0 ||
	       d->loop.now_ms > beat_ms + HEALTH_DEAD_MS;
}

static void health_forget_others(struct dialer *d)
{
	for (uint32_t slot = 0; slot < IMAGE_SERVER_SLOTS; slot++)
		if (d->server_of_slot[slot] == 0 && PAGE_GET(d->page->server[slot].gen) != 0)
			PAGE_SET(d->page->server[slot].gen, 0);
}

bool health_try_take_over(struct dialer *d)
{
	if (d->is_writer || d->is_draining || !d->page || !health_is_free(d))
		return d->is_writer;
	d->is_writer = true;
	for (uint32_t i = 0; i < d->server_n; i++) {
		struct dialer_server *s = &d->server[i];

		health_load(d, s);
		eject_resume(d, s);
		health_publish(d, s);
		probe_schedule_first(d, s);
	}
	health_forget_others(d);
	PAGE_SET(d->page->reach, d->reach);
	PAGE_SET(d->page->generation, d->image.header->generation);
	health_beat(d);
	return true;
}

void health_let_go(struct dialer *d)
{
	d->is_draining = true;
	if (d->is_writer)
		PAGE_SET(d->page->beat_mono_ms, 0);
	d->is_writer = false;
}

void health_beat(struct dialer *d)
{
	if (d->is_writer)
		PAGE_SET(d->page->beat_mono_ms, d->loop.now_ms);
}

static bool health_is_usable(const struct dialer_server *s)
{
	bool is_enabled = s->state.admin == PAGE_ADMIN_CONFIGURED
				  ? s->conf->state == IMAGE_SERVER_ENABLED
				  : s->state.admin == PAGE_ADMIN_ENABLED;

	return is_enabled && s->state.health != PAGE_HEALTH_DOWN && !s->state.is_ejected;
}

/* From when on a slow start counts. */
static void health_note_up(const struct dialer *d, struct dialer_server *s)
{
	bool is_usable = health_is_usable(s);

	if (s->is_published && is_usable && !s->was_usable)
		s->state.up_mono_ms = d->loop.now_ms;
	s->is_published = true;
	s->was_usable = is_usable;
}

void health_publish(struct dialer *d, struct dialer_server *s)
{
	const struct dialer_state *from = &s->state;
	struct page_health_entry *e = NULL;
	bool has_turned = false;

	if (!d->is_writer)
		return;
	health_note_up(d, s);
	e = &d->page->server[s->conf->slot];
	has_turned = PAGE_GET(e->health) != from->health || PAGE_GET(e->admin) != from->admin ||
		     PAGE_GET(e->is_ejected) != from->is_ejected;
	PAGE_SET(e->health, from->health);
	PAGE_SET(e->admin, from->admin);
	PAGE_SET(e->is_ejected, from->is_ejected);
	PAGE_SET(e->is_usable, s->was_usable);
	PAGE_SET(e->last_check, from->last_check);
	PAGE_SET(e->last_status, from->last_status);
	PAGE_SET(e->name_state, from->name_state);
	PAGE_SET(e->check_us, from->check_us);
	PAGE_SET(e->changed_wall_s, from->changed_wall_s);
	PAGE_SET(e->up_mono_ms, from->up_mono_ms);
	PAGE_SET(e->checked_wall_s, from->checked_wall_s);
	PAGE_SET(e->checks_ok, from->checks_ok);
	PAGE_SET(e->checks_failed, from->checks_failed);
	PAGE_SET(e->ejections, from->ejections);
	PAGE_SET(e->dials_ok, from->dials_ok);
	PAGE_SET(e->dials_failed, from->dials_failed);
	PAGE_SET(e->addresses, from->addresses);
	/* Last: a slot that had another server counts for this one only now. */
	has_turned |= PAGE_GET(e->gen) != s->conf->slot_gen;
	atomic_store_explicit(&e->gen, s->conf->slot_gen, memory_order_release);
	if (has_turned)
		atomic_store_explicit(&d->page->version, PAGE_GET(d->page->version) + 1,
				      memory_order_release);
}
