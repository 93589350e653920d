/*
 * One webhook: every alarm of the log is posted to it as JSON with its explanation, one connection
 * each, at most HOOK_RATE a minute, in order, and again until it is taken. What repeats within a
 * minute, of the same action and object, is one post with a count at the minute's end. The path of
 * its URL may be a secret: it goes into the request and nowhere else.
 */
#include "role/shipper/shipper.h"

#include "base/hash.h"
#include "ipc/alarm_words.h"
#include "proto/http1.h"
#include "sys/clock.h"

#include <stdio.h>
#include <time.h>

enum { HOOK_LINES = 20000 /* of the log, per turn */, HOOK_FIELDS = 64, HOOK_WINDOW_MS = 60000 };

/* ---- what is posted ---- */

static void hook_put_text(struct wbuf *w, const char *before, struct view text)
{
	wbuf_str(w, before);
	WBUF_LIT(w, "\"");
	audit_line_put_text(w, text);
	WBUF_LIT(w, "\"");
}

enum err hook_put(struct wbuf *w, struct view line, uint64_t count, struct view instance)
{
	const struct alarm_words *words = NULL;
	struct audit_line l = { 0 };
	const char *why = NULL;

	TRY(audit_line_parse(line, &l, &why));
	words = alarm_words_of(l.action);
	WBUF_LIT(w, "{\"alarm\":");
	wbuf_view_put(w, line); /* parsed: an object of plain texts and numbers, and nothing else */
	WBUF_LIT(w, ",\"count\":");
	wbuf_dec(w, count);
	hook_put_text(w, ",\"means\":", view_str(words->means));
	hook_put_text(w, ",\"do_first\":", view_str(words->first));
	hook_put_text(w, ",\"class\":", view_str(alarm_words_class(words->class)));
	hook_put_text(w, ",\"instance\":", instance);
	WBUF_LIT(w, "}\n");
	return w->bad ? E_LIMIT : E_OK;
}

/* Letters, digits and -, as audit makes them: anything else would be somebody else's header. */
static bool hook_is_id(struct view id)
{
	for (size_t i = 0; i < id.n; i++) {
		uint8_t c = id.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      c == '-'))
			return false;
	}
	return id.n > 0 && id.n <= HOOK_ID;
}

bool hook_put_request(struct sink *s)
{
	struct hook *h = s->hook;
	struct wbuf *w = &s->plain;

	w->n = 0;
	WBUF_LIT(w, "POST ");
	wbuf_view_put(w, h->path);
	WBUF_LIT(w, " HTTP/1.1\r\nHost: ");
	wbuf_view_put(w, view_str(s->name));
	WBUF_LIT(w, "\r\nUser-Agent: Sluis\r\nConnection: close\r\nContent-Type: "
		    "application/json\r\nIdempotency-Key: \"");
	wbuf_view_put(w, view_of(h->id, h->id_n));
	WBUF_LIT(w, "\"\r\nContent-Length: ");
	wbuf_dec(w, h->body.n);
	WBUF_LIT(w, "\r\n\r\n");
	wbuf_view_put(w, wbuf_view(&h->body));
	h->answer = wbuf_of(h->answer_room, sizeof h->answer_room);
	h->posted_ms[h->posts++ % HOOK_RATE] = s->x->loop.now_ms;
	return !w->bad;
}

/* ---- where it is in the log ---- */

static void hook_put_now(struct hook *h)
{
	time_t now = (time_t)(clock_wall_us() / 1000000);
	struct tm t = { 0 };

	if (!gmtime_r(&now, &t) ||
	    strftime(h->begun, sizeof h->begun, "%Y-%m-%dT%H:%M:%S", &t) == 0)
		h->begun[0] = '\0'; /* no clock: all of the newest segment is new */
}

void hook_init(struct sink *s, struct hook *h, struct view path)
{
	unsigned nth = 0;

	for (const struct sink *other = s->x->sink; other < s; other++)
		nth += other->hook && view_eq(view_str(other->name), view_str(s->name));
	h->path = path;
	h->body = wbuf_of(h->body_room, sizeof h->body_room);
	s->hook = h;
	/* not of the path: a new token in it goes on where the old one was */
	(void)snprintf(s->cursor, sizeof s->cursor, "hook-%016llx-%u",
		       (unsigned long long)hash_fnv1a(view_str(s->name)), nth);
	if (reader_load(s->x->own_fd, s->cursor, view_str(s->name), &s->safe)) {
		s->saved = s->safe;
		return;
	}
	h->is_new = true;
	hook_put_now(h);
}

/* A place to read from: where it was; a new one begins with the newest segment. E_AGAIN no log */
static enum err hook_open(struct sink *s, struct hook *h)
{
	uint64_t first = 0, skipped = 0;

	if (h->is_open)
		return E_OK;
	if (h->is_new && s->safe.first == 0 &&
	    audit_file_before(s->x->log_fd, UINT64_MAX, &first) == E_OK)
		s->safe = (struct place){ .first = first, .seq = first - 1 };
	TRY(reader_open(&s->log, s->x->log_fd, &s->safe, &skipped));
	h->is_open = true;
	if (skipped)
		sink_lost(s, s->safe.seq + 1, skipped);
	return E_OK;
}

/* What lies before this has been posted, or needs no post. */
static void hook_settle(struct sink *s, struct hook *h)
{
	const struct place *safe = h->body.n ? &h->at : &s->log.at;

	for (unsigned i = 0; i < HOOK_KINDS; i++)
		if (h->kind[i].more && h->kind[i].first.seq < safe->seq)
			safe = &h->kind[i].first;
	if (!h->is_new)
		s->safe = *safe;
}

/* ---- what comes next ---- */

static struct hook_kind *hook_kind_find(struct sink *s, struct hook *h, uint64_t key)
{
	for (unsigned i = 0; i < HOOK_KINDS; i++)
		if (h->kind[i].until_ms > s->x->loop.now_ms && h->kind[i].key == key)
			return &h->kind[i];
	return NULL;
}

/* A place in the table: with HOOK_RATE posts a minute there is always one whose minute is over. */
static struct hook_kind *hook_kind_free(struct sink *s, struct hook *h)
{
	for (unsigned i = 0; i < HOOK_KINDS; i++)
		if (h->kind[i].until_ms <= s->x->loop.now_ms && h->kind[i].more == 0)
			return &h->kind[i];
	return NULL;
}

/* The body of one post; it stays until it is taken. */
static void hook_load(struct sink *s, struct hook *h, struct view line, uint64_t count)
{
	struct audit_line l = { 0 };
	const char *why = NULL;
	struct wbuf id = wbuf_of(h->id, sizeof h->id);

	h->body.n = 0;
	h->body.bad = false;
	h->refusals = 0;
	if (hook_put(&h->body, line, count, view_str(s->x->host)) != E_OK ||
	    audit_line_begin(line, &l, &why) != E_OK) {
		h->body.n = 0;
		sink_event(s, RECORD_EVENT, "webhook.refused", "lost",
			   VIEW("a line says that it is an alarm, and is no record"));
		return;
	}
	if (hook_is_id(l.id))
		wbuf_view_put(&id, l.id);
	else
		wbuf_view_put(&id, l.seq_text);
	h->id_n = id.n;
	h->seq = l.seq;
}

static uint64_t hook_key(const struct audit_line *l)
{
	return hash_fnv1a(l->action) * 31 + hash_fnv1a(l->object);
}

/* Of two times as the log writes them; the second may have no fraction. */
static bool hook_is_before(struct view a, struct view b)
{
	for (size_t i = 0; i < a.n && i < b.n; i++)
		if (a.p[i] != b.p[i])
			return a.p[i] < b.p[i];
	return false;
}

/* Is it for this receiver? Not what was before it; and not that it itself was away. */
static bool hook_cares(const struct sink *s, const struct audit_line *l)
{
	const struct hook *h = s->hook;

	if (!view_eq(l->kind, VIEW("alarm")))
		return false;
	if (h->is_new && hook_is_before(l->time, view_str(h->begun)))
		return false;
	return !view_eq(l->action, VIEW("audit.ship_failed")) ||
	       !view_eq(l->object, view_str(s->name));
}

/* One line: it is loaded, counted, or nothing. */
static void hook_look(struct sink *s, struct hook *h, struct view line, const struct place *before)
{
	struct audit_line l = { 0 };
	struct hook_kind *k = NULL;
	const char *why = NULL;

	if (audit_line_begin(line, &l, &why) != E_OK || !hook_cares(s, &l))
		return;
	h->is_new = false; /* from here on all are for it */
	k = hook_kind_find(s, h, hook_key(&l));
	if (k) {
		k->first = k->more++ ? k->first : *before;
		k->last = *before;
		return;
	}
	h->at = *before;
	h->key = hook_key(&l);
	h->pending = NULL;
	hook_load(s, h, line, 1);
}

/* A minute that is over, with repeats: the newest of them, read once more, stands for all. */
static void hook_repeat(struct sink *s, struct hook *h)
{
	struct place back = s->log.at;
	struct view line = { 0 };
	uint64_t skipped = 0;

	for (unsigned i = 0; i < HOOK_KINDS && h->body.n == 0; i++) {
		struct hook_kind *k = &h->kind[i];

		if (k->more == 0 || k->until_ms > s->x->loop.now_ms)
			continue;
		h->at = k->first;
		h->key = k->key;
		h->pending = k;
		if (reader_open(&s->log, s->x->log_fd, &k->last, &skipped) == E_OK && !skipped &&
		    reader_next(&s->log, s->x->log_fd, &line) == E_OK)
			hook_load(s, h, line, k->more);
		if (h->body.n == 0) {
			sink_lost(s, k->last.seq + 1, k->more);
			k->more = 0;
		}
		if (reader_open(&s->log, s->x->log_fd, &back, &skipped) != E_OK)
			h->is_open = false;
	}
}

static void hook_read(struct sink *s, struct hook *h)
{
	for (unsigned i = 0; i < HOOK_LINES && h->body.n == 0; i++) {
		struct place before = s->log.at;
		struct view line = { 0 };
		enum err e = reader_next(&s->log, s->x->log_fd, &line);

		if (e == E_AGAIN) {
			h->is_new = false;
			s->all_ms = s->x->loop.now_ms;
		}
		if (e == E_LIMIT)
			continue;
		if (e != E_OK)
			break;
		if (before.first != s->log.at.first) /* the first line of the next segment */
			before = (struct place){ .first = s->log.at.first,
						 .seq = s->log.at.first - 1 };
		hook_look(s, h, line, &before);
	}
	if (s->log.lost)
		sink_lost(s, s->log.at.seq + 1 - s->log.lost, s->log.lost);
	s->log.lost = 0;
}

bool hook_wants(struct sink *s)
{
	struct hook *h = s->hook;
	uint64_t oldest = h->posted_ms[h->posts % HOOK_RATE];

	if (hook_open(s, h) != E_OK)
		return false;
	if (h->body.n == 0)
		hook_repeat(s, h);
	if (h->body.n == 0 && h->is_open)
		hook_read(s, h);
	hook_settle(s, h);
	return h->body.n && (h->posts < HOOK_RATE || s->x->loop.now_ms >= oldest + HOOK_WINDOW_MS);
}

/* ---- what is answered ---- */

/* It is taken, or given up. */
static void hook_done(struct sink *s, struct hook *h)
{
	struct hook_kind *k = h->pending ? h->pending : hook_kind_free(s, h);

	if (k)
		*k = (struct hook_kind){ .key = h->key,
					 .until_ms = s->x->loop.now_ms + HOOK_WINDOW_MS };
	h->pending = NULL;
	h->body.n = 0;
	h->refusals = 0;
	hook_settle(s, h);
}

/* It is this record that it does not want: so it must not hold up the next. */
static void hook_refused(struct sink *s, struct hook *h, unsigned status)
{
	uint8_t text[96];
	struct wbuf w = wbuf_of(text, sizeof text);

	s->due_ms = s->x->loop.now_ms + HOOK_RETRY_MS;
	if (++h->refusals < HOOK_TRIES)
		return;
	WBUF_LIT(&w, "record ");
	wbuf_dec(&w, h->seq);
	WBUF_LIT(&w, " is given up: it answered ");
	wbuf_dec(&w, status);
	WBUF_LIT(&w, " so often: ");
	wbuf_dec(&w, h->refusals);
	sink_event(s, RECORD_EVENT, "webhook.refused", "lost", wbuf_view(&w));
	hook_done(s, h);
}

enum err hook_take(struct sink *s, struct view plain, bool is_end, bool *ret_taken)
{
	struct hook *h = s->hook;
	struct field fields[HOOK_FIELDS];
	struct http1_head head = { .fields = fields, .field_cap = HOOK_FIELDS };
	struct http1_error why = { 0 };
	size_t progress = 0;
	enum err e = E_OK;

	*ret_taken = false;
	wbuf_view_put(&h->answer, view_slice(plain, 0, wbuf_room(&h->answer)));
	e = http1_parse_response(wbuf_view(&h->answer), sizeof h->answer_room, METHOD_POST,
				 &progress, &head, &why);
	if (e == E_AGAIN)
		return is_end || wbuf_room(&h->answer) == 0 ? E_PROTO : E_AGAIN;
	if (e != E_OK)
		return E_PROTO;
	if (head.status >= 200 && head.status < 300) {
		*ret_taken = true;
		if (s->x->page)
			PAGE_ADD(s->x->page->messages, 1);
		hook_done(s, h);
		return E_OK;
	}
	if (head.status != 400 && head.status != 413 && head.status != 422) {
		h->status = head.status;
		return E_DENIED;
	}
	hook_refused(s, h, head.status);
	return E_OK;
}
