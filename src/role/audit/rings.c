/*
 * The merge. Each ring holds at most one record that was got and not yet rendered; the oldest of
 * these goes first. A worker that floods, or claims times of long ago, gets its share of a batch
 * and no more, so it can't keep the others' records out of the log (THREATS A22).
 */
#include "role/audit/rings.h"

#include "role/audit/alarms.h"

enum err rings_init(struct rings *rs, struct arena *a)
{
	for (unsigned i = 0; i < RINGS_MAX; i++) {
		rs->slot[i] = (struct rings_slot){ .buf = ARENA_NEW(a, uint8_t, RING_RECORD_MAX) };
		if (!rs->slot[i].buf)
			return E_NOMEM;
	}
	return E_OK;
}

static struct rings_slot *rings_find(struct rings *rs, uint32_t id)
{
	for (unsigned i = 0; i < rs->n; i++)
		if (rs->slot[i].state != RINGS_FREE && rs->slot[i].id == id)
			return &rs->slot[i];
	return NULL;
}

static struct rings_slot *rings_vacant(struct rings *rs)
{
	for (unsigned i = 0; i < rs->n; i++)
		if (rs->slot[i].state == RINGS_FREE)
			return &rs->slot[i];
	return rs->n < RINGS_MAX ? &rs->slot[rs->n++] : NULL;
}

enum err rings_add(struct rings *rs, uint32_t id, struct view name, int data_fd, int cursor_fd)
{
	struct rings_slot *s = NULL, fresh = { .id = id, .state = RINGS_OPEN };
	struct wbuf w = wbuf_of(fresh.name, sizeof fresh.name);

	if (rings_find(rs, id))
		return E_DENIED;
	TRY(ring_reader_map(data_fd, cursor_fd, &fresh.reader));
	s = rings_vacant(rs);
	if (!s) {
		ring_reader_unmap(&fresh.reader);
		return E_LIMIT;
	}
	wbuf_view_put(&w, view_slice(name, 0, sizeof fresh.name));
	fresh.name_n = (uint8_t)w.n;
	fresh.buf = s->buf;
	fresh.stored = fresh.reader.tail;
	fresh.told = fresh.reader.told;
	*s = fresh;
	return E_OK;
}

void rings_skip(struct rings *rs, const struct segment_ring *past)
{
	struct rings_slot *s = rings_find(rs, past->ring);
	struct view record = { 0 };

	if (!s || s->state != RINGS_OPEN)
		return;
	while (s->reader.tail <= past->position)
		if (ring_get(&s->reader, s->buf, &record) != E_OK)
			break;
	ring_release(&s->reader);
	s->stored = s->reader.tail;
}

enum err rings_end(struct rings *rs, uint32_t id)
{
	struct rings_slot *s = rings_find(rs, id);

	if (!s)
		return E_DENIED;
	if (s->state == RINGS_OPEN)
		s->state = RINGS_ENDING;
	else if (s->state == RINGS_BAD)
		s->state = RINGS_DONE;
	return E_OK;
}

static bool rings_is_readable(const struct rings_slot *s)
{
	return s->state == RINGS_OPEN || s->state == RINGS_ENDING;
}

static void rings_close(struct rings_slot *s, const char *what, struct rings_fault *fault)
{
	s->record.n = 0;
	s->state = s->state == RINGS_ENDING ? RINGS_DONE : RINGS_BAD;
	*fault = (struct rings_fault){ .slot = s, .what = what };
}

/* Gets the next record of s unless one waits already. */
static void rings_peek(struct rings_slot *s, struct rings_fault *fault)
{
	enum err e = E_OK;

	if (s->record.n)
		return;
	s->position = s->reader.tail;
	e = ring_get(&s->reader, s->buf, &s->record);
	if (e == E_OK)
		s->time_us = render_time(s->record);
	else if (e != E_AGAIN)
		rings_close(s, "a frame in its ring has an impossible length", fault);
}

/* Access records that did not fit in the ring: the log itself says how many are missing. */
static enum err rings_put_gap(struct rings *rs, struct rings_slot *s, struct chain *c,
			      int64_t wall_us, struct rings_fault *fault)
{
	struct chain_line line = { .wall_us = wall_us,
				   .kind = VIEW("gap"),
				   .action = VIEW("audit.gap"),
				   .object = view_of(s->name, s->name_n),
				   .result = VIEW("lost"),
				   .origin = VIEW("audit[0]") };
	uint64_t fresh = 0, total = 0;

	if (ring_lost(&s->reader, &fresh, &total) != E_OK) {
		rings_close(s, "its count of dropped records went down", fault);
		return E_AGAIN;
	}
	if (fresh == 0)
		return E_AGAIN;
	rs->lost += fresh;
	chain_begin(c, &line);
	chain_number(c, CHAIN_KEY("ring"), s->id);
	chain_number(c, CHAIN_KEY("count"), fresh);
	chain_number(c, CHAIN_KEY("total"), total);
	TRY(chain_end(c));
	alarms_see(c->alarms, &(struct alarms_seen){ .seq = c->seq,
						     .wall_us = (uint64_t)wall_us,
						     .action = line.action,
						     .object = line.object,
						     .result = line.result,
						     .origin = line.origin,
						     .writer = line.origin });
	return E_OK;
}

/* A batch begins: shares are dealt out, gaps are told. */
static enum err rings_open_batch(struct rings *rs, struct chain *c, int64_t wall_us,
				 struct rings_fault *fault)
{
	enum err any = E_AGAIN;
	unsigned waiting = 0;

	rs->fill = 0;
	for (unsigned i = 0; i < rs->n; i++) {
		struct rings_slot *s = &rs->slot[i];
		unsigned fill = 0;
		enum err e = E_AGAIN;

		if (!rings_is_readable(s))
			continue;
		e = rings_put_gap(rs, s, c, wall_us, fault);
		if (e != E_AGAIN && e != E_OK)
			return e;
		any = e == E_OK ? E_OK : any;
		fill = (unsigned)(ring_waiting(&s->reader) * 100 / s->reader.bytes);
		waiting += ring_waiting(&s->reader) > 0;
		rs->fill = fill > rs->fill ? fill : rs->fill;
	}
	for (unsigned i = 0; i < rs->n; i++)
		rs->slot[i].budget = CHAIN_BATCH / (waiting ? waiting : 1);
	return any;
}

static struct rings_slot *rings_oldest(struct rings *rs, struct rings_fault *fault)
{
	struct rings_slot *best = NULL;

	for (unsigned i = 0; i < rs->n; i++) {
		struct rings_slot *s = &rs->slot[i];

		if (!rings_is_readable(s) || s->budget == 0)
			continue;
		rings_peek(s, fault);
		if (s->record.n && (!best || s->time_us < best->time_us))
			best = s;
	}
	return best;
}

static enum err rings_render(struct rings *rs, struct rings_slot *s, struct chain *c,
			     struct rings_fault *fault)
{
	struct render_writer who = { .name = view_of(s->name, s->name_n),
				     .ring = s->id,
				     .position = s->position,
				     .skips_access = rs->skips_access };
	size_t before = c->out.n, used = 0;
	enum err e = render_record(c, &who, s->record);

	if (e == E_SYS)
		return e;
	if (e != E_OK) {
		rings_close(s, "a record in its ring is malformed", fault);
		return E_OK;
	}
	/* Never free of charge: also a record that gives no line uses up its ring's share. */
	used = c->out.n - before + s->record.n;
	s->budget -= used < s->budget ? used : s->budget;
	s->record.n = 0;
	return E_OK;
}

enum err rings_collect(struct rings *rs, struct chain *c, int64_t wall_us,
		       struct rings_fault *ret_fault)
{
	enum err any = rings_open_batch(rs, c, wall_us, ret_fault);

	while ((any == E_OK || any == E_AGAIN) && !ret_fault->what && chain_has_room(c)) {
		struct rings_slot *s = rings_oldest(rs, ret_fault);

		if (!s)
			break;
		any = rings_render(rs, s, c, ret_fault);
	}
	return ret_fault->what && any == E_AGAIN ? E_OK : any;
}

void rings_release(struct rings *rs)
{
	for (unsigned i = 0; i < rs->n; i++) {
		struct rings_slot *s = &rs->slot[i];

		if (!rings_is_readable(s))
			continue;
		if (s->record.n) { /* got, but not in the file: back to where it begins */
			s->reader.tail = s->position;
			s->record.n = 0;
		}
		if (s->reader.tail != s->stored || s->reader.told != s->told)
			ring_release(&s->reader);
		s->stored = s->reader.tail;
		s->told = s->reader.told;
		if (s->state == RINGS_ENDING && ring_waiting(&s->reader) == 0)
			s->state = RINGS_DONE;
	}
}

bool rings_are_empty(const struct rings *rs)
{
	for (unsigned i = 0; i < rs->n; i++)
		if (rings_is_readable(&rs->slot[i]) &&
		    (rs->slot[i].record.n || ring_waiting(&rs->slot[i].reader)))
			return false;
	return true;
}

bool rings_next_done(const struct rings *rs, uint32_t *ret_id)
{
	for (unsigned i = 0; i < rs->n; i++) {
		if (rs->slot[i].state == RINGS_DONE) {
			*ret_id = rs->slot[i].id;
			return true;
		}
	}
	return false;
}

void rings_forget(struct rings *rs, uint32_t id)
{
	struct rings_slot *s = rings_find(rs, id);

	if (!s)
		return;
	ring_reader_unmap(&s->reader);
	*s = (struct rings_slot){ .buf = s->buf };
}
