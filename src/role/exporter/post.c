/*
 * One POST at a time to the collector, over a connection that is kept. What it answers is not
 * trusted further than its status: an answer that is long, slow or no HTTP costs the connection.
 */
#include "role/exporter/exporter.h"

#include "proto/http1.h"
#include "sys/connect.h"
#include "sys/log.h"

enum { POST_FIELDS = 64, POST_FULL = EXPORTER_BATCH / 2, POST_RETRY_MAX_MS = 16000 };

#define POST_COUNT(x, word, n)                                                                     \
	do {                                                                                       \
		if ((x)->page)                                                                     \
			PAGE_ADD((x)->page->word, (n));                                            \
	} while (0)

enum err post_init(struct exporter *x, struct arena *a)
{
	for (unsigned i = 0; i < 2; i++) {
		void *p = ARENA_NEW(a, uint8_t, EXPORTER_BATCH);

		if (!p)
			return E_NOMEM;
		x->batch[i].json = wbuf_of(p, EXPORTER_BATCH);
		otlp_begin(&x->batch[i], x->service);
	}
	x->collector.fd = -1;
	return E_OK;
}

static struct exporter_batch *post_sending(struct exporter *x)
{
	return &x->batch[1 - x->filling];
}

static void post_tell_waiting(struct exporter *x)
{
	if (x->page)
		PAGE_SET(x->page->waiting, x->batch[0].spans + x->batch[1].spans);
}

void post_take(struct exporter *x, const struct span *s)
{
	struct exporter_batch *b = &x->batch[x->filling];

	POST_COUNT(x, received, 1);
	if (!otlp_span(b, s)) {
		POST_COUNT(x, dropped, 1);
		return;
	}
	if (b->spans == 1)
		x->flush_ms = x->loop.now_ms + EXPORTER_FLUSH_MS;
	post_tell_waiting(x);
}

bool post_is_empty(const struct exporter *x)
{
	return x->state == EXPORTER_IDLE && x->batch[0].spans == 0 && x->batch[1].spans == 0;
}

/* The batch that was under way is over; its memory is the next one to fill. */
static void post_over(struct exporter *x, bool is_taken)
{
	struct exporter_batch *b = post_sending(x);

	if (is_taken && x->is_in_trouble)
		log_line(LOG_INFO, "the collector takes spans again");
	x->is_in_trouble &= !is_taken;
	if (is_taken)
		POST_COUNT(x, exported, b->spans);
	else
		POST_COUNT(x, dropped, b->spans);
	otlp_begin(b, x->service);
	x->state = EXPORTER_IDLE;
	x->tries = 0;
	post_tell_waiting(x);
}

/* Another try is worth it when the collector was not there, or asked for it. */
static void post_failed(struct exporter *x, const char *why, bool may_retry)
{
	uint64_t wait_ms = (uint64_t)EXPORTER_RETRY_MS << x->tries;

	loop_close(&x->collector);
	POST_COUNT(x, posts_failed, 1);
	if (!x->is_in_trouble)
		log_line(LOG_WARNING, "the collector of spans: %s", why);
	x->is_in_trouble = true;
	x->tries++;
	if (!may_retry || x->is_ending || x->tries >= EXPORTER_TRIES) {
		post_over(x, false);
		return;
	}
	x->state = EXPORTER_WAITING;
	x->due_ms = x->loop.now_ms + (wait_ms < POST_RETRY_MAX_MS ? wait_ms : POST_RETRY_MAX_MS);
}

static void post_put_head(struct exporter *x, size_t body_bytes)
{
	x->head = wbuf_of(x->head_bytes, sizeof x->head_bytes);
	WBUF_LIT(&x->head, "POST ");
	wbuf_str(&x->head, x->path);
	WBUF_LIT(&x->head, " HTTP/1.1\r\nHost: ");
	ip_put_endpoint(&x->head, &x->ip, x->port);
	WBUF_LIT(&x->head, "\r\nUser-Agent: sluis/" SLUIS_VERSION
			   "\r\nContent-Type: application/json\r\nContent-Length: ");
	wbuf_dec(&x->head, body_bytes);
	WBUF_LIT(&x->head, "\r\n\r\n");
	INVARIANT(!x->head.bad);
}

/* Head, then batch. E_AGAIN the collector has to take some first */
static enum err post_send(struct exporter *x)
{
	struct view head = wbuf_view(&x->head), json = wbuf_view(&post_sending(x)->json);
	size_t n = 0;

	while (x->sent < head.n) {
		TRY(connect_send(x->collector.fd, view_slice(head, x->sent, head.n), &n));
		x->sent += n;
	}
	while (x->sent < head.n + json.n) {
		TRY(connect_send(x->collector.fd, view_slice(json, x->sent - head.n, json.n), &n));
		x->sent += n;
	}
	return E_OK;
}

static void post_write(struct exporter *x)
{
	enum err e = post_send(x);

	if (e == E_AGAIN) {
		if (loop_change(&x->loop, &x->collector, EPOLLOUT) != E_OK)
			post_failed(x, "epoll", true);
		return;
	}
	if (e != E_OK || loop_change(&x->loop, &x->collector, EPOLLIN) != E_OK) {
		post_failed(x, "it closed the connection", true);
		return;
	}
	x->state = EXPORTER_READING;
	x->answer = wbuf_of(x->answer_bytes, sizeof x->answer_bytes);
	x->progress = 0;
}

static void post_begin(struct exporter *x)
{
	x->sent = 0;
	x->state = EXPORTER_SENDING;
	x->due_ms = x->loop.now_ms + EXPORTER_POST_MS;
	POST_COUNT(x, posts, 1);
	post_put_head(x, post_sending(x)->json.n);
	post_write(x);
}

static void post_connect(struct exporter *x)
{
	int fd = -1;

	if (x->collector.fd >= 0) {
		post_begin(x);
		return;
	}
	x->due_ms = x->loop.now_ms + EXPORTER_POST_MS;
	if (connect_tcp(&x->ip, x->port, &fd) != CONNECT_OK) {
		post_failed(x, "it can't be reached", true);
		return;
	}
	x->collector = (struct loop_source){ .fd = fd, .kind = EXPORTER_COLLECTOR };
	x->state = EXPORTER_CONNECTING;
	if (loop_add(&x->loop, &x->collector, EPOLLOUT) != E_OK)
		post_failed(x, "epoll", true);
}

/* The status has come: what it means for the batch. */
static void post_judge(struct exporter *x, uint16_t status, bool keeps)
{
	if (!keeps)
		loop_close(&x->collector);
	if (status >= 200 && status < 300)
		post_over(x, true);
	else /* OTLP: these three ask for another try */
		post_failed(x, "it refuses spans",
			    status == 429 || (status >= 502 && status <= 504));
}

/* The answer as far as it has come; E_OK: it is judged, or another follows an interim one. E_AGAIN
 * more is needed · E_PROTO it is no HTTP, or too long */
static enum err post_read_answer(struct exporter *x)
{
	struct field fields[POST_FIELDS];
	struct http1_head h = { .fields = fields, .field_cap = POST_FIELDS };
	struct http1_error why = { 0 };
	struct view in = wbuf_view(&x->answer);

	TRY(http1_parse_response(in, EXPORTER_ANSWER, METHOD_POST, &x->progress, &h, &why));
	if (h.status < 200) { /* an interim answer: the real one follows */
		struct view rest = view_slice(in, h.n, in.n);

		x->answer.n = 0;
		for (size_t i = 0; i < rest.n; i++) /* front to back: the two overlap */
			wbuf_u8(&x->answer, rest.p[i]);
		x->progress = 0;
		return rest.n ? E_OK : E_AGAIN;
	}
	if (h.body == BODY_LENGTH && h.content_length <= EXPORTER_ANSWER - h.n) {
		if (in.n < h.n + h.content_length) {
			x->progress = 0;
			return E_AGAIN;
		}
		post_judge(x, h.status,
			   (h.flags & HTTP1_KEEP_ALIVE) && in.n == h.n + h.content_length);
		return E_OK;
	}
	/* what has no length, or too much of it, is not waited for */
	post_judge(x, h.status, h.body == BODY_NONE && (h.flags & HTTP1_KEEP_ALIVE) && in.n == h.n);
	return E_OK;
}

static void post_read(struct exporter *x)
{
	enum err e = E_OK;

	if (wbuf_room(&x->answer) == 0) {
		post_failed(x, "its answer is too long", false);
		return;
	}
	e = connect_receive(x->collector.fd, &x->answer);
	if (e == E_AGAIN)
		return;
	if (e != E_OK) {
		post_failed(x, "it closed the connection", true);
		return;
	}
	do {
		e = post_read_answer(x);
	} while (e == E_OK && x->state == EXPORTER_READING);
	if (e != E_OK && e != E_AGAIN)
		post_failed(x, "its answer is not HTTP", false);
}

void post_on_collector(void *owner, struct loop_source *source, uint32_t events)
{
	struct exporter *x = owner;

	(void)source;
	(void)events;
	switch ((enum exporter_state)x->state) {
	case EXPORTER_CONNECTING:
		if (connect_finish(x->collector.fd) != CONNECT_OK)
			post_failed(x, "it refuses connections", true);
		else
			post_begin(x);
		return;
	case EXPORTER_SENDING:
		post_write(x);
		return;
	case EXPORTER_READING:
		post_read(x);
		return;
	case EXPORTER_IDLE:
	case EXPORTER_WAITING:
		loop_close(&x->collector); /* it has nothing to say but goodbye */
		return;
	}
}

/* The filled batch goes, when there is one and nothing is under way. */
static void post_flush(struct exporter *x)
{
	const struct exporter_batch *b = &x->batch[x->filling];
	bool is_due = x->loop.now_ms >= x->flush_ms || b->json.n > POST_FULL || x->is_ending;

	if (x->state != EXPORTER_IDLE || b->spans == 0 || !is_due)
		return;
	otlp_end(&x->batch[x->filling]);
	x->filling = !x->filling;
	post_connect(x);
}

int post_tick(struct exporter *x)
{
	if (x->state == EXPORTER_WAITING && x->loop.now_ms >= x->due_ms)
		post_connect(x);
	else if (x->state != EXPORTER_IDLE && x->state != EXPORTER_WAITING &&
		 x->loop.now_ms >= x->due_ms)
		post_failed(x, "it does not answer in time", true);
	post_flush(x);
	if (x->state == EXPORTER_IDLE && x->batch[x->filling].spans == 0)
		return -1;
	return 100;
}
