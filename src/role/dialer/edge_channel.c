/* What edges ask, and what they are told; run by the dialer. */
#include "role/dialer/edge_channel.h"

#include "role/dialer/cell_reach.h"
#include "role/dialer/eject.h"
#include "role/dialer/event.h"
#include "sys/fd.h"

#include <stdlib.h>

enum err edge_channel_init(struct dialer *d)
{
	/* Those of cells are not touched before they are used */
	d->edge = calloc(DIALER_EDGES + DIALER_CELLS, sizeof *d->edge);
	return d->edge ? E_OK : E_NOMEM;
}

/* One call of ch's less. */
static void edge_channel_forget(struct dialer *d, struct edge_channel *ch)
{
	ch->pending--;
	d->calls_of_cells -= ch->role == ROLE_CELL;
}

static void edge_channel_close(struct dialer *d, struct edge_channel *ch)
{
	uint32_t index = (uint32_t)(ch - d->edge);

	loop_close(&ch->source);
	for (uint32_t i = 0; ch->pending && i < DIALER_CALLS; i++) {
		struct call *c = &d->call[i];

		if (c->state == CALL_FREE || c->owner != CALL_OF_EDGE || c->owner_index != index)
			continue;
		call_cancel(d, c);
		edge_channel_forget(d, ch);
	}
	ch->is_used = false;
	ch->closed_turn = d->loop.turn;
	d->edge_n -= ch->role != ROLE_AUTHORITY;
}

void edge_channel_done(struct dialer *d)
{
	for (uint32_t i = 0; d->edge && i < DIALER_EDGES + DIALER_CELLS; i++)
		if (d->edge[i].is_used)
			edge_channel_close(d, &d->edge[i]);
	free(d->edge);
	d->edge = NULL;
}

/* A slot whose channel was closed in this turn may be named by an event of it. */
static bool edge_channel_is_free(const struct dialer *d, const struct edge_channel *ch)
{
	return !ch->is_used && (!ch->closed_turn || ch->closed_turn != d->loop.turn);
}

static struct edge_channel *edge_channel_place(struct dialer *d, bool is_cell)
{
	for (uint32_t n = 0; n < (is_cell ? DIALER_CELLS : DIALER_EDGES); n++) {
		uint32_t i = is_cell ? DIALER_EDGES + d->next_cell++ % DIALER_CELLS : n;

		if (edge_channel_is_free(d, &d->edge[i]))
			return &d->edge[i];
	}
	return NULL;
}

enum err edge_channel_add(struct dialer *d, const struct edge_channel_peer *peer, int fd)
{
	AUTO_FD owned = fd;
	struct edge_channel *ch = edge_channel_place(d, peer->role == ROLE_CELL);

	if (!ch)
		return E_NOMEM;
	TRY(fd_set_nonblocking(owned));
	*ch = (struct edge_channel){ .source = { .fd = owned, .kind = DIALER_SOURCE_EDGE },
				     .dialer = d,
				     .since_ms = d->loop.now_ms,
				     .edge = peer->edge,
				     .role = peer->role,
				     .cell = peer->cell };
	list_init(&ch->outbox);
	TRY(loop_add(&d->loop, &ch->source, EPOLLIN));
	(void)fd_steal(&owned);
	ch->is_used = true;
	/* The authority keeps its channel until a dialer ends, and is no reason to go on */
	d->edge_n += ch->role != ROLE_AUTHORITY;
	d->had_edge = true;
	/* What the authority before this one has allowed, this one may never have heard of, and
	 * could not take back */
	if (peer->role == ROLE_AUTHORITY)
		cell_reach_reset(d);
	return E_OK;
}

/* While an edge does not read its answers nothing more is read from it: what it is owed stays
 * bounded by its own pending calls. */
static void edge_channel_set_blocked(struct dialer *d, struct edge_channel *ch, bool is_blocked)
{
	if (ch->is_blocked == is_blocked)
		return;
	ch->is_blocked = is_blocked;
	ch->blocked_ms = d->loop.now_ms;
	if (loop_change(&d->loop, &ch->source, is_blocked ? EPOLLOUT : EPOLLIN) != E_OK)
		ch->is_broken = true;
}

static enum err edge_channel_send(const struct edge_channel *ch, uint32_t seq, int fd, uint8_t why)
{
	enum err e = E_SYS;

	if (fd >= 0)
		e = frame_send(ch->source.fd, DIALER_CONNECTED, seq, view_of(NULL, 0), &fd, 1);
	if (fd >= 0 && e != E_SYS)
		return e;
	/* E_SYS: too many descriptors are on their way (ETOOMANYREFS); the edge may try again */
	if (fd >= 0)
		why = DIAL_BUSY;
	return frame_send(ch->source.fd, DIALER_FAILED, seq, view_of(&why, 1), NULL, 0);
}

/* To be closed by its own event, which comes at once: it can be written to, or has an error. */
static void edge_channel_break(struct edge_channel *ch)
{
	ch->is_broken = true;
	(void)(loop_change(&ch->dialer->loop, &ch->source, EPOLLIN | EPOLLOUT) == E_OK);
}

static void edge_channel_sent(struct dialer *d, struct edge_channel *ch, struct call *c, enum err e)
{
	if (e == E_AGAIN) {
		list_remove(&c->node);
		list_append(&ch->outbox, &c->node);
		edge_channel_set_blocked(d, ch, true);
		return;
	}
	if (e != E_OK)
		edge_channel_break(ch);
	edge_channel_forget(d, ch);
	call_free(d, c);
}

void edge_channel_answer(struct dialer *d, struct call *c)
{
	struct edge_channel *ch = &d->edge[c->owner_index];
	enum err e = ch->is_blocked ? E_AGAIN : edge_channel_send(ch, c->seq, c->fd, c->why);

	edge_channel_sent(d, ch, c, e);
}

static void edge_channel_refuse(struct edge_channel *ch, uint32_t seq, uint8_t why)
{
	enum err e = edge_channel_send(ch, seq, -1, why);

	if (e == E_AGAIN) {
		ch->refused_seq = seq;
		ch->refused_why = why;
		edge_channel_set_blocked(ch->dialer, ch, true);
	} else if (e != E_OK) {
		ch->is_broken = true;
	}
}

static void edge_channel_flush(struct dialer *d, struct edge_channel *ch)
{
	enum err e = E_OK;

	if (ch->refused_why)
		e = edge_channel_send(ch, ch->refused_seq, -1, ch->refused_why);
	if (e == E_OK)
		ch->refused_why = 0;
	while (e == E_OK && !list_is_empty(&ch->outbox)) {
		struct call *c = LIST_OWNER(ch->outbox.next, struct call, node);

		e = edge_channel_send(ch, c->seq, c->fd, c->why);
		if (e == E_OK)
			edge_channel_sent(d, ch, c, e);
	}
	if (e == E_OK)
		edge_channel_set_blocked(d, ch, false);
	else if (e != E_AGAIN)
		ch->is_broken = true;
}

/* --- what an edge may say --- */

static enum err edge_channel_server(struct view *in, struct dialer *d, uint32_t *ret)
{
	uint32_t slot = 0, slot_gen = 0;

	TRY(view_u32(in, &slot));
	TRY(view_u32(in, &slot_gen));
	*ret = dialer_find(d, slot, slot_gen);
	return E_OK;
}

/* Those who say what cells may reach, and may have said it a moment ago. */
static void edge_channel_hear(struct dialer *d)
{
	for (uint32_t i = 0; i < DIALER_EDGES; i++) {
		struct edge_channel *ch = &d->edge[i];
		enum err e = E_AGAIN;

		if (!ch->is_used || ch->is_broken || ch->role != ROLE_AUTHORITY)
			continue;
		e = frame_pump(ch->source.fd, &edge_channel_tables[ch->role], FRAME_RUN, ch,
			       EDGE_CHANNEL_FRAMES);
		if (e != E_OK && e != E_AGAIN)
			edge_channel_break(ch);
	}
}

static bool edge_channel_is_ship(const struct dialer *d, const struct image_pool *pool)
{
	struct image_range ships = d->image.header->ships;

	for (uint32_t i = 0; i < ships.n; i++)
		if (image_pool_at(&d->image, ships.first + i) == pool)
			return true;
	return false;
}

static bool edge_channel_may(struct dialer *d, const struct edge_channel *ch, uint32_t server)
{
	const struct dialer_server *s = &d->server[server];

	if (ch->role == ROLE_RELAY && !s->pool->is_datagram)
		return false;
	/* Receivers of the log are the shipper's, and nothing else is */
	if (edge_channel_is_ship(d, s->pool) != (ch->role == ROLE_SHIPPER))
		return false;
	if (ch->role == ROLE_EDGE)
		return cell_reach_edge_may(d, server);
	if (ch->role != ROLE_CELL || cell_reach_may(d, &ch->cell, server))
		return true;
	edge_channel_hear(d);
	return cell_reach_may(d, &ch->cell, server);
}

static bool edge_channel_is_busy(const struct dialer *d, const struct edge_channel *ch)
{
	if (ch->role != ROLE_CELL)
		return ch->pending >= EDGE_CHANNEL_PENDING;
	return ch->pending >= EDGE_CHANNEL_CELL_PENDING ||
	       d->calls_of_cells >= DIALER_CALLS_OF_CELLS;
}

/* A server that is not there may have left a moment ago, with the change that brought this dialer;
 * one that is another's is nobody's mistake. */
static void edge_channel_tell(struct dialer *d, const struct edge_channel *ch, uint32_t server)
{
	uint8_t name[32];
	struct wbuf w = wbuf_of(name, sizeof name);
	bool is_cell = ch->role == ROLE_CELL;
	bool is_known = server != DIALER_NONE;

	if (!is_known && d->loop.now_ms - ch->since_ms < CELL_REACH_SETTLE_MS)
		return;
	if (is_known && is_cell && !cell_reach_is_strange(d, &ch->cell))
		return;
	wbuf_str(&w, role_name((enum role)ch->role));
	WBUF_LIT(&w, "[");
	wbuf_dec(&w, is_cell ? ch->cell.slot : ch->edge);
	WBUF_LIT(&w, "]");
	event_alarm_of(d, wbuf_view(&w), is_known ? &d->server[server] : NULL,
		       is_known ? "it asked for a server that is not its own"
				: "it asked for a server that there is not");
}

static enum err edge_channel_on_dial(void *role, struct frame *f)
{
	struct edge_channel *ch = role;
	struct dialer *d = ch->dialer;
	struct call_request want = { .owner = CALL_OF_EDGE,
				     .owner_index = (uint32_t)(ch - d->edge),
				     .seq = f->seq,
				     .is_datagram = ch->role == ROLE_RELAY };
	struct view in = f->body;
	uint32_t call = DIALER_NONE;

	TRY(edge_channel_server(&in, d, &want.server));
	TRY(view_end(&in));
	if (want.server == DIALER_NONE || !edge_channel_may(d, ch, want.server)) {
		edge_channel_tell(d, ch, want.server);
		edge_channel_refuse(ch, f->seq, DIAL_UNKNOWN);
		return E_OK;
	}
	if (edge_channel_is_busy(d, ch)) {
		edge_channel_refuse(ch, f->seq, DIAL_BUSY);
		return E_OK;
	}
	want.timeout_ms = d->server[want.server].pool->connect_ms;
	ch->pending++;
	d->calls_of_cells += ch->role == ROLE_CELL;
	if (call_start(d, &want, &call) != E_OK) {
		edge_channel_forget(d, ch);
		edge_channel_refuse(ch, f->seq, DIAL_BUSY);
	}
	return E_OK;
}

/* A failed dial was counted when it failed: an edge that reports it too does not count it twice. */
static bool edge_channel_counts(uint8_t why)
{
	return why == DIAL_TIMEOUT || why == DIAL_RESET || why == DIAL_ANSWER || why == DIAL_TLS;
}

static enum err edge_channel_on_failure(void *role, struct frame *f)
{
	struct edge_channel *ch = role;
	struct dialer *d = ch->dialer;
	struct view in = f->body;
	uint32_t server = DIALER_NONE;
	uint8_t why = 0;

	TRY(edge_channel_server(&in, d, &server));
	TRY(view_u8(&in, &why));
	TRY(view_end(&in));
	if (why < DIAL_REFUSED || why > DIAL_TLS || f->seq != 0)
		return E_DENIED;
	/* What a cell says of a server is no reason to keep others from it */
	if (server != DIALER_NONE && ch->role != ROLE_CELL && edge_channel_counts(why))
		eject_failure(d, &d->server[server]);
	return E_OK;
}

static enum err edge_channel_on_success(void *role, struct frame *f)
{
	struct edge_channel *ch = role;
	struct view in = f->body;
	uint32_t server = DIALER_NONE;

	TRY(edge_channel_server(&in, ch->dialer, &server));
	TRY(view_end(&in));
	if (f->seq != 0)
		return E_DENIED;
	if (server != DIALER_NONE && ch->role != ROLE_CELL)
		eject_success(&ch->dialer->server[server]);
	return E_OK;
}

static const struct frame_def edge_channel_defs[] = {
	/* type, fds, phases, min, max, handler */
	{ EDGE_DIAL, 0, FRAME_RUN, 8, 8, edge_channel_on_dial },
	{ EDGE_FAILURE, 0, FRAME_RUN, 9, 9, edge_channel_on_failure },
	{ EDGE_SUCCESS, 0, FRAME_RUN, 8, 8, edge_channel_on_success },
};

/* --- what the spawner and the authority may say --- */

static enum err edge_channel_on_cell(void *role, struct frame *f)
{
	struct edge_channel *ch = role;
	struct edge_channel_peer peer = { .role = ROLE_CELL };

	TRY(spawner_cell_get(f->body, &peer.cell));
	if (f->is_short)
		return E_OK; /* lost; the cell sees the end of it */
	return edge_channel_add(ch->dialer, &peer, frame_take_fd(f, 0));
}

static enum err edge_channel_on_allow(void *role, struct frame *f)
{
	struct edge_channel *ch = role;
	struct authority_reach r = { 0 };

	TRY(authority_reach_get(f->body, &r));
	return cell_reach_allow(ch->dialer, &r);
}

static enum err edge_channel_on_forbid(void *role, struct frame *f)
{
	struct edge_channel *ch = role;
	struct authority_reach r = { 0 };

	TRY(authority_reach_get(f->body, &r));
	return cell_reach_forbid(ch->dialer, &r);
}

static const struct frame_def edge_channel_spawner_defs[] = {
	{ SPAWNER_CELL, 1, FRAME_RUN | FRAME_SHORT, 32, 32, edge_channel_on_cell },
};

static const struct frame_def edge_channel_authority_defs[] = {
	{ AUTHORITY_ALLOW, 0, FRAME_RUN, 20, 20, edge_channel_on_allow },
	{ AUTHORITY_FORBID, 0, FRAME_RUN, 20, 20, edge_channel_on_forbid },
};

#define EDGE_CHANNEL_TABLE(defs)                                                                   \
	{                                                                                          \
		defs, sizeof defs / sizeof *defs                                                   \
	}

const struct frame_table edge_channel_tables[ROLE_N] = {
	[ROLE_EDGE] = EDGE_CHANNEL_TABLE(edge_channel_defs),
	[ROLE_RELAY] = EDGE_CHANNEL_TABLE(edge_channel_defs),
	[ROLE_SHIPPER] = EDGE_CHANNEL_TABLE(edge_channel_defs),
	[ROLE_CELL] = EDGE_CHANNEL_TABLE(edge_channel_defs),
	[ROLE_SPAWNER] = EDGE_CHANNEL_TABLE(edge_channel_spawner_defs),
	[ROLE_AUTHORITY] = EDGE_CHANNEL_TABLE(edge_channel_authority_defs),
};

static void edge_channel_violation(struct dialer *d, const struct edge_channel *ch, enum err e)
{
	uint8_t text[96];
	struct wbuf w = wbuf_of(text, sizeof text);

	wbuf_str(&w, role_name((enum role)ch->role));
	WBUF_LIT(&w, " ");
	if (ch->role == ROLE_CELL)
		ip_put_endpoint(&w, &ch->cell.ip, ch->cell.port);
	else
		wbuf_dec(&w, ch->edge);
	event_put_object(d, "ipc.violation", wbuf_view(&w), "closed", err_name(e));
}

void edge_channel_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct dialer *d = owner;
	struct edge_channel *ch = LIST_OWNER(source, struct edge_channel, source);
	enum err e = E_OK;

	if (events & EPOLLOUT)
		edge_channel_flush(d, ch);
	else if (ch->is_blocked && (events & (EPOLLERR | EPOLLHUP)))
		ch->is_broken = true; /* it will never read what it is owed */
	for (unsigned i = 0; i < EDGE_CHANNEL_FRAMES && e == E_OK; i++) {
		if (ch->is_broken || ch->is_blocked)
			break;
		e = frame_pump(source->fd, &edge_channel_tables[ch->role], FRAME_RUN, ch, 1);
	}
	if (e != E_OK && e != E_AGAIN && e != E_CLOSED)
		edge_channel_violation(d, ch, e);
	if (ch->is_broken || (e != E_OK && e != E_AGAIN))
		edge_channel_close(d, ch);
}

void edge_channel_tick(struct dialer *d)
{
	for (uint32_t i = DIALER_EDGES; i < DIALER_EDGES + DIALER_CELLS; i++) {
		struct edge_channel *ch = &d->edge[i];

		if (!ch->is_used || !ch->is_blocked ||
		    d->loop.now_ms - ch->blocked_ms < EDGE_CHANNEL_CELL_BLOCKED_MS)
			continue;
		edge_channel_violation(d, ch, E_LIMIT);
		edge_channel_close(d, ch);
	}
}
