/* Packets are looked at, rendered, written, and only then taken out of their socket. */
#include "role/audit/cells.h"

#include "role/audit/audit.h"
#include "role/audit/render.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum { CELLS_FRAMES = 64, CELLS_RING = UINT32_MAX /* in ids: no ring has this number */ };

enum err cells_init(struct audit *a)
{
	void *p = mmap(NULL, CELLS_MAX * sizeof *a->cells.slot, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return E_NOMEM;
	a->cells.slot = p;
	list_init(&a->cells.ready);
	for (unsigned i = 0; i < CELLS_SPAWNERS; i++)
		a->cells.spawner[i] = (struct loop_source){ .fd = -1, .kind = AUDIT_SPAWNER };
	a->cells.position = (uint64_t)clock_wall_us();
	return E_OK;
}

enum err cells_attach(struct audit *a, int fd)
{
	for (unsigned i = 0; i < CELLS_SPAWNERS; i++) {
		struct loop_source *s = &a->cells.spawner[i];

		if (s->fd >= 0)
			continue;
		s->fd = fd;
		if (fd_set_nonblocking(fd) == E_OK && loop_add(&a->loop, s, EPOLLIN) == E_OK)
			return E_OK;
		loop_close(s);
		return E_SYS;
	}
	log_line(LOG_ERROR, "too many spawners: one is not heard");
	(void)fd_close(fd);
	return E_OK;
}

/* ---- introductions ---- */

static struct cells_slot *cells_place(struct audit *a)
{
	for (uint32_t n = 0; n < CELLS_MAX; n++) {
		struct cells_slot *c = &a->cells.slot[a->cells.next++ % CELLS_MAX];

		if (!c->is_used && (!c->closed_turn || c->closed_turn != a->loop.turn))
			return c;
	}
	return NULL;
}

static void cells_name(struct cells_slot *c, const struct spawner_cell *who)
{
	struct wbuf w = wbuf_of(c->name, sizeof c->name),
		    origin = wbuf_of(c->origin, sizeof c->origin);

	WBUF_LIT(&w, "cell[");
	wbuf_dec(&w, who->slot);
	WBUF_LIT(&w, "]");
	ip_put_endpoint(&origin, &who->ip, who->port);
	c->name_n = (uint8_t)w.n;
	c->origin_n = (uint8_t)origin.n;
}

static enum err cells_on_cell(void *role, struct frame *f)
{
	struct audit *a = role;
	struct spawner_cell who = { 0 };
	struct cells_slot *c = cells_place(a);
	AUTO_FD fd = f->is_short ? -1 : frame_take_fd(f, 0);

	TRY(spawner_cell_get(f->body, &who));
	if (fd < 0) {
		a->cells.has_missed = true;
		return E_OK;
	}
	if (!c)
		return E_LIMIT;
	*c = (struct cells_slot){ .source = { .fd = fd, .kind = AUDIT_CELL }, .audit = a };
	list_init(&c->node);
	cells_name(c, &who);
	TRY(fd_set_nonblocking(fd));
	TRY(loop_add(&a->loop, &c->source, EPOLLIN | EPOLLET));
	(void)fd_steal(&fd);
	c->is_used = true;
	a->cells.n++;
	return E_OK;
}

static const struct frame_def cells_defs[] = {
	{ SPAWNER_CELL, 1, FRAME_RUN | FRAME_SHORT, 32, 32, cells_on_cell },
};

static const struct frame_table cells_table = { cells_defs,
						sizeof cells_defs / sizeof cells_defs[0] };

void cells_on_spawner(void *owner, struct loop_source *source, uint32_t events)
{
	struct audit *a = owner;
	enum err e = frame_pump(source->fd, &cells_table, FRAME_RUN, a, CELLS_FRAMES);

	(void)events;
	if (e == E_OK || e == E_AGAIN)
		return;
	if (e != E_CLOSED)
		log_line(LOG_ERROR, "a spawner broke the protocol (%s)", err_name(e));
	loop_close(source);
}

void cells_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct audit *a = owner;
	struct cells_slot *c = LIST_OWNER(source, struct cells_slot, source);

	(void)events;
	if (list_is_empty(&c->node))
		list_append(&a->cells.ready, &c->node);
}

/* ---- records ---- */

static void cells_close(struct audit *a, struct cells_slot *c)
{
	list_remove(&c->node);
	loop_close(&c->source);
	c->is_used = false;
	c->closed_turn = a->loop.turn;
	a->cells.n--;
}

/* The first record, which stays where it is, or is taken out. E_AGAIN none · E_CLOSED the end ·
 * E_LIMIT it is longer than records are */
static enum err cells_receive(struct audit *a, const struct cells_slot *c, int flags,
			      struct view *ret)
{
	struct iovec iov = { a->cells.record, sizeof a->cells.record };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 }; /* descriptors end here */
	ssize_t n = recvmsg(c->source.fd, &m, flags | MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? E_AGAIN : E_CLOSED;
	if (n == 0)
		return E_CLOSED;
	*ret = view_of(a->cells.record, (size_t)n);
	return m.msg_flags & MSG_TRUNC ? E_LIMIT : E_OK;
}

static enum err cells_blame(struct audit *a, struct cells_slot *c)
{
	enum err e = journal_note(
		a, &(struct audit_note){ .kind = VIEW("alarm"),
					 .action = VIEW("ipc.violation"),
					 .object = view_of(c->name, c->name_n),
					 .result = VIEW("closed"),
					 .detail = VIEW("a record of a cell is malformed") });

	cells_close(a, c);
	return e;
}

/* E_OK it gave a line, or its channel is closed · E_AGAIN it has nothing now */
static enum err cells_render(struct audit *a, struct cells_slot *c)
{
	struct render_writer who = { .name = view_of(c->name, c->name_n),
				     .ring = CELLS_RING,
				     .position = a->cells.position,
				     .skips_access = a->rings.skips_access,
				     .origin = view_of(c->origin, c->origin_n),
				     .now_us = (uint64_t)clock_wall_us() };
	struct view record = { 0 };
	enum err e = cells_receive(a, c, MSG_PEEK, &record);

	if (e == E_AGAIN) {
		list_remove(&c->node); /* more of it brings an event */
		return e;
	}
	if (e == E_CLOSED) {
		cells_close(a, c);
		return E_OK;
	}
	if (e == E_OK)
		e = render_record(&a->chain, &who, record);
	if (e == E_SYS)
		return e;
	if (e != E_OK)
		return cells_blame(a, c);
	a->cells.position++;
	c->is_taken = true;
	return E_OK;
}

enum err cells_collect(struct audit *a)
{
	struct list *next = NULL;
	enum err any = E_AGAIN;

	if (!a->cells.slot)
		return E_AGAIN;
	for (struct list *at = a->cells.ready.next; at != &a->cells.ready; at = next) {
		struct cells_slot *c = LIST_OWNER(at, struct cells_slot, node);
		enum err e = E_AGAIN;

		next = at->next;
		if (c->is_taken)
			continue;
		if (!chain_has_room(&a->chain))
			return E_OK;
		e = cells_render(a, c);
		if (e != E_OK && e != E_AGAIN)
			return e;
		any = e == E_OK ? E_OK : any;
	}
	return any;
}

void cells_release(struct audit *a)
{
	struct list *next = NULL;

	if (!a->cells.slot)
		return;
	for (struct list *at = a->cells.ready.next; at != &a->cells.ready; at = next) {
		struct cells_slot *c = LIST_OWNER(at, struct cells_slot, node);
		struct view record = { 0 };

		next = at->next;
		if (!c->is_taken)
			continue;
		c->is_taken = false;
		if (cells_receive(a, c, 0, &record) == E_CLOSED)
			cells_close(a, c);
	}
}

bool cells_are_empty(const struct audit *a)
{
	return !a->cells.slot || list_is_empty(&a->cells.ready);
}
