/* Texts of alarms are their writers' words: what no terminal should see is taken out before they
 * are kept. */
#include "role/authority/alarm.h"

#include "role/authority/alarm_raised.h"
#include "role/authority/canaries.h"
#include "role/authority/store.h"
#include "sys/fd.h"
#include "sys/log.h"

#define ALARM_SAME(x, y) _Static_assert((int)ALARM_##x == (int)IMAGE_ALARM_##y, "one order")
ALARM_SAME(CANARY, CANARY);
ALARM_SAME(SANDBOX, SANDBOX);
ALARM_SAME(AUDIT_GAP, AUDIT_GAP);
ALARM_SAME(CRASH, CRASH);
ALARM_SAME(EGRESS, EGRESS);
ALARM_SAME(SESSION_MOVE, SESSION_MOVE);
ALARM_SAME(FAILURES, FAILURES);
ALARM_SAME(OTHER, CLASSES);

enum { ALARM_FRAMES = 16 };

/* The texts of one, printable. */
struct alarm_texts {
	uint8_t action[AUDIT_ALARM_ACTION], object[AUDIT_ALARM_OBJECT], writer[AUDIT_ALARM_WRITER],
		origin[AUDIT_ALARM_ORIGIN], result[AUDIT_ALARM_RESULT], detail[AUDIT_ALARM_DETAIL];
};

enum err alarm_open(struct authority *a)
{
	struct store_ask q = store_ask(&a->store, Q_ALARM_COUNT_OPEN);
	uint64_t n = 0;

	TRY(store_number(&q, &n));
	a->alarm_open_n = (uint32_t)n;
	return E_OK;
}

uint32_t alarm_count_open(const struct authority *a)
{
	return a->alarm_open_n;
}

/* ---- adding ---- */

static struct view alarm_text(uint8_t *at, size_t cap, struct view v)
{
	v = view_slice(v, 0, cap);
	for (size_t i = 0; i < v.n; i++)
		at[i] = v.p[i] >= 0x20 && v.p[i] < 0x7f ? v.p[i] : (uint8_t)'?';
	return view_of(at, v.n);
}

static void alarm_fill(const struct audit_alarm *m, struct alarm_texts *t, struct alarm *ret)
{
	*ret = (struct alarm){
		.first_s = m->wall_us / 1000000,
		.last_s = m->wall_us / 1000000,
		.count = (uint64_t)m->more + 1,
		.first_seq = m->seq & INT64_MAX,
		.last_seq = m->seq & INT64_MAX,
		.action = alarm_text(t->action, sizeof t->action, m->action),
		.object = alarm_text(t->object, sizeof t->object, m->object),
		.writer = alarm_text(t->writer, sizeof t->writer, m->writer),
		.origin = alarm_text(t->origin, sizeof t->origin, m->origin),
		.result = alarm_text(t->result, sizeof t->result, m->result),
		.detail = alarm_text(t->detail, sizeof t->detail, m->detail),
	};
}

static enum err alarm_find(struct authority *a, struct alarm *al)
{
	struct store_ask q = store_ask(&a->store, Q_ALARM_OPEN);
	uint64_t id = 0;

	store_put_text(&q, al->action);
	store_put_text(&q, al->object);
	TRY(store_number(&q, &id));
	al->number = (uint32_t)id;
	return E_OK;
}

static enum err alarm_write_more(struct authority *a, const struct alarm *al)
{
	struct store_ask q = store_ask(&a->store, Q_ALARM_MORE);

	store_put_text(&q, al->writer);
	store_put_text(&q, al->origin);
	store_put_text(&q, al->result);
	store_put_text(&q, al->detail);
	store_put_int(&q, al->last_s);
	store_put_int(&q, al->count);
	store_put_int(&q, al->last_seq);
	store_put_int(&q, al->number);
	return store_run(&q);
}

static enum err alarm_write_new(struct authority *a, struct alarm *al)
{
	struct store_ask q = store_ask(&a->store, Q_ALARM_ADD);

	store_put_text(&q, al->action);
	store_put_text(&q, al->object);
	store_put_text(&q, al->writer);
	store_put_text(&q, al->origin);
	store_put_text(&q, al->result);
	store_put_text(&q, al->detail);
	store_put_int(&q, al->first_s);
	store_put_int(&q, al->last_s);
	store_put_int(&q, al->count);
	store_put_int(&q, al->first_seq);
	store_put_int(&q, al->last_seq);
	TRY(store_run(&q));
	al->number = store_last_id(&a->store);
	al->is_new = true;
	return E_OK;
}

/* E_LIMIT: all that there is room for are open. */
static enum err alarm_make_room(struct authority *a)
{
	struct store_ask q = store_ask(&a->store, Q_ALARM_COUNT);
	uint64_t n = 0;

	TRY(store_number(&q, &n));
	if (n < ALARM_ROWS_MAX)
		return E_OK;
	q = store_ask(&a->store, Q_ALARM_DROP);
	TRY(store_run(&q));
	return store_changes(&a->store) ? E_OK : E_LIMIT;
}

/* Found or not: E_OK it is kept. */
static enum err alarm_keep(struct authority *a, struct alarm *al)
{
	enum err e = alarm_find(a, al);

	if (e == E_OK)
		return alarm_write_more(a, al);
	if (e != E_CLOSED)
		return E_SYS;
	e = alarm_make_room(a);
	if (e == E_LIMIT) {
		al->action = VIEW("alarm.flood");
		al->object = VIEW("alarms");
		e = alarm_find(a, al);
		if (e == E_OK)
			return alarm_write_more(a, al);
	}
	return e == E_OK || e == E_CLOSED ? alarm_write_new(a, al) : E_SYS;
}

/* E_SYS: the store takes nothing. */
static enum err alarm_add(struct authority *a, const struct audit_alarm *m)
{
	struct alarm_texts texts = { 0 };
	struct alarm al = { 0 };
	enum err e = E_OK;

	alarm_fill(m, &texts, &al);
	TRY(store_begin(&a->store));
	e = alarm_keep(a, &al);
	if (e == E_OK)
		e = store_commit(&a->store);
	else
		store_abort(&a->store);
	if (e == E_OK)
		a->alarm_open_n += al.is_new;
	else
		log_line(LOG_ERROR, "an alarm could not be stored: %.*s", (int)al.action.n,
			 (const char *)al.action.p);
	/* What follows from it does not wait for a disk */
	alarm_raised(a, (enum alarm_class)alarm_words_of(al.action)->class, &al);
	return e;
}

/* ---- audit's channel ---- */

static enum err alarm_on_alarm(void *role, struct frame *f)
{
	struct audit_alarm m = { 0 };

	TRY(audit_alarm_get(f->body, &m));
	if (!m.action.n || m.wall_us > INT64_MAX)
		return E_PROTO;
	(void)alarm_add(role, &m);
	return E_OK;
}

static enum err alarm_on_canary(void *role, struct frame *f)
{
	struct audit_canary m = { 0 };

	TRY(audit_canary_get(f->body, &m));
	if (canaries_keep(role, &m) != E_OK)
		log_line(LOG_ERROR, "hashes of canaries could not be stored");
	return E_OK;
}

static const struct frame_def alarm_defs[] = {
	{ AUDIT_CANARY, 0, FRAME_RUN, 98, 98 + 32, alarm_on_canary },
	{ AUDIT_ALARM, 0, FRAME_RUN, 32, 32 + 1200, alarm_on_alarm },
};

static const struct frame_table alarm_table = { alarm_defs,
						sizeof alarm_defs / sizeof *alarm_defs };

enum err alarm_set_channel(struct authority *a, int fd)
{
	loop_close(&a->audit);
	a->audit = (struct loop_source){ .fd = fd, .kind = SOURCE_AUDIT };
	if (fd_set_nonblocking(fd) == E_OK && loop_add(&a->loop, &a->audit, EPOLLIN) == E_OK)
		return E_OK;
	loop_close(&a->audit);
	return E_SYS;
}

void alarm_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	enum err e = frame_pump(source->fd, &alarm_table, FRAME_RUN, owner, ALARM_FRAMES);

	(void)events;
	if (e == E_OK || e == E_AGAIN)
		return;
	if (e != E_CLOSED)
		log_line(LOG_ERROR, "audit's message is refused (%s)", err_name(e));
	loop_close(source); /* the keeper brings another one */
}

/* ---- reading and closing ---- */

static enum err alarm_read(struct store_ask *q, struct alarm *ret)
{
	TRY(store_next(q));
	*ret = (struct alarm){ .number = (uint32_t)store_int(q, 0),
			       .action = store_bytes(q, 1),
			       .object = store_bytes(q, 2),
			       .writer = store_bytes(q, 3),
			       .origin = store_bytes(q, 4),
			       .result = store_bytes(q, 5),
			       .detail = store_bytes(q, 6),
			       .first_s = store_int(q, 7),
			       .last_s = store_int(q, 8),
			       .count = store_int(q, 9),
			       .first_seq = store_int(q, 10),
			       .last_seq = store_int(q, 11),
			       .closed_s = store_int(q, 12),
			       .closed_by = store_bytes(q, 13),
			       .reason = store_bytes(q, 14) };
	return E_OK;
}

enum err alarm_after(struct authority *a, uint32_t number, bool want_closed, struct store_ask *q,
		     struct alarm *ret)
{
	*q = store_ask(&a->store, Q_ALARM_AFTER);
	store_put_int(q, number);
	store_put_int(q, want_closed);
	return alarm_read(q, ret);
}

enum err alarm_get(struct authority *a, uint32_t number, struct store_ask *q, struct alarm *ret)
{
	*q = store_ask(&a->store, Q_ALARM_GET);
	store_put_int(q, number);
	return alarm_read(q, ret);
}

enum err alarm_close(struct authority *a, uint32_t number, struct view by, struct view reason)
{
	struct store_ask q = store_ask(&a->store, Q_ALARM_CLOSE);

	store_put_int(&q, authority_wall_s(a));
	store_put_text(&q, by);
	store_put_text(&q, reason);
	store_put_int(&q, number);
	TRY(store_run(&q));
	if (!store_changes(&a->store))
		return E_CLOSED;
	a->alarm_open_n -= a->alarm_open_n > 0;
	return E_OK;
}
