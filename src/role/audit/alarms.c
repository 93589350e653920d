/* Kept by kind; what is told is made anew from what is kept, so that nothing is queued. */
#include "role/audit/alarms.h"

#include "sys/fd.h"

enum { ALARMS_EVERY_MS = 10000, ALARMS_REFILL_MS = 500, ALARMS_OF_WRITER = ALARMS_KINDS / 4 };

enum err alarms_attach(struct alarms *as, struct loop *loop, int fd, uint8_t source_kind)
{
	loop_close(&as->authority);
	as->authority = (struct loop_source){ .fd = fd, .kind = source_kind };
	if (fd_set_nonblocking(fd) == E_OK && loop_add(loop, &as->authority, EPOLLIN) == E_OK)
		return E_OK;
	loop_close(&as->authority);
	return E_SYS;
}

void alarms_on_event(struct alarms *as)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };

	/* A word would be against the rules: it ends the channel like its end does */
	if (frame_receive(as->authority.fd, buf, &f) == E_AGAIN)
		return;
	frame_done(&f);
	loop_close(&as->authority);
}

/* ---- keeping ---- */

static uint16_t alarms_copy(uint8_t *at, size_t cap, struct view v)
{
	struct wbuf w = wbuf_of(at, cap);

	wbuf_view_put(&w, view_slice(v, 0, cap));
	return (uint16_t)w.n;
}

static bool alarms_is(const struct alarms_kind *k, const struct alarms_seen *s)
{
	return k->is_used &&
	       view_eq(view_of(k->action, k->n[0]), view_slice(s->action, 0, AUDIT_ALARM_ACTION)) &&
	       view_eq(view_of(k->object, k->object_n),
		       view_slice(s->object, 0, AUDIT_ALARM_OBJECT));
}

/* Its place: the one it has, a free one, or that of one whose time is over. NULL: all are busy, or
 * its writer has its share of them */
static struct alarms_kind *alarms_place(struct alarms *as, const struct alarms_seen *s)
{
	struct alarms_kind *free = NULL;
	unsigned of_writer = 0;

	for (unsigned i = 0; i < ALARMS_KINDS; i++) {
		struct alarms_kind *k = &as->kinds[i];

		if (alarms_is(k, s))
			return k;
		of_writer += k->is_owed && view_eq(view_of(k->writer, k->n[3]), s->writer);
		if (!free &&
		    (!k->is_used || (!k->is_owed && as->now_ms - k->told_ms >= ALARMS_EVERY_MS)))
			free = k;
	}
	if (!free || of_writer >= ALARMS_OF_WRITER)
		return NULL;
	*free = (struct alarms_kind){ 0 };
	return free;
}

static void alarms_fill(struct alarms_kind *k, const struct alarms_seen *s)
{
	k->seq = s->seq;
	k->wall_us = s->wall_us;
	k->n[0] = (uint8_t)alarms_copy(k->action, sizeof k->action, s->action);
	k->n[1] = (uint8_t)alarms_copy(k->result, sizeof k->result, s->result);
	k->n[2] = (uint8_t)alarms_copy(k->origin, sizeof k->origin, s->origin);
	k->n[3] = (uint8_t)alarms_copy(k->writer, sizeof k->writer, s->writer);
	k->object_n = alarms_copy(k->object, sizeof k->object, s->object);
	k->detail_n = alarms_copy(k->detail, sizeof k->detail, s->detail);
	k->is_used = true;
}

void alarms_see(struct alarms *as, const struct alarms_seen *s)
{
	struct alarms_kind *k = as ? alarms_place(as, s) : NULL;

	if (!as)
		return;
	if (!k) {
		as->flood++;
		as->flood_seq = s->seq;
		as->flood_us = s->wall_us;
		return;
	}
	k->more += k->is_owed;
	k->owed_ms = k->is_owed ? k->owed_ms : as->now_ms;
	k->is_owed = true;
	alarms_fill(k, s);
}

static bool alarms_digit(uint8_t c, uint8_t *ret)
{
	if (c >= '0' && c <= '9')
		*ret = (uint8_t)(c - '0');
	else if (c >= 'a' && c <= 'f')
		*ret = (uint8_t)(c - 'a' + 10);
	else
		return false;
	return true;
}

static enum err alarms_unhex(struct view text, struct hash32 *ret)
{
	for (size_t i = 0; i < sizeof ret->b; i++) {
		uint8_t high = 0, low = 0;

		if (!alarms_digit(text.p[2 * i], &high) || !alarms_digit(text.p[2 * i + 1], &low))
			return E_PROTO;
		ret->b[i] = (uint8_t)(high << 4 | low);
	}
	return E_OK;
}

static enum err alarms_hash(struct view detail, struct view name, struct hash32 *ret)
{
	for (size_t i = 0; i + name.n + 2 * sizeof ret->b <= detail.n; i++)
		if (view_eq(view_slice(detail, i, name.n), name))
			return alarms_unhex(view_slice(detail, i + name.n, 2 * sizeof ret->b), ret);
	return E_PROTO;
}

enum err alarms_see_canary(struct alarms *as, struct view writer, struct view detail)
{
	struct alarms_canary c = { .is_owed = true };

	TRY(alarms_hash(detail, VIEW("session="), &c.told.session));
	TRY(alarms_hash(detail, VIEW("bearer="), &c.told.bearer));
	TRY(alarms_hash(detail, VIEW("password="), &c.told.password));
	if (!as)
		return E_OK;
	c.writer_n = (uint8_t)alarms_copy(c.writer, sizeof c.writer, writer);
	as->canaries[as->next_canary++ % ALARMS_CANARIES] = c;
	return E_OK;
}

/* ---- telling ---- */

static enum err alarms_send(struct alarms *as, const struct audit_alarm *m)
{
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);
	enum err e = audit_alarm_put(&w, m);

	if (e == E_OK)
		e = frame_send(as->authority.fd, AUDIT_ALARM, 0, wbuf_view(&w), NULL, 0);
	as->left -= e == E_OK;
	return e;
}

static enum err alarms_tell(struct alarms *as, struct alarms_kind *k)
{
	const struct audit_alarm m = { .seq = k->seq,
				       .wall_us = k->wall_us,
				       .more = k->more,
				       .action = view_of(k->action, k->n[0]),
				       .object = view_of(k->object, k->object_n),
				       .result = view_of(k->result, k->n[1]),
				       .origin = view_of(k->origin, k->n[2]),
				       .writer = view_of(k->writer, k->n[3]),
				       .detail = view_of(k->detail, k->detail_n) };

	TRY(alarms_send(as, &m));
	k->is_owed = false;
	k->more = 0;
	k->told_ms = as->now_ms;
	return E_OK;
}

static enum err alarms_tell_flood(struct alarms *as)
{
	const struct audit_alarm m = { .seq = as->flood_seq,
				       .wall_us = as->flood_us,
				       .more = as->flood - 1,
				       .action = VIEW("alarm.flood"),
				       .object = VIEW("audit log"),
				       .result = VIEW("counted"),
				       .origin = VIEW("audit[0]"),
				       .writer = VIEW("audit[0]"),
				       .detail = VIEW("too many kinds of alarms at once") };

	TRY(alarms_send(as, &m));
	as->flood = 0;
	return E_OK;
}

static enum err alarms_tell_canaries(struct alarms *as)
{
	for (unsigned i = 0; i < ALARMS_CANARIES; i++) {
		struct alarms_canary *c = &as->canaries[i];
		uint8_t body[256];
		struct wbuf w = wbuf_of(body, sizeof body);

		if (!c->is_owed)
			continue;
		c->told.writer = view_of(c->writer, c->writer_n);
		TRY(audit_canary_put(&w, &c->told));
		TRY(frame_send(as->authority.fd, AUDIT_CANARY, 0, wbuf_view(&w), NULL, 0));
		c->is_owed = false;
	}
	return E_OK;
}

static bool alarms_goes_first(const struct alarms_kind *a, const struct alarms_kind *b)
{
	bool is_canary = view_starts(view_of(a->action, a->n[0]), VIEW("canary."));

	if (is_canary != view_starts(view_of(b->action, b->n[0]), VIEW("canary.")))
		return is_canary;
	return a->owed_ms < b->owed_ms;
}

/* The next that is due: canaries, then by age. NULL: none */
static struct alarms_kind *alarms_due(struct alarms *as)
{
	struct alarms_kind *best = NULL;

	for (unsigned i = 0; i < ALARMS_KINDS; i++) {
		struct alarms_kind *k = &as->kinds[i];

		if (!k->is_owed || (k->told_ms && as->now_ms - k->told_ms < ALARMS_EVERY_MS))
			continue;
		if (!best || alarms_goes_first(k, best))
			best = k;
	}
	return best;
}

static enum err alarms_tell_due(struct alarms *as)
{
	struct alarms_kind *k = NULL;

	TRY(alarms_tell_canaries(as));
	while (as->left && (k = alarms_due(as)))
		TRY(alarms_tell(as, k));
	return as->flood && as->left ? alarms_tell_flood(as) : E_OK;
}

void alarms_turn(struct alarms *as, uint64_t now_ms)
{
	enum err e = E_OK;

	as->now_ms = now_ms;
	if (now_ms - as->refill_ms >= ALARMS_REFILL_MS) {
		as->refill_ms = now_ms;
		as->left += as->left < ALARMS_BURST;
	}
	if (as->authority.fd < 0)
		return;
	e = alarms_tell_due(as);
	if (e != E_OK && e != E_AGAIN)
		loop_close(&as->authority); /* the keeper brings another one */
}
