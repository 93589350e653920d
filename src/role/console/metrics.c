/*
 * One row per metric: its words, what it is counted for, and where its number lies in a shared
 * page. Numbers come from other processes and are only ever printed.
 */
#include "role/console/metrics.h"

#include <stddef.h>

enum metrics_scope { SCOPE_INSTANCE, SCOPE_EDGE, SCOPE_LISTENER, SCOPE_SERVER, SCOPE_CERTIFICATE };

/* Where the number comes from. */
enum metrics_from { FROM_LOAD, FROM_HEALTH, FROM_VALUE };

/* What tells the numbers of one item apart. */
enum metrics_sub { SUB_NONE, SUB_CODE, SUB_RESUMED, SUB_RESULT, SUB_SUMMARY };

/* FROM_VALUE: numbers that are computed. */
enum metrics_value {
	VALUE_ONE,
	VALUE_GENERATION,
	VALUE_REACH,
	VALUE_BEAT_AGE_MS,
	VALUE_EDGE_LOOPS,
	VALUE_SERVER_UP,
	VALUE_SERVER_WEIGHT,
	VALUE_EXPIRY
};

struct metrics_row {
	const char *name, *help;
	const char *type; /* "counter", "gauge", "summary" */
	uint8_t scope, from, sub;
	uint8_t width;	  /* bytes of the word: 1, 2, 4, 8 */
	uint8_t decimals; /* the word counts units of 10^-decimals */
	uint16_t offset;  /* in the page's entry; FROM_VALUE: enum metrics_value */
};

/* Rows by where their number lies; `field` is one of struct page_load_listener, _server, ... */
#define ROW_LISTENER(field, name, type, help)                                                      \
	{                                                                                          \
		name, help, type, SCOPE_LISTENER, FROM_LOAD, SUB_NONE,                             \
			sizeof(((struct page_load_listener *)0)->field), 0,                        \
			offsetof(struct page_load_listener, field)                                 \
	}
#define ROW_SERVER(field, name, type, help)                                                        \
	{                                                                                          \
		name, help, type, SCOPE_SERVER, FROM_LOAD, SUB_NONE,                               \
			sizeof(((struct page_load_server *)0)->field), 0,                          \
			offsetof(struct page_load_server, field)                                   \
	}
#define ROW_HEALTH(field, name, type, help)                                                        \
	{                                                                                          \
		name, help, type, SCOPE_SERVER, FROM_HEALTH, SUB_NONE,                             \
			sizeof(((struct page_health_entry *)0)->field), 0,                         \
			offsetof(struct page_health_entry, field)                                  \
	}
#define ROW_VALUE(scope, value, decimals, name, type, help)                                        \
	{                                                                                          \
		name, help, type, scope, FROM_VALUE, SUB_NONE, 8, decimals, value                  \
	}

static const struct metrics_row metrics_rows[] = {
	ROW_VALUE(SCOPE_INSTANCE, VALUE_ONE, 0, "sluis_build_info", "gauge",
		  "The running version."),
	ROW_VALUE(SCOPE_INSTANCE, VALUE_GENERATION, 0, "sluis_image_generation", "gauge",
		  "Configurations applied since the start."),
	ROW_VALUE(SCOPE_INSTANCE, VALUE_REACH, 0, "sluis_dialer_reach", "gauge",
		  "What holds the dialer to its addresses: 0 nothing, 1 ports, 2 addresses."),
	ROW_VALUE(SCOPE_INSTANCE, VALUE_BEAT_AGE_MS, 3, "sluis_dialer_beat_age_seconds", "gauge",
		  "Time since the dialer's last sign of life."),
	ROW_VALUE(SCOPE_EDGE, VALUE_EDGE_LOOPS, 0, "sluis_edge_loops_total", "counter",
		  "Turns of an edge's event loop: a stuck one stands still."),

	ROW_LISTENER(connections, "sluis_listener_connections", "gauge",
		     "Open client connections."),
	ROW_LISTENER(accepted, "sluis_listener_accepted_total", "counter",
		     "Client connections accepted."),
	ROW_LISTENER(refused, "sluis_listener_refused_total", "counter",
		     "Client connections closed because of a limit."),
	{ "sluis_listener_requests_total", "Requests answered, by class of status code.", "counter",
	  SCOPE_LISTENER, FROM_LOAD, SUB_CODE, 8, 0, offsetof(struct page_load_listener, status) },
	ROW_LISTENER(bad_requests, "sluis_listener_bad_requests_total", "counter",
		     "Requests refused as malformed."),
	ROW_LISTENER(bytes_in, "sluis_listener_received_bytes_total", "counter",
		     "Bytes from clients."),
	ROW_LISTENER(bytes_out, "sluis_listener_sent_bytes_total", "counter", "Bytes to clients."),
	{ "sluis_tls_handshakes_total", "TLS handshakes completed.", "counter", SCOPE_LISTENER,
	  FROM_LOAD, SUB_RESUMED, 8, 0, offsetof(struct page_load_listener, handshakes) },
	ROW_LISTENER(handshakes_failed, "sluis_tls_handshakes_failed_total", "counter",
		     "TLS handshakes that failed."),

	ROW_VALUE(SCOPE_SERVER, VALUE_SERVER_UP, 0, "sluis_server_up", "gauge",
		  "1 when requests may go to the server: healthy, not ejected, not drained."),
	ROW_VALUE(SCOPE_SERVER, VALUE_SERVER_WEIGHT, 0, "sluis_server_weight", "gauge",
		  "Configured weight."),
	ROW_HEALTH(is_ejected, "sluis_server_ejected", "gauge",
		   "1 while the server is ejected because of errors."),
	ROW_HEALTH(ejections, "sluis_server_ejections_total", "counter",
		   "Times the server was ejected."),
	{ "sluis_server_checks_total", "Active health checks.", "counter", SCOPE_SERVER,
	  FROM_HEALTH, SUB_RESULT, 4, 0, offsetof(struct page_health_entry, checks_ok) },
	{ "sluis_server_check_seconds", "Duration of the last health check.", "gauge", SCOPE_SERVER,
	  FROM_HEALTH, SUB_NONE, 4, 6, offsetof(struct page_health_entry, check_us) },
	{ "sluis_server_dials_total", "Connections made, or tried, to the server.", "counter",
	  SCOPE_SERVER, FROM_HEALTH, SUB_RESULT, 4, 0,
	  offsetof(struct page_health_entry, dials_ok) },
	ROW_HEALTH(addresses, "sluis_server_addresses", "gauge",
		   "Addresses the server's name has."),
	ROW_SERVER(in_flight, "sluis_server_in_flight", "gauge",
		   "Requests that wait for the server's answer."),
	ROW_SERVER(connections, "sluis_server_connections", "gauge",
		   "Open connections to the server, idle ones included."),
	ROW_SERVER(requests, "sluis_server_requests_total", "counter",
		   "Requests sent to the server."),
	{ "sluis_server_responses_total", "The server's answers, by class of status code.",
	  "counter", SCOPE_SERVER, FROM_LOAD, SUB_CODE, 8, 0,
	  offsetof(struct page_load_server, status) },
	ROW_SERVER(failures, "sluis_server_failures_total", "counter",
		   "Requests that failed on the server."),
	ROW_SERVER(retries, "sluis_server_retries_total", "counter",
		   "Requests that were tried again elsewhere."),
	{ "sluis_server_first_byte_seconds", "Time to the first byte of the server's answer.",
	  "summary", SCOPE_SERVER, FROM_LOAD, SUB_SUMMARY, 8, 6,
	  offsetof(struct page_load_server, latency_us) },
	ROW_SERVER(bytes_in, "sluis_server_received_bytes_total", "counter",
		   "Bytes from the server."),
	ROW_SERVER(bytes_out, "sluis_server_sent_bytes_total", "counter", "Bytes to the server."),
	ROW_SERVER(connects, "sluis_server_connects_total", "counter",
		   "New connections used for requests."),
	ROW_SERVER(reuses, "sluis_server_reuses_total", "counter",
		   "Requests on a connection that was open already."),

	ROW_VALUE(SCOPE_CERTIFICATE, VALUE_EXPIRY, 0, "sluis_certificate_expiry_seconds", "gauge",
		  "End of the certificate's validity, seconds since 1970."),
};

_Static_assert(offsetof(struct page_health_entry, checks_failed) ==
		       offsetof(struct page_health_entry, checks_ok) + 4,
	       "SUB_RESULT reads two neighbours");
_Static_assert(offsetof(struct page_health_entry, dials_failed) ==
		       offsetof(struct page_health_entry, dials_ok) + 4,
	       "SUB_RESULT reads two neighbours");
_Static_assert(offsetof(struct page_load_listener, handshakes_resumed) ==
		       offsetof(struct page_load_listener, handshakes) + 8,
	       "SUB_RESUMED reads two neighbours");

enum { METRICS_ROWS = sizeof metrics_rows / sizeof metrics_rows[0] };

static uint32_t metrics_items(const struct metrics_source *s, const struct metrics_row *r)
{
	switch ((enum metrics_scope)r->scope) {
	case SCOPE_INSTANCE:
		return 1;
	case SCOPE_EDGE:
		return ROLE_EDGES_MAX;
	case SCOPE_LISTENER:
		return image_count(s->image, IMAGE_LISTENER);
	case SCOPE_SERVER:
		return image_count(s->image, IMAGE_SERVER);
	case SCOPE_CERTIFICATE:
		return image_count(s->image, IMAGE_CERTIFICATE);
	}
	return 0;
}

static uint32_t metrics_subs(const struct metrics_row *r)
{
	static const uint8_t subs[] = { [SUB_NONE] = 1,
					[SUB_CODE] = 5,
					[SUB_RESUMED] = 2,
					[SUB_RESULT] = 2,
					[SUB_SUMMARY] = 2 };

	return subs[r->sub];
}

/* One word of a shared page; entry borrows the row's struct in it. */
static uint64_t metrics_word(struct view entry, uint32_t offset, uint8_t width)
{
	const void *p = view_slice(entry, offset, width).p;

	switch (width) {
	case 1:
		return PAGE_GET(*(const _Atomic uint8_t *)p);
	case 2:
		return PAGE_GET(*(const _Atomic uint16_t *)p);
	case 4:
		return PAGE_GET(*(const _Atomic uint32_t *)p);
	default:
		return PAGE_GET(*(const _Atomic uint64_t *)p);
	}
}

/* What sub selects: a word of an array, or a sum or difference of words, of one entry. */
static uint64_t metrics_select(const struct metrics_row *r, uint32_t sub, struct view entry)
{
	uint64_t sum = 0;

	if (r->sub == SUB_CODE) /* status[1] to status[5] */
		return metrics_word(entry, r->offset + 8 * (sub + 1), 8);
	if (r->sub == SUB_RESULT) /* ..._ok, ..._failed lie side by side */
		return metrics_word(entry, r->offset + 4 * sub, 4);
	if (r->sub == SUB_SUMMARY && sub == 1) { /* upgrades (1xx) have no time to the first byte */
		for (uint32_t class = 2; class <= 5; class ++)
			sum += metrics_word(
				entry,
				(uint32_t)offsetof(struct page_load_server, status) + 8 * class, 8);
		return sum;
	}
	if (r->sub == SUB_RESUMED) /* handshakes, handshakes_resumed likewise */
		return metrics_word(entry, r->offset + 8 * sub, 8);
	return metrics_word(entry, r->offset, r->width);
}

/* An entry that speaks of this server; empty when it is another's, or nobody has written yet. */
static struct view metrics_health(const struct metrics_source *s, const struct image_server *sv)
{
	const struct page_health_entry *e = NULL;

	if (!s->health || sv->slot >= IMAGE_SERVER_SLOTS)
		return (struct view){ 0 };
	e = &s->health->server[sv->slot];
	return PAGE_GET(e->gen) == sv->slot_gen ? view_of(e, sizeof *e) : (struct view){ 0 };
}

static struct view metrics_load(const struct metrics_source *s, const struct metrics_row *r,
				uint32_t item, size_t edge)
{
	const struct page_load_page *p = s->load[edge];
	const struct image_server *sv = NULL;
	uint32_t slot = 0;

	if (!p)
		return (struct view){ 0 };
	if (r->scope == SCOPE_LISTENER) {
		slot = image_listener_at(s->image, item)->slot;
		return slot < IMAGE_LISTENER_SLOTS
			       ? view_of(&p->listener[slot], sizeof p->listener[slot])
			       : (struct view){ 0 };
	}
	sv = image_server_at(s->image, item);
	if (sv->slot >= IMAGE_SERVER_SLOTS || PAGE_GET(p->server[sv->slot].gen) != sv->slot_gen)
		return (struct view){ 0 };
	return view_of(&p->server[sv->slot], sizeof p->server[sv->slot]);
}

/* May requests go there? What the edges ask themselves too. */
static bool metrics_is_up(const struct metrics_source *s, const struct image_server *sv)
{
	struct view v = metrics_health(s, sv);
	const struct page_health_entry *e = (const void *)v.p;
	unsigned admin = v.n ? PAGE_GET(e->admin) : PAGE_ADMIN_CONFIGURED;

	if (v.n && (PAGE_GET(e->health) == PAGE_HEALTH_DOWN || PAGE_GET(e->is_ejected)))
		return false;
	return admin == PAGE_ADMIN_ENABLED ||
	       (admin == PAGE_ADMIN_CONFIGURED && sv->state == IMAGE_SERVER_ENABLED);
}

static uint64_t metrics_beat_age(const struct metrics_source *s)
{
	uint64_t beat = s->health ? PAGE_GET(s->health->beat_mono_ms) : 0;

	return beat < s->now_mono_ms ? s->now_mono_ms - beat : 0;
}

static uint64_t metrics_value(const struct metrics_source *s, const struct metrics_row *r,
			      uint32_t item)
{
	int64_t end = 0;

	switch ((enum metrics_value)r->offset) {
	case VALUE_ONE:
		return 1;
	case VALUE_GENERATION:
		return s->image->header->generation;
	case VALUE_REACH:
		return s->health ? PAGE_GET(s->health->reach) : 0;
	case VALUE_BEAT_AGE_MS:
		return metrics_beat_age(s);
	case VALUE_EDGE_LOOPS:
		return PAGE_GET(s->load[item]->loops);
	case VALUE_SERVER_UP:
		return metrics_is_up(s, image_server_at(s->image, item));
	case VALUE_SERVER_WEIGHT:
		return image_server_at(s->image, item)->weight;
	case VALUE_EXPIRY:
		end = image_certificate_at(s->image, item)->not_after_s;
		return end > 0 ? (uint64_t)end : 0;
	}
	return 0;
}

static uint64_t metrics_number(const struct metrics_source *s, const struct metrics_row *r,
			       const struct metrics_position *at)
{
	uint64_t sum = 0;
	struct view v = { 0 };

	if (r->from == FROM_VALUE)
		return metrics_value(s, r, at->item);
	if (r->from == FROM_HEALTH) {
		v = metrics_health(s, image_server_at(s->image, at->item));
		return v.n ? metrics_select(r, at->sub, v) : 0;
	}
	for (size_t edge = 0; edge < ROLE_EDGES_MAX; edge++) {
		v = metrics_load(s, r, at->item, edge);
		if (v.n)
			sum += metrics_select(r, at->sub, v);
	}
	return sum;
}

/* A label's value: backslash, quote and newline escaped; what is not printable ASCII or UTF-8's
 * upper half can't be in a name, and is not passed on if it is. */
static void metrics_put_label(struct wbuf *w, bool *has_labels, const char *name, struct view value)
{
	wbuf_str(w, *has_labels ? "," : "{");
	*has_labels = true;
	wbuf_str(w, name);
	WBUF_LIT(w, "=\"");
	value = view_slice(value, 0, METRICS_LINE_MAX / 8);
	for (size_t i = 0; i < value.n; i++) {
		uint8_t c = value.p[i];

		if (c == '\\' || c == '"')
			WBUF_LIT(w, "\\");
		wbuf_u8(w, c < 0x20 || c == 0x7f ? '?' : c);
	}
	WBUF_LIT(w, "\"");
}

static void metrics_put_item(struct wbuf *w, const struct metrics_source *s,
			     const struct metrics_row *r, uint32_t item, bool *has_labels)
{
	const struct image_server *sv = NULL;
	uint8_t number[20];
	struct wbuf n = wbuf_of(number, sizeof number);

	switch ((enum metrics_scope)r->scope) {
	case SCOPE_INSTANCE:
		if (r->offset == VALUE_ONE)
			metrics_put_label(w, has_labels, "version", VIEW(SLUIS_VERSION));
		return;
	case SCOPE_EDGE:
		wbuf_dec(&n, item);
		metrics_put_label(w, has_labels, "edge", wbuf_view(&n));
		return;
	case SCOPE_LISTENER:
		metrics_put_label(w, has_labels, "listener",
				  image_view(s->image, image_listener_at(s->image, item)->name));
		return;
	case SCOPE_SERVER:
		sv = image_server_at(s->image, item);
		metrics_put_label(w, has_labels, "pool",
				  image_view(s->image, image_pool_at(s->image, sv->pool)->name));
		metrics_put_label(w, has_labels, "server", image_view(s->image, sv->name));
		return;
	case SCOPE_CERTIFICATE:
		metrics_put_label(w, has_labels, "certificate",
				  image_view(s->image, image_certificate_at(s->image, item)->name));
		return;
	}
}

static void metrics_put_sub(struct wbuf *w, const struct metrics_row *r, uint32_t sub,
			    bool *has_labels)
{
	static const char *const codes[] = { "1xx", "2xx", "3xx", "4xx", "5xx" };

	if (r->sub == SUB_CODE)
		metrics_put_label(w, has_labels, "code", view_str(codes[sub]));
	else if (r->sub == SUB_RESUMED)
		metrics_put_label(w, has_labels, "resumed", sub ? VIEW("true") : VIEW("false"));
	else if (r->sub == SUB_RESULT)
		metrics_put_label(w, has_labels, "result", sub ? VIEW("failed") : VIEW("ok"));
}

static void metrics_put_number(struct wbuf *w, uint64_t x, unsigned decimals)
{
	uint64_t unit = 1;

	for (unsigned i = 0; i < decimals; i++)
		unit *= 10;
	wbuf_dec(w, x / unit);
	if (decimals) {
		WBUF_LIT(w, ".");
		wbuf_dec_pad(w, x % unit, decimals);
	}
}

static void metrics_put_sample(struct wbuf *w, const struct metrics_source *s,
			       const struct metrics_row *r, const struct metrics_position *at)
{
	bool has_labels = false, is_count = r->sub == SUB_SUMMARY && at->sub == 1;

	if (r->scope == SCOPE_EDGE && !s->load[at->item])
		return;
	wbuf_str(w, r->name);
	if (r->sub == SUB_SUMMARY)
		wbuf_str(w, is_count ? "_count" : "_sum");
	metrics_put_item(w, s, r, at->item, &has_labels);
	metrics_put_sub(w, r, at->sub, &has_labels);
	wbuf_str(w, has_labels ? "} " : " ");
	metrics_put_number(w, metrics_number(s, r, at), is_count ? 0 : r->decimals);
	WBUF_LIT(w, "\n");
}

static void metrics_put_words(struct wbuf *w, const struct metrics_row *r)
{
	WBUF_LIT(w, "# HELP ");
	wbuf_str(w, r->name);
	WBUF_LIT(w, " ");
	wbuf_str(w, r->help);
	WBUF_LIT(w, "\n# TYPE ");
	wbuf_str(w, r->name);
	WBUF_LIT(w, " ");
	wbuf_str(w, r->type);
	WBUF_LIT(w, "\n");
}

/* The next number of the same metric, or the next metric. */
static void metrics_step(const struct metrics_row *r, struct metrics_position *at)
{
	at->sub++;
	if (at->sub < metrics_subs(r))
		return;
	at->sub = 0;
	at->item++;
}

bool metrics_put(const struct metrics_source *s, struct metrics_position *at, struct wbuf *w)
{
	while (at->row < METRICS_ROWS) {
		const struct metrics_row *r = &metrics_rows[at->row];
		uint32_t items = metrics_items(s, r);

		if (at->item >= items) {
			*at = (struct metrics_position){ .row = at->row + 1 };
			continue;
		}
		if (wbuf_room(w) < METRICS_LINE_MAX)
			return false;
		if (at->item == 0 && at->sub == 0)
			metrics_put_words(w, r);
		metrics_put_sample(w, s, r, at);
		metrics_step(r, at);
	}
	return true;
}

const char *metrics_why_unhealthy(const struct metrics_source *s)
{
	enum { BEAT_MAX_MS = 5000 };

	if (!s->image)
		return "no configuration is in force";
	if (metrics_beat_age(s) > BEAT_MAX_MS)
		return "the dialer gives no sign of life";
	return s->has_edge ? NULL : "no edge gives a sign of life";
}
