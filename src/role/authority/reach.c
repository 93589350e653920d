/*
 * Dialers of older configurations serve older cells, so all of them are told. A new one is told of
 * the cells that are there as it reads; nobody waits for a dialer, and one that takes nothing is
 * given up: what it was not told it would go on allowing.
 */
#include "role/authority/reach.h"

#include "ipc/authority_dialer.h"
#include "sys/fd.h"
#include "sys/log.h"

enum { REACH_BODY = 32 };

static enum err reach_send(const struct authority_dialer *d, uint8_t type,
			   const struct authority_cell *c, uint64_t app)
{
	const struct authority_reach r = { .slot = c->slot, .serial = c->serial, .app = app };
	uint8_t body[REACH_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);

	TRY(authority_reach_put(&w, &r));
	return frame_send(d->source.fd, type, 0, wbuf_view(&w), NULL, 0);
}

/* Cells from d->next on, as far as it takes them. E_AGAIN: not all. */
static enum err reach_catch_up(struct authority *a, struct authority_dialer *d)
{
	for (; d->next < CELL_SLOTS; d->next++) {
		const struct authority_cell *c = &a->cells[d->next];

		for (unsigned k = 0; c->serial && k < c->app_n; k++)
			TRY(reach_send(d, AUTHORITY_ALLOW, c, c->apps[k]));
	}
	return E_OK;
}

static void reach_close(struct authority_dialer *d)
{
	loop_close(&d->source);
	*d = (struct authority_dialer){ .source = { .fd = -1, .kind = SOURCE_DIALER } };
}

static enum err reach_go_on(struct authority *a, struct authority_dialer *d)
{
	enum err e = reach_catch_up(a, d);

	if (e != E_OK && e != E_AGAIN) {
		reach_close(d);
		return e;
	}
	if (e == E_AGAIN && !d->behind_ms)
		d->behind_ms = a->now_ms ? a->now_ms : 1;
	if (e == E_OK)
		d->behind_ms = 0;
	return loop_change(&a->loop, &d->source,
			   e == E_OK ? (uint32_t)EPOLLIN : (uint32_t)(EPOLLIN | EPOLLOUT));
}

enum err reach_add(struct authority *a, int fd)
{
	struct authority_dialer *free = &a->dialers[0];

	for (unsigned i = 0; i < AUTHORITY_DIALERS && free->source.fd >= 0; i++)
		if (a->dialers[i].source.fd < 0 || a->dialers[i].born < free->born)
			free = &a->dialers[i];
	if (free->source.fd >= 0)
		reach_close(free);
	*free = (struct authority_dialer){ .source = { .fd = fd, .kind = SOURCE_DIALER },
					   .born = ++a->born };
	if (fd_set_nonblocking(fd) != E_OK || loop_add(&a->loop, &free->source, EPOLLIN) != E_OK) {
		reach_close(free);
		return E_SYS;
	}
	return reach_go_on(a, free);
}

/* One that is gone is no failure: it reaches nothing. */
static enum err reach_tell(struct authority_dialer *d, uint8_t type, const struct authority_cell *c,
			   uint64_t app)
{
	enum err e = E_OK;

	if (d->source.fd < 0)
		return E_OK;
	if (c->slot >= d->next) /* it will hear of it, or nothing, in its turn */
		return type == AUTHORITY_ALLOW ? E_AGAIN : E_OK;
	e = reach_send(d, type, c, app);
	if (e == E_OK)
		d->behind_ms = 0;
	else if (!d->behind_ms)
		d->behind_ms = c->a->now_ms ? c->a->now_ms : 1;
	if (e == E_CLOSED || (e == E_AGAIN && type == AUTHORITY_FORBID)) {
		if (e == E_AGAIN)
			log_line(LOG_ERROR, "a dialer that does not listen is given up");
		reach_close(d);
		return E_OK;
	}
	return e;
}

enum err reach_allow(struct authority *a, struct authority_cell *c, uint64_t app)
{
	enum err worst = E_OK;

	for (unsigned i = 0; i < c->app_n; i++)
		if (c->apps[i] == app)
			return E_OK;
	if (c->app_n == AUTHORITY_CELL_APPS)
		return E_LIMIT;
	for (unsigned i = 0; i < AUTHORITY_DIALERS; i++) {
		enum err e = reach_tell(&a->dialers[i], AUTHORITY_ALLOW, c, app);

		if (e != E_OK)
			worst = e;
	}
	if (worst == E_OK)
		c->apps[c->app_n++] = app;
	return worst;
}

void reach_forbid(struct authority *a, struct authority_cell *c)
{
	for (unsigned i = 0; c->app_n && i < AUTHORITY_DIALERS; i++)
		if (reach_tell(&a->dialers[i], AUTHORITY_FORBID, c, 0) != E_OK)
			reach_close(&a->dialers[i]);
	c->app_n = 0;
}

void reach_forbid_session(struct authority *a, uint32_t session)
{
	for (unsigned i = 0; i < CELL_SLOTS; i++)
		if (a->cells[i].serial && a->cells[i].session == session)
			reach_forbid(a, &a->cells[i]);
}

void reach_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct authority *a = owner;
	struct authority_dialer *d = LIST_OWNER(source, struct authority_dialer, source);
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	enum err e = E_OK;

	if (events & EPOLLOUT && reach_go_on(a, d) != E_OK)
		return;
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	e = frame_receive(source->fd, buf, &f);
	if (e == E_AGAIN)
		return;
	if (e == E_OK)
		frame_done(&f);
	if (e != E_CLOSED)
		log_line(LOG_ERROR, "a dialer said what it has no word for: its channel ends");
	reach_close(d);
}

void reach_tick(struct authority *a)
{
	for (unsigned i = 0; i < AUTHORITY_DIALERS; i++) {
		struct authority_dialer *d = &a->dialers[i];

		if (d->source.fd < 0 || !d->behind_ms ||
		    d->behind_ms + AUTHORITY_DIALER_MS > a->now_ms)
			continue;
		log_line(LOG_ERROR, "a dialer that does not listen is given up");
		reach_close(d);
	}
}
