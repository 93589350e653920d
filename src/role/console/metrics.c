/*
 * The metrics page from its table: for each row its words, then a line per item and label. Numbers
 * come from other processes and are only ever printed. Slots that no edge has used are not read: a
 * read would make the kernel give the page memory.
 */
#include "role/console/metrics.h"

#include "role/console/metrics_rows.h"

#include <stddef.h>

static uint32_t metrics_items(const struct metrics_source *s, const struct metrics_row *r)
{
	switch ((enum metrics_scope)r->scope) {
	case SCOPE_INSTANCE:
		return 1;
	case SCOPE_ROLE:
		return s->keeper ? PAGE_KEEPER_ROLES : 0;
	case SCOPE_EDGE:
		return ROLE_EDGES_MAX;
	case SCOPE_LISTENER:
		return image_count(s->image, IMAGE_LISTENER);
	case SCOPE_RULE:
		return image_count(s->image, IMAGE_RULE);
	case SCOPE_POOL:
		return image_count(s->image, IMAGE_POOL);
	case SCOPE_SERVER:
		return image_count(s->image, IMAGE_SERVER);
	case SCOPE_CERTIFICATE:
		return image_count(s->image, IMAGE_CERTIFICATE);
	case SCOPES:
		break;
	}
	return 0;
}

static bool metrics_is_histogram(const struct metrics_row *r)
{
	return r->type[0] == 'h';
}

/* Lines of one item: a histogram has its buckets, sum and count. */
static uint32_t metrics_subs(const struct metrics_row *r)
{
	if (metrics_is_histogram(r))
		return HISTOGRAM_BUCKETS + 2;
	return r->by ? r->by->n : 1;
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

/* What sub selects of one entry; a histogram's buckets count all that is not longer. */
static uint64_t metrics_select(const struct metrics_row *r, uint32_t sub, struct view entry)
{
	uint64_t sum = 0;

	if (!metrics_is_histogram(r))
		return metrics_word(
			entry, r->offset + r->width * (sub + (r->by ? r->by->first : 0)), r->width);
	if (sub == HISTOGRAM_BUCKETS)
		return metrics_word(entry, r->sum, 8);
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS && i <= sub; i++)
		sum += metrics_word(entry, r->offset + 8 * i, 8);
	return sum;
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

/* The entry if it is of that generation; one that its edge never used is not looked at. */
#define METRICS_ENTRY(page, array, high, x)                                                        \
	((x)->slot < PAGE_GET((page)->high) &&                                                     \
			 (x)->slot < sizeof(page)->array / sizeof(page)->array[0] &&               \
			 PAGE_GET((page)->array[(x)->slot].gen) == (x)->slot_gen                   \
		 ? view_of(&(page)->array[(x)->slot], sizeof(page)->array[0])                      \
		 : (struct view){ 0 })

static struct view metrics_load(const struct metrics_source *s, const struct metrics_row *r,
				uint32_t item, size_t edge)
{
	const struct page_load_page *p = s->load[edge];
	uint32_t slot = 0;

	if (!p)
		return (struct view){ 0 };
	switch ((enum metrics_scope)r->scope) {
	case SCOPE_EDGE:
		return item == edge ? view_of(p, offsetof(struct page_load_page, listener))
				    : (struct view){ 0 };
	case SCOPE_LISTENER:
		slot = image_listener_at(s->image, item)->slot;
		return slot < IMAGE_LISTENER_SLOTS
			       ? view_of(&p->listener[slot], sizeof p->listener[slot])
			       : (struct view){ 0 };
	case SCOPE_RULE:
		return METRICS_ENTRY(p, rule, rule_high, image_rule_at(s->image, item));
	case SCOPE_POOL:
		return METRICS_ENTRY(p, pool, pool_high, image_pool_at(s->image, item));
	case SCOPE_SERVER:
		return METRICS_ENTRY(p, server, server_high, image_server_at(s->image, item));
	case SCOPE_INSTANCE:
	case SCOPE_ROLE:
	case SCOPE_CERTIFICATE:
	case SCOPES:
		break;
	}
	return (struct view){ 0 };
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
	case VALUE_REACH:
		return s->health ? PAGE_GET(s->health->reach) : 0;
	case VALUE_BEAT_AGE_MS:
		return metrics_beat_age(s);
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

static struct view metrics_keeper(const struct metrics_source *s, const struct metrics_row *r,
				  uint32_t item)
{
	if (!s->keeper)
		return (struct view){ 0 };
	if (r->scope == SCOPE_ROLE)
		return view_of(&s->keeper->role[item], sizeof s->keeper->role[item]);
	return view_of(s->keeper, sizeof *s->keeper);
}

static uint64_t metrics_sum(const struct metrics_source *s, const struct metrics_row *r,
			    const struct metrics_position *at)
{
	uint64_t sum = 0;

	for (size_t edge = 0; edge < PAGE_LOADS; edge++) {
		struct view v = metrics_load(s, r, at->item, edge);

		if (v.n)
			sum += metrics_select(r, at->sub, v);
	}
	return sum;
}

static uint64_t metrics_number(const struct metrics_source *s, const struct metrics_row *r,
			       const struct metrics_position *at)
{
	struct view v = { 0 };

	switch ((enum metrics_from)r->from) {
	case FROM_VALUE:
		return metrics_value(s, r, at->item);
	case FROM_LOAD:
		return metrics_sum(s, r, at);
	case FROM_HEALTH:
		v = metrics_health(s, image_server_at(s->image, at->item));
		break;
	case FROM_KEEPER:
		v = metrics_keeper(s, r, at->item);
		break;
	case FROM_EXPORTER:
		v = view_of(s->exporter, s->exporter ? sizeof *s->exporter : 0);
		break;
	case FROM_SHIPPER:
		v = view_of(s->shipper, s->shipper ? sizeof *s->shipper : 0);
		break;
	case FROM_CELLS:
		v = view_of(s->cells, s->cells ? sizeof *s->cells : 0);
		break;
	case FROM_GATE:
		v = view_of(s->gate, s->gate ? sizeof *s->gate : 0);
		break;
	case FROM_AUDIT:
		v = view_of(s->audit, s->audit ? sizeof *s->audit : 0);
		break;
	}
	return v.n ? metrics_select(r, at->sub, v) : 0;
}

/* What is not there has no lines: edges that don't run, roles that nobody wants, rules that no
 * request has met. */
static bool metrics_has_item(const struct metrics_source *s, const struct metrics_row *r,
			     uint32_t item)
{
	if (r->scope == SCOPE_EDGE)
		return s->load[item] != NULL;
	if (r->scope == SCOPE_ROLE) {
		unsigned role = PAGE_GET(s->keeper->role[item].role);

		return role > 0 && role < ROLE_N;
	}
	for (size_t edge = 0; r->scope == SCOPE_RULE && edge < PAGE_LOADS; edge++)
		if (metrics_load(s, r, item, edge).n)
			return true;
	return r->scope != SCOPE_RULE;
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

static void metrics_put_role(struct wbuf *w, const struct metrics_source *s, uint32_t item,
			     bool *has_labels)
{
	const struct page_keeper_role *role = &s->keeper->role[item];
	uint8_t number[20];
	struct wbuf n = wbuf_of(number, sizeof number);

	wbuf_dec(&n, PAGE_GET(role->index));
	metrics_put_label(w, has_labels, "role",
			  view_str(role_name((enum role)PAGE_GET(role->role))));
	metrics_put_label(w, has_labels, "index", wbuf_view(&n));
}

/* A rule's name is "route/rule". */
static void metrics_put_rule(struct wbuf *w, const struct metrics_source *s, uint32_t item,
			     bool *has_labels)
{
	const struct image_rule *r = image_rule_at(s->image, item);
	struct view name = image_view(s->image, r->name),
		    route = image_view(s->image, image_route_at(s->image, r->route)->name);

	metrics_put_label(w, has_labels, "route", route);
	metrics_put_label(w, has_labels, "rule", view_slice(name, route.n + 1, name.n));
}

static void metrics_put_item(struct wbuf *w, const struct metrics_source *s,
			     const struct metrics_row *r, uint32_t item, bool *has_labels)
{
	const struct image *im = s->image;
	uint8_t number[20];
	struct wbuf n = wbuf_of(number, sizeof number);

	switch ((enum metrics_scope)r->scope) {
	case SCOPE_INSTANCE:
		if (r->from == FROM_VALUE && r->offset == VALUE_ONE)
			metrics_put_label(w, has_labels, "version", VIEW(SLUIS_VERSION));
		return;
	case SCOPE_ROLE:
		metrics_put_role(w, s, item, has_labels);
		return;
	case SCOPE_EDGE:
		wbuf_dec(&n, item);
		metrics_put_label(w, has_labels, "edge", wbuf_view(&n));
		return;
	case SCOPE_LISTENER:
		metrics_put_label(w, has_labels, "listener",
				  image_view(im, image_listener_at(im, item)->name));
		return;
	case SCOPE_RULE:
		metrics_put_rule(w, s, item, has_labels);
		return;
	case SCOPE_POOL:
		metrics_put_label(w, has_labels, "pool",
				  image_view(im, image_pool_at(im, item)->name));
		return;
	case SCOPE_SERVER:
		metrics_put_label(
			w, has_labels, "pool",
			image_view(im, image_pool_at(im, image_server_at(im, item)->pool)->name));
		metrics_put_label(w, has_labels, "server",
				  image_view(im, image_server_at(im, item)->name));
		return;
	case SCOPE_CERTIFICATE:
		metrics_put_label(w, has_labels, "certificate",
				  image_view(im, image_certificate_at(im, item)->name));
		return;
	case SCOPES:
		return;
	}
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

static void metrics_put_bound(struct wbuf *w, uint32_t sub, bool *has_labels)
{
	uint8_t number[40];
	struct wbuf n = wbuf_of(number, sizeof number);
	uint64_t us = histogram_bound_us(sub);

	if (us == UINT64_MAX)
		WBUF_LIT(&n, "+Inf");
	else
		metrics_put_number(&n, us, 6);
	metrics_put_label(w, has_labels, "le", wbuf_view(&n));
}

static void metrics_put_sample(struct wbuf *w, const struct metrics_source *s,
			       const struct metrics_row *r, const struct metrics_position *at)
{
	bool has_labels = false, is_histogram = metrics_is_histogram(r);
	bool is_bucket = is_histogram && at->sub < HISTOGRAM_BUCKETS;
	bool is_sum = is_histogram && at->sub == HISTOGRAM_BUCKETS;

	wbuf_str(w, r->name);
	if (is_histogram)
		wbuf_str(w, is_bucket ? "_bucket" : is_sum ? "_sum" : "_count");
	metrics_put_item(w, s, r, at->item, &has_labels);
	if (is_bucket)
		metrics_put_bound(w, at->sub, &has_labels);
	else if (r->by)
		metrics_put_label(w, &has_labels, r->by->label, view_str(r->by->values[at->sub]));
	wbuf_str(w, has_labels ? "} " : " ");
	metrics_put_number(w, metrics_number(s, r, at), !is_histogram || is_sum ? r->decimals : 0);
	WBUF_LIT(w, "\n");
}

/* OpenMetrics names a family without the _total that its counters' samples have. */
static void metrics_put_words(struct wbuf *w, const struct metrics_source *s,
			      const struct metrics_row *r)
{
	struct view name = view_str(r->name), total = VIEW("_total");

	if (s->is_openmetrics && view_ends(name, total))
		name = view_slice(name, 0, name.n - total.n);
	WBUF_LIT(w, "# HELP ");
	wbuf_view_put(w, name);
	WBUF_LIT(w, " ");
	wbuf_str(w, r->help);
	WBUF_LIT(w, "\n# TYPE ");
	wbuf_view_put(w, name);
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
	while (at->row < metrics_row_n) {
		const struct metrics_row *r = &metrics_rows[at->row];

		if (at->item >= metrics_items(s, r)) {
			*at = (struct metrics_position){ .row = at->row + 1 };
			continue;
		}
		if (wbuf_room(w) < METRICS_LINE_MAX)
			return false;
		if (at->sub == 0 && !metrics_has_item(s, r, at->item)) {
			at->item++;
			continue;
		}
		if (!at->has_words)
			metrics_put_words(w, s, r);
		at->has_words = true;
		metrics_put_sample(w, s, r, at);
		metrics_step(r, at);
	}
	if (s->is_openmetrics && wbuf_room(w) < METRICS_LINE_MAX)
		return false;
	if (s->is_openmetrics)
		WBUF_LIT(w, "# EOF\n");
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
