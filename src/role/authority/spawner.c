/* Which spawner started a cell nobody need know: a serial is never used twice. */
#include "role/authority/spawner.h"

#include "role/authority/cell.h"
#include "sys/fd.h"
#include "sys/log.h"

enum { SPAWNER_FRAMES = 256, SPAWNER_KILL_BODY = 16 };

static enum err on_cell(void *role, struct frame *f)
{
	struct authority *a = role;
	struct spawner_cell told = { 0 };

	TRY(spawner_cell_get(f->body, &told));
	if (f->is_short)
		return E_OK; /* lost; the cell sees the end of it */
	return cell_add(a, &told, frame_take_fd(f, 0));
}

static const struct frame_def spawner_defs[] = {
	{ SPAWNER_CELL, 1, FRAME_RUN | FRAME_SHORT, 4 + 8 + 2 + 16 + 2, 4 + 8 + 2 + 16 + 2,
	  on_cell },
};

static const struct frame_table spawner_table = { spawner_defs, 1 };

enum err spawner_add(struct authority *a, int fd)
{
	/* a free place; when there is none, each in its turn */
	struct loop_source *s = &a->spawners[a->born++ % AUTHORITY_SPAWNERS];

	for (unsigned i = 0; i < AUTHORITY_SPAWNERS && s->fd >= 0; i++)
		if (a->spawners[i].fd < 0)
			s = &a->spawners[i];
	loop_close(s);
	*s = (struct loop_source){ .fd = fd, .kind = SOURCE_SPAWNER };
	if (fd_set_nonblocking(fd) == E_OK && loop_add(&a->loop, s, EPOLLIN) == E_OK)
		return E_OK;
	loop_close(s);
	return E_SYS;
}

void spawner_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct authority *a = owner;
	enum err e = frame_pump(source->fd, &spawner_table, FRAME_RUN, a, SPAWNER_FRAMES);

	(void)events;
	if (e == E_OK || e == E_AGAIN)
		return;
	if (e != E_CLOSED)
		log_line(LOG_ERROR, "a spawner's message is refused (%s): its channel ends",
			 err_name(e));
	loop_close(source);
}

void spawner_kill(struct authority *a, const struct authority_cell *c)
{
	const struct spawner_kill k = { .slot = c->slot, .serial = c->serial };
	uint8_t body[SPAWNER_KILL_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);

	PAGE_SET(a->gate->killed[c->slot], c->serial);
	if (spawner_kill_put(&w, &k) != E_OK)
		return;
	for (unsigned i = 0; i < AUTHORITY_SPAWNERS; i++)
		if (a->spawners[i].fd >= 0 && frame_send(a->spawners[i].fd, AUTHORITY_CELL_KILL, 0,
							 wbuf_view(&w), NULL, 0) == E_AGAIN)
			log_line(LOG_ERROR, "a spawner does not listen");
}
