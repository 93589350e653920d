/* Access records of datagrams: one per session. */
#include "role/relay/record.h"

#include "ipc/record.h"
#include "role/relay/pool.h"
#include "sys/clock.h"

enum { RECORD_NAME_MAX = 56 };

struct record_end {
	const char *result, *ended, *detail;
	bool went_well;
};

static const struct record_end record_ends[RELAY_ENDS] = {
	[RELAY_END_IDLE] = { "ok", "", "", true },
	[RELAY_END_ANSWERED] = { "ok", "", "", true },
	[RELAY_END_UNANSWERED] = { "timeout", "server", "not everything was answered", false },
	[RELAY_END_REFUSED] = { "failed", "server", "nobody is at the server's port", false },
	[RELAY_END_LEFT] = { "failed", "server", "the server is down or disabled", false },
	[RELAY_END_NO_SERVER] = { "failed", "server", "no socket to a server", false },
	[RELAY_END_EVICTED] = { "aborted", "", "made room for another session", false },
	[RELAY_END_LISTENER] = { "ok", "", "the listener has gone", false },
	[RELAY_END_STOP] = { "ok", "", "the relay stops", false },
	[RELAY_END_ISOLATED] = { "aborted", "", "isolation", false },
};

static void record_put_name(struct wbuf *w, const struct relay *r, enum record_tag tag,
			    struct image_str name)
{
	record_put_text(w, tag, view_slice(image_view(&r->now->image, name), 0, RECORD_NAME_MAX));
}

void record_where(const struct relay *r, struct relay_session *s, const struct image_rule *rule)
{
	const struct image *im = &r->now->image;
	struct wbuf w = wbuf_of(s->where, sizeof s->where);
	uint32_t server = r->now->server_of_slot[s->server.slot] - 1u;

	record_put_name(&w, r, RECORD_TAG_ROUTE, rule->name);
	record_put_name(&w, r, RECORD_TAG_POOL,
			image_pool_at(im, image_server_at(im, server)->pool)->name);
	record_put_name(&w, r, RECORD_TAG_SERVER, image_server_at(im, server)->name);
	INVARIANT(!w.bad);
	s->where_n = (uint8_t)w.n;
}

static void record_put_ends(struct wbuf *w, const struct relay_session *s,
			    const struct image_listener *l)
{
	uint8_t text[80];
	struct wbuf t = wbuf_of(text, sizeof text);

	WBUF_LIT(&t, "udp://");
	ip_put_endpoint(&t, &s->local, l->address.port);
	record_put_text(w, RECORD_TAG_OBJECT, wbuf_view(&t));
	t.n = 0;
	ip_put_endpoint(&t, &s->client, s->port);
	record_put_text(w, RECORD_TAG_ORIGIN, wbuf_view(&t));
	record_put_text(w, RECORD_TAG_ACTOR, VIEW("-"));
}

static void record_put_numbers(struct wbuf *w, const struct relay *r, const struct relay_session *s)
{
	record_put_number(w, RECORD_TAG_BYTES_IN, s->bytes_in);
	record_put_number(w, RECORD_TAG_BYTES_OUT, s->bytes_out);
	record_put_number(w, RECORD_TAG_DATAGRAMS_IN, s->datagrams_in);
	record_put_number(w, RECORD_TAG_DATAGRAMS_OUT, s->datagrams_out);
	record_put_number(w, RECORD_TAG_DURATION_US, (r->loop.now_ns - s->started_ns) / 1000);
	if (s->tries)
		record_put_number(w, RECORD_TAG_TRIES, s->tries + 1u);
}

/* A session that went well may be one of many that have no record. */
static bool record_is_left_out(struct relay *r, const struct record_end *end)
{
	unsigned percent = r->now->image.header->log_percent;

	return end->went_well && percent < 100 && rng_below(&r->rng, 100) >= percent;
}

void record_session(struct relay *r, const struct relay_session *s, enum relay_end why)
{
	const struct record_end *end = &record_ends[why];
	const struct image_listener *l = r->now->listener[s->slot];
	unsigned percent = r->now->image.header->log_percent;
	uint8_t bytes[1024];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);

	if (!l || !r->now->image.header->log_access || record_is_left_out(r, end))
		return;
	record_put_number(&w, RECORD_TAG_KIND, RECORD_ACCESS);
	record_put_number(&w, RECORD_TAG_TIME, (uint64_t)clock_wall_us());
	record_put_text(&w, RECORD_TAG_ACTION, VIEW("datagrams"));
	record_put_text(&w, RECORD_TAG_RESULT, view_str(end->result));
	record_put_ends(&w, s, l);
	record_put_text(&w, RECORD_TAG_LISTENER, image_view(&r->now->image, l->name));
	wbuf_put(&w, s->where, s->where_n);
	record_put_numbers(&w, r, s);
	if (*end->ended)
		record_put_text(&w, RECORD_TAG_ENDED, view_str(end->ended));
	if (*end->detail)
		record_put_text(&w, RECORD_TAG_DETAIL, view_str(end->detail));
	if (end->went_well && percent < 100)
		record_put_number(&w, RECORD_TAG_SAMPLE_PERCENT, percent);
	if (wbuf_check(&w) != E_OK || ring_put(&r->ring, RING_ACCESS, wbuf_view(&w)) != E_OK)
		return; /* counted by the ring, recorded by audit */
}
