/*
 * The handover between two keeper programs. Descriptors keep their numbers over execve; they are
 * written plus one, so that 0 means none. What is not understood is refused before anything is
 * given up: the new program reads this once as a test.
 */
#include "role/keeper/handover.h"

#include "role/keeper/child.h"
#include "role/keeper/control.h"
#include "role/keeper/listener.h"
#include "role/keeper/seat.h"
#include "role/keeper/spawners.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/shm.h"

#include <fcntl.h>

/* ---- writing ---- */

static void handover_put_fd(struct wbuf *w, int fd)
{
	wbuf_u32(w, (uint32_t)(fd + 1));
}

static const struct keeper_page *handover_cell_page(const struct keeper *k, unsigned i)
{
	const struct keeper_page *const all[HANDOVER_CELL_PAGES] = { &k->gate, &k->cells,
								     &k->cell_load };

	return all[i];
}

static void handover_put_pages(struct wbuf *w, const struct keeper *k)
{
	handover_put_fd(w, k->health.rw);
	handover_put_fd(w, k->health.ro);
	for (unsigned i = 0; i < ROLE_EDGES_MAX; i++) {
		handover_put_fd(w, k->load[i].rw);
		handover_put_fd(w, k->load[i].ro);
	}
	/* Cells live on, and look at these */
	for (unsigned i = 0; i < HANDOVER_CELL_PAGES; i++) {
		handover_put_fd(w, handover_cell_page(k, i)->rw);
		handover_put_fd(w, handover_cell_page(k, i)->ro);
	}
}

static void handover_put_listeners(struct wbuf *w, const struct keeper *k)
{
	for (size_t i = 0; i < KEEPER_LISTENERS; i++) {
		const struct keeper_listener *l = &k->listeners[i];

		handover_put_fd(w, l->fd);
		wbuf_put(w, l->ip.b, sizeof l->ip.b);
		wbuf_u16(w, l->port);
		wbuf_u8(w, l->is_in_image);
	}
}

static void handover_put_rings(struct wbuf *w, const struct keeper *k)
{
	for (size_t i = 0; i < KEEPER_RINGS; i++) {
		const struct keeper_ring *r = &k->rings[i];

		wbuf_u32(w, r->id);
		wbuf_u16(w, r->index);
		wbuf_u8(w, r->role);
		wbuf_u8(w, r->has_ended);
		handover_put_fd(w, r->id ? r->data_ro : -1);
		handover_put_fd(w, r->id ? r->cursor_rw : -1);
	}
}

static void handover_put_child(struct wbuf *w, const struct keeper_child *c)
{
	const struct keeper_seat *s = seat_of(c->k, (enum role)c->role, c->index);

	wbuf_u8(w, c->role);
	wbuf_u16(w, c->index);
	wbuf_u8(w, c->state);
	wbuf_u8(w, s->child == c);
	wbuf_u8(w, c->is_draining);
	wbuf_u32(w, (uint32_t)c->pid);
	handover_put_fd(w, c->pidfd.fd);
	handover_put_fd(w, c->channel.fd);
	wbuf_u32(w, c->generation);
	wbuf_u32(w, c->ring);
	wbuf_u32(w, s->restarts);
	wbuf_u64(w, c->started_ms);
	wbuf_u64(w, c->deadline_ms);
	wbuf_u64(w, (uint64_t)c->started_wall_s);
	wbuf_str16(w, view_str(c->have));
	wbuf_str16(w, view_str(c->weaker));
}

static void handover_put_children(struct wbuf *w, const struct keeper *k)
{
	for (size_t i = 0; i < KEEPER_CHILDREN; i++) {
		const struct keeper_child *c = &k->children[i];

		wbuf_u8(w, c->state != CHILD_FREE);
		if (c->state != CHILD_FREE)
			handover_put_child(w, c);
	}
}

static void handover_put_clients(struct wbuf *w, const struct keeper *k)
{
	for (unsigned i = 0; i < KEEPER_CLIENTS; i++) {
		const struct keeper_client *c = &k->clients[i];
		bool waits = c->source.fd >= 0 && c->wait == CLIENT_NEXT_CHANGE;

		handover_put_fd(w, waits ? c->source.fd : -1);
		wbuf_u32(w, c->uid);
	}
}

static void handover_put(struct wbuf *w, const struct keeper *k)
{
	wbuf_u32(w, HANDOVER_VERSION);
	wbuf_u32(w, k->boot_id);
	wbuf_u64(w, (uint64_t)k->started_wall_s);
	wbuf_u32(w, k->last_ring_id);
	wbuf_u32(w, k->reloads);
	wbuf_u32(w, k->failed_reloads);
	handover_put_fd(w, k->image.fd);
	wbuf_u32(w, k->image.generation);
	handover_put_fd(w, k->dirs.dir);
	handover_put_fd(w, k->dirs.lock);
	handover_put_fd(w, k->control.fd);
	handover_put_pages(w, k);
	handover_put_listeners(w, k);
	handover_put_rings(w, k);
	handover_put_children(w, k);
	handover_put_clients(w, k);
}

enum err handover_write(const struct keeper *k, int *ret_fd)
{
	AUTO_FD fd = -1;
	void *p = NULL;
	size_t n = 0;
	struct wbuf w;

	TRY(shm_new("sluis-handover", HANDOVER_BYTES, &fd));
	TRY(shm_map(fd, true, &p, &n));
	w = wbuf_of(p, n);
	handover_put(&w, k);
	shm_unmap(p, n);
	TRY(wbuf_check(&w));
	*ret_fd = fd_steal(&fd);
	return E_OK;
}

/* ---- descriptors over execve ---- */

static enum err handover_inherit_one(int fd, bool want)
{
	return fd < 0 ? E_OK : fd_set_inherit(fd, want);
}

static enum err handover_inherit_pages(const struct keeper *k, bool want)
{
	TRY(handover_inherit_one(k->health.rw, want));
	TRY(handover_inherit_one(k->health.ro, want));
	for (unsigned i = 0; i < ROLE_EDGES_MAX; i++) {
		TRY(handover_inherit_one(k->load[i].rw, want));
		TRY(handover_inherit_one(k->load[i].ro, want));
	}
	for (unsigned i = 0; i < HANDOVER_CELL_PAGES; i++) {
		TRY(handover_inherit_one(handover_cell_page(k, i)->rw, want));
		TRY(handover_inherit_one(handover_cell_page(k, i)->ro, want));
	}
	for (size_t i = 0; i < KEEPER_RINGS; i++) {
		TRY(handover_inherit_one(k->rings[i].id ? k->rings[i].data_ro : -1, want));
		TRY(handover_inherit_one(k->rings[i].id ? k->rings[i].cursor_rw : -1, want));
	}
	return E_OK;
}

enum err handover_inherit(const struct keeper *k, int fd, bool want_inherit)
{
	const int one[] = { fd, k->image.fd, k->dirs.dir, k->dirs.lock, k->control.fd };

	for (size_t i = 0; i < sizeof one / sizeof *one; i++)
		TRY(handover_inherit_one(one[i], want_inherit));
	TRY(handover_inherit_pages(k, want_inherit));
	for (size_t i = 0; i < KEEPER_LISTENERS; i++)
		TRY(handover_inherit_one(k->listeners[i].fd, want_inherit));
	for (size_t i = 0; i < KEEPER_CHILDREN; i++) {
		if (k->children[i].state == CHILD_FREE)
			continue;
		TRY(handover_inherit_one(k->children[i].channel.fd, want_inherit));
		TRY(handover_inherit_one(k->children[i].pidfd.fd, want_inherit));
	}
	for (unsigned i = 0; i < KEEPER_CLIENTS; i++)
		if (k->clients[i].wait == CLIENT_NEXT_CHANGE)
			TRY(handover_inherit_one(k->clients[i].source.fd, want_inherit));
	return E_OK;
}

/* ---- reading ---- */

static enum err handover_get_fd(struct view *in, int *ret)
{
	uint32_t n = 0;

	TRY(view_u32(in, &n));
	if (n > (1u << 20))
		return E_PROTO;
	*ret = (int)n - 1;
	return E_OK;
}

static enum err handover_get_bool(struct view *in, bool *ret)
{
	uint8_t b = 0;

	TRY(view_u8(in, &b));
	*ret = b == 1;
	return b > 1 ? E_PROTO : E_OK;
}

static enum err handover_get_text(struct view *in, char *ret, size_t cap)
{
	struct view text = { 0 };
	struct wbuf w = wbuf_of(ret, cap - 1);

	TRY(view_str16(in, &text));
	wbuf_view_put(&w, text);
	ret[w.n] = '\0';
	return wbuf_check(&w) == E_OK ? E_OK : E_PROTO;
}

static enum err handover_get_page(struct view *in, struct keeper_page *ret)
{
	TRY(handover_get_fd(in, &ret->rw));
	return handover_get_fd(in, &ret->ro);
}

static enum err handover_get_pages(struct view *in, struct keeper *k)
{
	TRY(handover_get_fd(in, &k->health.rw));
	TRY(handover_get_fd(in, &k->health.ro));
	for (unsigned i = 0; i < ROLE_EDGES_MAX; i++) {
		TRY(handover_get_fd(in, &k->load[i].rw));
		TRY(handover_get_fd(in, &k->load[i].ro));
	}
	TRY(handover_get_page(in, &k->gate));
	TRY(handover_get_page(in, &k->cells));
	return handover_get_page(in, &k->cell_load);
}

static enum err handover_get_listeners(struct view *in, struct keeper *k)
{
	for (size_t i = 0; i < KEEPER_LISTENERS; i++) {
		struct keeper_listener *l = &k->listeners[i];
		struct view ip = { 0 };
		struct wbuf w = wbuf_of(l->ip.b, sizeof l->ip.b);

		TRY(handover_get_fd(in, &l->fd));
		TRY(view_take(in, sizeof l->ip.b, &ip));
		wbuf_view_put(&w, ip);
		TRY(view_u16(in, &l->port));
		TRY(handover_get_bool(in, &l->is_in_image));
	}
	return E_OK;
}

static enum err handover_get_rings(struct view *in, struct keeper *k)
{
	for (size_t i = 0; i < KEEPER_RINGS; i++) {
		struct keeper_ring *r = &k->rings[i];

		TRY(view_u32(in, &r->id));
		TRY(view_u16(in, &r->index));
		TRY(view_u8(in, &r->role));
		TRY(handover_get_bool(in, &r->has_ended));
		TRY(handover_get_fd(in, &r->data_ro));
		TRY(handover_get_fd(in, &r->cursor_rw));
	}
	return E_OK;
}

static enum err handover_get_numbers(struct view *in, struct keeper_child *c, struct keeper_seat *s)
{
	uint32_t pid = 0;
	uint64_t wall = 0;

	TRY(view_u32(in, &pid));
	TRY(handover_get_fd(in, &c->pidfd.fd));
	TRY(handover_get_fd(in, &c->channel.fd));
	TRY(view_u32(in, &c->generation));
	TRY(view_u32(in, &c->ring));
	TRY(view_u32(in, &s->restarts));
	TRY(view_u64(in, &c->started_ms));
	TRY(view_u64(in, &c->deadline_ms));
	TRY(view_u64(in, &wall));
	c->pid = (pid_t)pid;
	c->started_wall_s = (int64_t)wall;
	return E_OK;
}

static enum err handover_get_child(struct view *in, struct keeper *k, struct keeper_child *c)
{
	bool has_seat = false;
	struct keeper_seat *s = NULL;

	c->k = k;
	c->fence = (struct reach){ .cgroup_fd = -1, .parent_fd = -1 };
	TRY(view_u8(in, &c->role));
	TRY(view_u16(in, &c->index));
	TRY(view_u8(in, &c->state));
	TRY(handover_get_bool(in, &has_seat));
	TRY(handover_get_bool(in, &c->is_draining));
	if (c->role <= ROLE_KEEPER || c->role >= ROLE_N || c->index >= ROLE_EDGES_MAX ||
	    (c->state != CHILD_RUNNING && c->state != CHILD_RETIRED && c->state != CHILD_FROZEN))
		return E_PROTO;
	s = seat_of(k, (enum role)c->role, c->index);
	TRY(handover_get_numbers(in, c, s));
	if (has_seat)
		(void)seat_give(s, c);
	TRY(handover_get_text(in, c->have, sizeof c->have));
	return handover_get_text(in, c->weaker, sizeof c->weaker);
}

static enum err handover_get_children(struct view *in, struct keeper *k)
{
	for (size_t i = 0; i < KEEPER_CHILDREN; i++) {
		bool is_there = false;

		TRY(handover_get_bool(in, &is_there));
		if (is_there)
			TRY(handover_get_child(in, k, &k->children[i]));
	}
	return E_OK;
}

static enum err handover_get_clients(struct view *in, struct keeper *k)
{
	for (unsigned i = 0; i < KEEPER_CLIENTS; i++) {
		TRY(handover_get_fd(in, &k->clients[i].source.fd));
		TRY(view_u32(in, &k->clients[i].uid));
	}
	return E_OK;
}

static enum err handover_get_all(struct view *in, struct keeper *k)
{
	uint32_t version = 0;
	uint64_t wall = 0;

	TRY(view_u32(in, &version));
	if (version != HANDOVER_VERSION)
		return E_PROTO;
	TRY(view_u32(in, &k->boot_id));
	TRY(view_u64(in, &wall));
	k->started_wall_s = (int64_t)wall;
	TRY(view_u32(in, &k->last_ring_id));
	TRY(view_u32(in, &k->reloads));
	TRY(view_u32(in, &k->failed_reloads));
	TRY(handover_get_fd(in, &k->image.fd));
	TRY(view_u32(in, &k->image.generation));
	TRY(handover_get_fd(in, &k->dirs.dir));
	TRY(handover_get_fd(in, &k->dirs.lock));
	TRY(handover_get_fd(in, &k->control.fd));
	TRY(handover_get_pages(in, k));
	TRY(handover_get_listeners(in, k));
	TRY(handover_get_rings(in, k));
	TRY(handover_get_children(in, k));
	return handover_get_clients(in, k);
}

enum err handover_read(struct keeper *k, int fd)
{
	void *p = NULL;
	size_t n = 0;
	struct view in = { 0 };
	enum err e = E_OK;

	TRY(shm_map(fd, false, &p, &n));
	in = view_of(p, n);
	e = handover_get_all(&in, k);
	shm_unmap(p, n);
	return e;
}

/* ---- coming alive ---- */

static enum err handover_adopt_image(struct keeper *k)
{
	const char *why = "";

	TRY(shm_map(k->image.fd, false, &k->image.map, &k->image.bytes));
	if (image_check(view_of(k->image.map, k->image.bytes), &k->image.image, &why) == E_OK)
		return E_OK;
	log_line(LOG_ERROR, "the image that was handed over can't be used: %s", why);
	return E_PROTO;
}

static enum err handover_adopt_clients(struct keeper *k)
{
	int fds[KEEPER_CLIENTS];
	uid_t uids[KEEPER_CLIENTS];

	for (unsigned i = 0; i < KEEPER_CLIENTS; i++) {
		fds[i] = fd_steal(&k->clients[i].source.fd);
		uids[i] = k->clients[i].uid;
	}
	for (unsigned i = 0; i < KEEPER_CLIENTS; i++)
		if (fds[i] >= 0)
			control_adopt(k, fds[i], uids[i]);
	return E_OK;
}

enum err handover_adopt(struct keeper *k)
{
	TRY(handover_inherit(k, -1, false));
	TRY(handover_adopt_image(k));
	listener_find_cells(k);
	k->has_had_spawner = spawners_are_wanted(&k->image.image);
	for (size_t i = 0; i < KEEPER_LISTENERS; i++)
		k->listeners[i].is_datagram = listener_is_datagram(k->listeners[i].fd);
	for (size_t i = 0; i < KEEPER_CHILDREN; i++) {
		struct keeper_child *c = &k->children[i];

		if (c->state == CHILD_FREE)
			continue;
		list_init(&c->outbox);
		if (c->channel.fd < 0 && c->state != CHILD_FROZEN)
			c->deadline_ms = k->loop.now_ms;
		TRY(child_adopt(c, c->channel.fd, c->pidfd.fd));
	}
	TRY(handover_adopt_clients(k));
	k->is_ready = true;
	return control_open(k, k->control.fd);
}
