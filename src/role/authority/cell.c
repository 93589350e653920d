/* A cell that breaks a rule ends; what it asks is answered in its own order, or never. */
#include "role/authority/cell.h"

#include "base/hash.h"
#include "role/authority/cell_table.h"
#include "role/authority/network.h"
#include "role/authority/reach.h"
#include "role/authority/spawner.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/secret.h"

enum { CELL_FRAMES = 2 * CELL_QUESTIONS, CELL_REFUSED = 8, CELL_STACK = 15 * 1024 };

/* Its connection is over: everything of it is forgotten. */
static void cell_end(struct authority_cell *c)
{
	struct authority *a = c->a;

	reach_forbid(a, c);
	if (PAGE_GET(a->gate->logged_in[c->slot]) == c->serial)
		PAGE_SET(a->gate->logged_in[c->slot], 0);
	loop_close(&c->source);
	*c = (struct authority_cell){ .source = { .fd = -1, .kind = SOURCE_CELL }, .a = a };
}

static uint64_t cell_pad(const struct authority_cell *c)
{
	uint8_t text[16];
	struct wbuf w = wbuf_of(text, sizeof text);

	wbuf_u32(&w, c->slot);
	wbuf_u64(&w, c->serial);
	return hash_keyed(c->a->cell_key, wbuf_view(&w));
}

void cell_remember(const struct authority_cell *c)
{
	uint64_t now = c->serial << 32 | c->session;

	PAGE_SET(c->a->gate->belongs[c->slot], now ^ cell_pad(c));
}

/* What the authority before this one knew of it. */
static void cell_recall(struct authority_cell *c)
{
	struct authority *a = c->a;
	uint64_t was = PAGE_GET(a->gate->belongs[c->slot]) ^ cell_pad(c);
	struct session s = { 0 };

	if (was >> 32 != (c->serial & UINT32_MAX) || (uint32_t)was == 0)
		return;
	c->session = (uint32_t)was;
	if (session_by_id(a, c->session, &s) == E_OK && !s.ended_s) {
		c->user = s.user.id;
		return;
	}
	c->user = UINT32_MAX; /* nobody's: it can only end */
	c->kill_ms = a->now_ms + AUTHORITY_KILL_MS;
	PAGE_SET(a->gate->logged_in[c->slot], 0);
}

enum err cell_add(struct authority *a, const struct spawner_cell *told, int fd)
{
	struct authority_cell *c = NULL;

	if (told->slot >= CELL_SLOTS || !told->serial ||
	    told->serial <= a->cells[told->slot].serial) {
		(void)fd_close(fd);
		return E_DENIED;
	}
	c = &a->cells[told->slot];
	if (c->serial)
		cell_end(c); /* the spawner knows first */
	*c = (struct authority_cell){
		.source = { .fd = fd, .kind = SOURCE_CELL },
		.a = a,
		.serial = told->serial,
		.slot = told->slot,
		.ip = told->ip,
		.network = network_of(&told->ip),
		.port = told->port,
		.listener = told->listener,
		.writes = AUTHORITY_WRITES * 1000,
		.wrote_ms = a->now_ms,
	};
	cell_recall(c);
	if (fd_set_nonblocking(fd) != E_OK || loop_add(&a->loop, &c->source, EPOLLIN) != E_OK) {
		cell_end(c);
		return E_SYS;
	}
	return E_OK;
}

/* Passwords and codes that came in a frame lie where it was read. */
static __attribute__((noinline)) void cell_wipe_stack(void)
{
	uint8_t below[CELL_STACK];

	secret_wipe(below, sizeof below);
}

static void cell_pump(struct authority_cell *c)
{
	uint64_t serial = c->serial;
	enum err e = frame_pump(c->source.fd, &cell_table, FRAME_RUN, c, CELL_FRAMES);

	cell_wipe_stack();
	if (c->serial != serial || e == E_OK || e == E_AGAIN)
		return;
	if (e != E_CLOSED) {
		const struct tell t = { .action = "cell.refused",
					.result = "ended",
					.detail = view_str(err_name(e)),
					.cell = c,
					.is_alarm = true };

		tell_event(c->a, &t);
	}
	/* A process that goes on without its channel could not be told that its session has ended
	 * (promise P7); one that is over anyway its spawner does not find. */
	if (e != E_CLOSED || c->user)
		spawner_kill(c->a, c);
	cell_end(c);
}

void cell_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	(void)owner;
	(void)events;
	cell_pump(LIST_OWNER(source, struct authority_cell, source));
}

enum err cell_asks(struct authority_cell *c, const struct frame *f, struct question *ret)
{
	if (!f->seq || !c->has_hello)
		return E_DENIED;
	if (c->open >= CELL_QUESTIONS)
		return E_LIMIT;
	c->open++;
	*ret = (struct question){ .serial = c->serial, .slot = c->slot, .seq = f->seq };
	return E_OK;
}

struct authority_cell *cell_of(struct authority *a, const struct question *q)
{
	struct authority_cell *c = &a->cells[q->slot];

	return q->serial && c->serial == q->serial ? c : NULL;
}

void cell_answer(struct authority *a, const struct question *q, uint8_t type, const struct wbuf *w)
{
	struct authority_cell *c = cell_of(a, q);
	enum err e = E_LIMIT;

	if (!c)
		return;
	INVARIANT(c->open);
	c->open--;
	if (wbuf_check(w) == E_OK)
		e = frame_send(c->source.fd, type, q->seq, wbuf_view(w), NULL, 0);
	if (e == E_OK)
		return;
	if (e == E_LIMIT)
		log_line(LOG_ERROR, "an answer of type %u does not fit into a frame", type);
	/* Closed when its turn comes: the caller may still hold it. */
	c->kill_ms = a->now_ms ? a->now_ms : 1;
}

void cell_done(struct authority *a, const struct question *q)
{
	struct wbuf w = wbuf_of(NULL, 0);

	cell_answer(a, q, AUTHORITY_DONE, &w);
}

void cell_refuse(struct authority *a, const struct question *q, enum gate_reason why,
		 uint32_t wait_s)
{
	const struct authority_refused r = { .reason = (uint8_t)why, .wait_s = wait_s };
	uint8_t body[CELL_REFUSED];
	struct wbuf w = wbuf_of(body, sizeof body);

	if (authority_refused_put(&w, &r) != E_OK)
		w.bad = true;
	cell_answer(a, q, AUTHORITY_REFUSED, &w);
}

bool cell_may_write(struct authority_cell *c)
{
	uint64_t now = c->a->now_ms, gained = (now - c->wrote_ms) * AUTHORITY_WRITES_PER_S;

	c->wrote_ms = now;
	if (gained > AUTHORITY_WRITES * 1000u - c->writes)
		gained = AUTHORITY_WRITES * 1000u - c->writes;
	c->writes += (uint32_t)gained;
	if (c->writes < 1000)
		return false;
	c->writes -= 1000;
	return true;
}

/* A recovery code stands for the authenticator app, whose loss it is for. */
static bool cell_may_add(const struct session *s, unsigned need)
{
	static const struct {
		unsigned need, shown;
	} rows[] = {
		{ CELL_ADDS_PASSWORD, GATE_PASSKEY | GATE_PASSWORD },
		{ CELL_ADDS_TOTP, GATE_PASSKEY | GATE_TOTP | GATE_RECOVERY },
		{ CELL_ADDS_PASSKEY, GATE_PASSKEY },
	};

	if (s->invite)
		return true; /* it is the one that an invitation has made */
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (need & rows[i].need && !(s->factors & rows[i].shown))
			return false;
	return true;
}

static enum gate_reason cell_why_not(struct authority_cell *c, const struct session *s,
				     enum gate_verdict v, unsigned need)
{
	if (v != GATE_OK && !(v == GATE_ENROL && need & CELL_MAY_ENROL))
		return GATE_WHY_EXPIRED;
	if (v == GATE_OK && !cell_may_add(s, need))
		return GATE_WHY_INVITE;
	if (need & CELL_FRESH && v == GATE_OK && !session_is_fresh(c->a, s))
		return GATE_WHY_FRESH;
	if (need & CELL_WRITES && (!tell_room(c->a) || !cell_may_write(c)))
		return GATE_WHY_BUSY;
	return GATE_WHY_NOTHING;
}

bool cell_session(struct authority_cell *c, const struct question *q, const struct hash32 *token,
		  unsigned need, struct session *ret)
{
	enum err e = session_by_token(c->a, token, 0, ret);
	enum gate_reason why = e == E_SYS ? GATE_WHY_BUSY : GATE_WHY_EXPIRED;

	if (e == E_OK)
		why = cell_why_not(c, ret, session_show(c->a, c, ret), need);
	if (why != GATE_WHY_NOTHING)
		cell_refuse(c->a, q, why, 0);
	return why == GATE_WHY_NOTHING;
}

void cell_answer_session(struct authority *a, const struct question *q, enum gate_verdict v,
			 const struct session *s)
{
	struct authority_session r = { .verdict = (uint8_t)v };
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);

	if (v == GATE_OK || v == GATE_ENROL) {
		r.flags = session_wants_rotation(a, s) ? GATE_WANTS_ROTATION : 0;
		r.flags |= s->is_enrolling ? GATE_IS_ENROLLING : 0;
		r.factors = s->factors;
		r.number = s->id;
		r.slot = s->slot;
		r.generation = s->generation;
		r.until_s = s->until_s;
		r.user = user_name(&s->user);
		r.title = user_title(&s->user);
		r.locale = user_locale(&s->user);
	}
	if (authority_session_put(&w, &r) != E_OK)
		w.bad = true;
	cell_answer(a, q, AUTHORITY_SESSION, &w);
}

static bool cell_is_due(const struct authority *a, uint64_t at_ms)
{
	return at_ms && at_ms <= a->now_ms;
}

void cell_tick(struct authority *a)
{
	for (unsigned i = 0; i < CELL_SLOTS; i++) {
		struct authority_cell *c = &a->cells[i];

		if (!c->serial || !(cell_is_due(a, c->kill_ms) || cell_is_due(a, c->condemned_ms)))
			continue;
		spawner_kill(a, c);
		cell_end(c);
	}
}
