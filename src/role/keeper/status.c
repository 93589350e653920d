/* One row per step, so that a command that reads slowly is served in pieces. */
#include "role/keeper/status.h"

#include "ipc/pages.h"
#include "ipc/tool_keeper.h"

#include <unistd.h>

/* The first step of each kind of row. */
enum {
	STATUS_IMAGE = 0,
	STATUS_HEALTH,
	STATUS_OWN,
	STATUS_AUDIT,
	STATUS_LOAD,
	STATUS_LISTENER = STATUS_LOAD + PAGE_LOADS,
	STATUS_KEEPER = STATUS_LISTENER + KEEPER_LISTENERS,
	STATUS_CHILD,
	STATUS_SEAT = STATUS_CHILD + KEEPER_CHILDREN,
	STATUS_END = STATUS_SEAT + KEEPER_SEATS
};

struct status_row {
	uint8_t role, state;
	uint16_t index;
	uint32_t pid, uid, restarts, generation;
	int64_t started_wall_s;
	const char *have, *weaker;
};

static enum err status_role(int fd, const struct status_row *r)
{
	uint8_t body[1024];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u8(&w, r->role);
	wbuf_u16(&w, r->index);
	wbuf_u32(&w, r->pid);
	wbuf_u32(&w, r->uid);
	wbuf_u64(&w, (uint64_t)r->started_wall_s);
	wbuf_u32(&w, r->restarts);
	wbuf_u32(&w, r->generation);
	wbuf_u8(&w, r->state);
	wbuf_str16(&w, view_str(r->have));
	wbuf_str16(&w, view_str(r->weaker));
	return frame_send(fd, KEEPER_ROLE_ROW, 0, wbuf_view(&w), NULL, 0);
}

static enum err status_image(const struct keeper *k, int fd)
{
	uint8_t body[24];
	struct wbuf w = wbuf_of(body, sizeof body);

	if (k->image.fd < 0)
		return E_OK;
	wbuf_u32(&w, k->image.generation);
	wbuf_u64(&w, (uint64_t)k->started_wall_s);
	wbuf_u32(&w, k->reloads);
	wbuf_u32(&w, k->failed_reloads);
	return frame_send(fd, KEEPER_STATUS_IMAGE, 0, wbuf_view(&w), &k->image.fd, 1);
}

static enum err status_page(int fd, enum page_kind kind, uint32_t index,
			    const struct keeper_page *p)
{
	uint8_t body[4];
	struct wbuf w = wbuf_of(body, sizeof body);

	if (p->ro < 0)
		return E_OK;
	wbuf_u8(&w, (uint8_t)kind);
	wbuf_u16(&w, (uint16_t)index);
	return frame_send(fd, KEEPER_STATUS_PAGE, 0, wbuf_view(&w), &p->ro, 1);
}

static enum err status_listener(const struct keeper *k, int fd, uint32_t slot)
{
	uint8_t body[4];
	struct wbuf w = wbuf_of(body, sizeof body);

	if (!k->listeners[slot].is_in_image)
		return E_OK;
	/* those that no listener has come from the end: TOOL_SLOT_METRICS, TOOL_SLOT_STATUS_PAGE */
	wbuf_u16(&w, slot >= KEEPER_METRICS_SLOT
			     ? (uint16_t)(TOOL_SLOT_METRICS - (slot - KEEPER_METRICS_SLOT))
			     : (uint16_t)slot);
	wbuf_u8(&w, k->listeners[slot].fd >= 0);
	return frame_send(fd, KEEPER_STATUS_LISTENER, 0, wbuf_view(&w), NULL, 0);
}

static enum err status_keeper(const struct keeper *k, int fd)
{
	struct status_row r = { .role = ROLE_KEEPER,
				.state = k->stop.stage == STOP_NOT ? ROLE_ST_RUNNING
								   : ROLE_ST_DRAINING,
				.pid = (uint32_t)getpid(),
				.uid = geteuid(),
				.generation = k->image.generation,
				.started_wall_s = k->started_wall_s,
				.have = "starts the others; reads nothing from the network",
				.weaker = "" };

	return status_role(fd, &r);
}

static const struct keeper_seat *status_seat(const struct keeper *k, const struct keeper_child *c)
{
	return c->role == ROLE_EDGE ? &k->seats[ROLE_N + c->index] : &k->seats[c->role];
}

static enum err status_child(const struct keeper *k, int fd, const struct keeper_child *c)
{
	struct status_row r = { .role = c->role,
				.index = c->index,
				.pid = (uint32_t)c->pid,
				.uid = k->users[c->role].uid,
				.restarts = status_seat(k, c)->restarts,
				.generation = c->generation,
				.started_wall_s = c->started_wall_s,
				.state = ROLE_ST_RUNNING,
				.have = c->have,
				.weaker = c->weaker };

	if (c->state == CHILD_FREE)
		return E_OK;
	if (c->state == CHILD_STARTING)
		r.state = ROLE_ST_STARTING;
	else if (c->state == CHILD_FROZEN)
		r.state = ROLE_ST_FROZEN;
	else if (c->state == CHILD_RETIRED || c->is_draining)
		r.state = ROLE_ST_DRAINING;
	return status_role(fd, &r);
}

/* A seat that waits for its next child. */
static enum err status_empty_seat(int fd, const struct keeper_seat *s)
{
	struct status_row r = { .role = s->role,
				.index = s->index,
				.restarts = s->restarts,
				.state = ROLE_ST_WAITING,
				.have = "",
				.weaker = "" };

	return s->is_wanted && !s->child ? status_role(fd, &r) : E_OK;
}

static enum err status_step(const struct keeper *k, int fd, uint32_t step)
{
	if (step == STATUS_IMAGE)
		return status_image(k, fd);
	if (step == STATUS_HEALTH)
		return status_page(fd, PAGE_HEALTH, 0, &k->health);
	if (step == STATUS_OWN)
		return status_page(fd, PAGE_KEEPER, 0, &k->own);
	if (step == STATUS_AUDIT)
		return status_page(fd, PAGE_AUDIT, 0, &k->audit);
	if (step == STATUS_LOAD + PAGE_LOAD_CELLS)
		return status_page(fd, PAGE_LOAD, PAGE_LOAD_CELLS, &k->cell_load);
	if (step == STATUS_LOAD + PAGE_LOAD_RELAY)
		return status_page(fd, PAGE_LOAD, PAGE_LOAD_RELAY, &k->relay);
	if (step < STATUS_LISTENER)
		return status_page(fd, PAGE_LOAD, step - STATUS_LOAD, &k->load[step - STATUS_LOAD]);
	if (step < STATUS_KEEPER)
		return status_listener(k, fd, step - STATUS_LISTENER);
	if (step == STATUS_KEEPER)
		return status_keeper(k, fd);
	if (step < STATUS_SEAT)
		return status_child(k, fd, &k->children[step - STATUS_CHILD]);
	return status_empty_seat(fd, &k->seats[step - STATUS_SEAT]);
}

enum err status_send(const struct keeper *k, int fd, uint32_t *step)
{
	for (; *step < STATUS_END; (*step)++)
		TRY(status_step(k, fd, *step));
	return E_OK;
}
