/*
 * Messages from roles. Each is assumed to be hostile (THREATS A20): the table bounds type, phase,
 * length and descriptors; the handlers then ask whether this role, in this state, may say it.
 */
#include "role/keeper/hear.h"

#include "ipc/keeper_role.h"
#include "role/keeper/change.h"
#include "role/keeper/events.h"
#include "role/keeper/freeze.h"
#include "role/keeper/history.h"
#include "role/keeper/purge.h"
#include "role/keeper/ring_table.h"
#include "role/keeper/say.h"
#include "role/keeper/seat.h"
#include "role/keeper/store_key.h"
#include "role/keeper/watch.h"

#include <stdio.h>

static void hear_text(struct view in, char *ret, size_t cap)
{
	struct wbuf w = wbuf_of(ret, cap - 1);

	wbuf_view_put(&w, view_slice(in, 0, cap - 1));
	ret[w.n] = '\0';
}

static enum err hear_ready(void *role, struct frame *f)
{
	struct keeper_child *c = role;
	struct view in = f->body, have, weaker;

	TRY(view_str16(&in, &have));
	TRY(view_str16(&in, &weaker));
	TRY(view_end(&in));
	hear_text(have, c->have, sizeof c->have);
	hear_text(weaker, c->weaker, sizeof c->weaker);
	if (c->state == CHILD_STARTING)
		c->state = CHILD_RUNNING;
	(void)watch_child(c); /* what it has now is what it shall have */
	if (c->role == ROLE_AUTHORITY)
		c->k->ends_sessions = false;
	if (c->role != ROLE_CONFIG)
		c->deadline_ms = c->swap ? c->deadline_ms : 0;
	events_put_child(c, weaker.n ? RECORD_ALARM : RECORD_EVENT, "role.started", "ok",
			 weaker.n ? weaker : have);
	if (weaker.n)
		say_format(c->k, SAY_WARNING, "warning: %s[%u]: %s (allowed by --allow-weaker)",
			   role_name((enum role)c->role), (unsigned)c->index, c->weaker);
	if (!change_on_ready(c))
		seat_on_ready(c);
	return E_OK;
}

/* Who has nothing to fail at, or has said so already, only wants to fill the log (THREATS A20,
 * A22). */
static bool hear_may_fail(const struct keeper_child *c)
{
	if (c->has_failed)
		return false;
	return c->state == CHILD_STARTING || c->role == ROLE_CONFIG ||
	       ((c->role == ROLE_EDGE || c->role == ROLE_RELAY) && c->swap != 0);
}

static enum err hear_failed(void *role, struct frame *f)
{
	struct keeper_child *c = role;
	struct view in = f->body, text;
	char line[1024];

	if (!hear_may_fail(c))
		return E_DENIED;
	TRY(view_str16(&in, &text));
	TRY(view_end(&in));
	hear_text(text, line, sizeof line);
	c->has_failed = true;
	(void)snprintf(c->k->change.why, sizeof c->k->change.why, "%s[%u]: %.900s",
		       role_name((enum role)c->role), (unsigned)c->index, line);
	events_put_child(c, RECORD_EVENT, "role.failed", "failed", text);
	if (c->state == CHILD_RUNNING)
		seat_on_failed(c);
	return E_OK;
}

static enum err hear_swapped(void *role, struct frame *f)
{
	struct keeper_child *c = role;
	struct view in = f->body;
	uint32_t generation = 0;

	TRY(view_u32(&in, &generation));
	if ((c->role != ROLE_EDGE && c->role != ROLE_RELAY) || c->swap == 0)
		return E_DENIED;
	if (generation != c->swap)
		return E_PROTO;
	c->generation = generation;
	c->swap = 0;
	c->deadline_ms = 0;
	change_on_swapped(c->k);
	return E_OK;
}

static enum err hear_diagnostic(void *role, struct frame *f)
{
	struct keeper_child *c = role;
	struct view in = f->body, text;
	uint8_t level = 0;

	TRY(view_u8(&in, &level));
	TRY(view_str16(&in, &text));
	TRY(view_end(&in));
	if (c->role != ROLE_CONFIG)
		return E_DENIED;
	if (level > SAY_WARNING)
		return E_PROTO;
	say_line(c->k, (enum say_level)level, text);
	return E_OK;
}

static enum err hear_image(void *role, struct frame *f)
{
	struct keeper_child *c = role;
	struct view in = f->body;
	uint32_t generation = 0;

	TRY(view_u32(&in, &generation));
	if (c->role != ROLE_CONFIG)
		return E_DENIED;
	return change_on_image(c, generation, frame_take_fd(f, 0));
}

static enum err hear_document(void *role, struct frame *f)
{
	struct keeper_child *c = role;
	struct view in = f->body;
	uint8_t kind = 0;

	TRY(view_u8(&in, &kind));
	if (c->role != ROLE_CONFIG)
		return E_DENIED;
	return history_on_document(c, kind, frame_take_fd(f, 0));
}

static enum err hear_ring_done(void *role, struct frame *f)
{
	struct keeper_child *c = role;
	struct view in = f->body;
	uint32_t id = 0;

	TRY(view_u32(&in, &id));
	if (c->role != ROLE_AUDIT)
		return E_DENIED;
	return ring_table_done(c->k, id);
}

static enum err hear_draining(void *role, struct frame *f)
{
	struct keeper_child *c = role;
	struct view in = f->body;

	if (c->role != ROLE_EDGE)
		return E_DENIED;
	return view_u32(&in, &c->left);
}

static enum err hear_purged(void *role, struct frame *f)
{
	return purge_on_done(role, f->body);
}

static enum err hear_leaks(void *role, struct frame *f)
{
	struct view in = f->body;
	uint8_t kind = 0;

	TRY(view_u8(&in, &kind));
	return freeze_child(role, kind);
}

static enum err hear_resealed(void *role, struct frame *f)
{
	struct keeper_child *c = role;

	(void)f;
	if (c->role != ROLE_AUTHORITY)
		return E_DENIED;
	return store_key_resealed(c->k);
}

static const struct frame_def hear_defs[] = {
	{ ROLE_READY, 0, FRAME_BOOT, 4, FRAME_BODY_MAX, hear_ready },
	{ ROLE_FAILED, 0, FRAME_BOOT | FRAME_RUN, 2, FRAME_BODY_MAX, hear_failed },
	{ ROLE_SWAPPED, 0, FRAME_RUN, 4, 4, hear_swapped },
	{ ROLE_DIAGNOSTIC, 0, FRAME_BOOT | FRAME_RUN, 3, FRAME_BODY_MAX, hear_diagnostic },
	{ ROLE_IMAGE, 1, FRAME_BOOT | FRAME_RUN, 4, 4, hear_image },
	{ ROLE_RING_DONE, 0, FRAME_RUN, 4, 4, hear_ring_done },
	{ ROLE_DOCUMENT, 1, FRAME_RUN, 1, 1, hear_document },
	{ ROLE_DRAINING, 0, FRAME_RUN, 4, 4, hear_draining },
	{ ROLE_CACHE_PURGED, 0, FRAME_RUN, 16, 16, hear_purged },
	{ ROLE_LEAKS, 0, FRAME_RUN, 1, 1, hear_leaks },
	{ ROLE_RESEALED, 0, FRAME_BOOT, 0, 0, hear_resealed },
};

const struct frame_table hear_table = { hear_defs, sizeof hear_defs / sizeof *hear_defs };

enum err hear_pump(struct keeper_child *c, unsigned budget)
{
	uint8_t buf[FRAME_MAX];

	for (unsigned i = 0; i < budget && c->channel.fd >= 0; i++) {
		/* Looked at anew for each message: READY is what ends the boot phase */
		enum frame_phase phase = c->state == CHILD_STARTING ? FRAME_BOOT : FRAME_RUN;
		struct frame f = { 0 };

		TRY(frame_receive(c->channel.fd, buf, &f));
		TRY(frame_dispatch(&hear_table, phase, c, &f));
	}
	return E_OK;
}
