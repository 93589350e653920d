/*
 * Dialers of older configurations serve older cells, so all of them are told. One that does not
 * read is given up: what it was not told it would go on allowing.
 */
#include "role/authority/reach.h"

#include "ipc/authority_dialer.h"
#include "sys/fd.h"
#include "sys/log.h"

enum { REACH_BODY = 32 };

static enum err reach_send(const struct loop_source *dialer, uint8_t type,
			   const struct authority_cell *c, uint64_t app)
{
	const struct authority_reach r = { .slot = c->slot, .serial = c->serial, .app = app };
	uint8_t body[REACH_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);

	TRY(authority_reach_put(&w, &r));
	return frame_send(dialer->fd, type, 0, wbuf_view(&w), NULL, 0);
}

/* One that is gone is no failure: it reaches nothing. */
static enum err reach_tell(struct authority *a, uint8_t type, const struct authority_cell *c,
			   uint64_t app)
{
	enum err worst = E_OK;

	for (unsigned i = 0; i < AUTHORITY_DIALERS; i++) {
		struct loop_source *dialer = &a->dialers[i];
		enum err e = dialer->fd < 0 ? E_OK : reach_send(dialer, type, c, app);

		if (e == E_AGAIN)
			worst = E_AGAIN;
		if (e == E_CLOSED || (e == E_AGAIN && type == AUTHORITY_FORBID))
			loop_close(dialer);
	}
	return worst;
}

static enum err reach_catch_up(struct authority *a, const struct loop_source *dialer)
{
	for (unsigned i = 0; i < CELL_SLOTS; i++) {
		const struct authority_cell *c = &a->cells[i];

		for (unsigned k = 0; c->serial && k < c->app_n; k++)
			TRY(reach_send(dialer, AUTHORITY_ALLOW, c, c->apps[k]));
	}
	return E_OK;
}

enum err reach_add(struct authority *a, int fd)
{
	struct loop_source *free = NULL;

	for (unsigned i = 0; i < AUTHORITY_DIALERS && !free; i++)
		if (a->dialers[i].fd < 0)
			free = &a->dialers[i];
	if (!free) {
		(void)fd_close(fd);
		return E_LIMIT;
	}
	*free = (struct loop_source){ .fd = fd, .kind = SOURCE_DIALER };
	/* What cells may reach already is sent while the dialer may still be starting, so this
	 * blocks: it reads its channel as soon as it runs. */
	if (reach_catch_up(a, free) != E_OK || fd_set_nonblocking(fd) != E_OK ||
	    loop_add(&a->loop, free, EPOLLIN) != E_OK) {
		loop_close(free);
		return E_SYS;
	}
	return E_OK;
}

enum err reach_allow(struct authority *a, struct authority_cell *c, uint64_t app)
{
	for (unsigned i = 0; i < c->app_n; i++)
		if (c->apps[i] == app)
			return E_OK;
	if (c->app_n == AUTHORITY_CELL_APPS)
		return E_LIMIT;
	TRY(reach_tell(a, AUTHORITY_ALLOW, c, app));
	c->apps[c->app_n++] = app;
	return E_OK;
}

void reach_forbid(struct authority *a, struct authority_cell *c)
{
	if (c->app_n && reach_tell(a, AUTHORITY_FORBID, c, 0) != E_OK)
		log_line(LOG_ERROR, "a dialer that does not listen is given up");
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
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	enum err e = frame_receive(source->fd, buf, &f);

	(void)a;
	(void)events;
	if (e == E_AGAIN)
		return;
	if (e == E_OK)
		frame_done(&f);
	if (e != E_CLOSED)
		log_line(LOG_ERROR, "a dialer said what it has no word for: its channel ends");
	loop_close(source);
}
