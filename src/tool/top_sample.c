/* Sums over the edges, then differences over time. */
#include "tool/top_sample.h"

#include "ipc/role.h"

#include <stdio.h>
#include <stdlib.h>

const char *top_view_name(enum top_view v)
{
	static const char *const names[TOP_VIEWS] = { "listeners", "routes", "pools", "servers",
						      "roles" };

	return names[v];
}

void top_sample_name(char *ret, size_t cap, struct view text)
{
	size_t n = text.n < cap - 1 ? text.n : cap - 1;

	for (size_t i = 0; i < n; i++)
		ret[i] = text.p[i] >= ' ' && text.p[i] < 0x7f ? (char)text.p[i] : '?';
	ret[n] = '\0';
}

/* A sum that stops at the top: what one page claims can't hide what another says. */
static void top_add(uint64_t *sum, uint64_t x)
{
	if (__builtin_add_overflow(*sum, x, sum))
		*sum = UINT64_MAX;
}

static void top_add_counts(struct top_row *r, const _Atomic uint64_t *buckets)
{
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		top_add(&r->counts[i], PAGE_GET(buckets[i]));
}

static void top_listener(const struct snapshot *s, uint32_t i, struct top_row *r)
{
	const struct image_listener *l = image_listener_at(&s->image, i);

	top_sample_name(r->name, sizeof r->name, image_view(&s->image, l->name));
	top_sample_name(r->state, sizeof r->state,
			s->listener_open[l->slot] ? VIEW("open") : VIEW("closed"));
	r->id = (uint64_t)l->slot + 1;
	for (unsigned e = 0; e < PAGE_LOADS; e++) {
		const struct page_load_listener *p =
			s->load[e] ? &s->load[e]->listener[l->slot] : NULL;

		if (!p)
			continue;
		for (unsigned c = 0; c < 6; c++)
			top_add(&r->requests, PAGE_GET(p->status[c]));
		top_add(&r->failed, PAGE_GET(p->status[5]));
		top_add(&r->bytes_in, PAGE_GET(p->bytes_in));
		top_add(&r->bytes_out, PAGE_GET(p->bytes_out));
		top_add(&r->active, PAGE_GET(p->connections));
		top_add_counts(r, p->duration);
	}
}

static void top_route(const struct snapshot *s, uint32_t i, struct top_row *r)
{
	const struct image_rule *x = image_rule_at(&s->image, i);

	top_sample_name(r->name, sizeof r->name, image_view(&s->image, x->name));
	r->id = (uint64_t)x->slot << 32 | x->slot_gen;
	for (unsigned e = 0; e < PAGE_LOADS; e++) {
		const struct page_load_page *page = s->load[e];
		const struct page_load_rule *p = page ? &page->rule[x->slot] : NULL;

		if (!p || x->slot >= PAGE_GET(page->rule_high) || PAGE_GET(p->gen) != x->slot_gen)
			continue;
		for (unsigned c = 0; c < 6; c++)
			top_add(&r->requests, PAGE_GET(p->status[c]));
		top_add(&r->failed, PAGE_GET(p->status[5]));
		top_add(&r->bytes_in, PAGE_GET(p->bytes_in));
		top_add(&r->bytes_out, PAGE_GET(p->bytes_out));
		top_add_counts(r, p->duration);
	}
}

/* A server's numbers, added to r: a server's own row, or its pool's. */
static void top_add_server(const struct snapshot *s, const struct image_server *x,
			   struct top_row *r)
{
	for (unsigned e = 0; e < PAGE_LOADS; e++) {
		const struct page_load_page *page = s->load[e];
		const struct page_load_server *p = page ? &page->server[x->slot] : NULL;

		if (!p || x->slot >= PAGE_GET(page->server_high) || PAGE_GET(p->gen) != x->slot_gen)
			continue;
		top_add(&r->requests, PAGE_GET(p->requests));
		top_add(&r->failed, PAGE_GET(p->failures));
		top_add(&r->failed, PAGE_GET(p->status[5]));
		top_add(&r->bytes_in, PAGE_GET(p->bytes_out)); /* as seen from the client */
		top_add(&r->bytes_out, PAGE_GET(p->bytes_in));
		top_add(&r->active, PAGE_GET(p->in_flight));
		top_add_counts(r, p->first_byte);
	}
}

static void top_server(const struct snapshot *s, uint32_t i, struct top_row *r)
{
	const struct image_server *x = image_server_at(&s->image, i);
	char text[TOP_NAME];
	struct wbuf w = wbuf_of(text, sizeof text);
	const char *health = snapshot_health_name(s, x), *state = snapshot_state_name(s, x);
	bool is_enabled = view_eq(view_str(state), VIEW("enabled"));

	wbuf_view_put(&w, image_view(&s->image, image_pool_at(&s->image, x->pool)->name));
	WBUF_LIT(&w, "/");
	wbuf_view_put(&w, view_slice(image_view(&s->image, x->name), 0, wbuf_room(&w)));
	top_sample_name(r->name, sizeof r->name, wbuf_view(&w));
	top_sample_name(r->state, sizeof r->state, view_str(is_enabled ? health : state));
	r->id = (uint64_t)x->slot << 32 | x->slot_gen;
	top_add_server(s, x, r);
}

static void top_pool(const struct snapshot *s, uint32_t i, struct top_row *r)
{
	const struct image_pool *x = image_pool_at(&s->image, i);
	char text[64];
	struct wbuf w = wbuf_of(text, sizeof text);
	unsigned up = 0;

	top_sample_name(r->name, sizeof r->name, image_view(&s->image, x->name));
	r->id = (uint64_t)x->slot << 32 | x->slot_gen;
	for (uint32_t k = 0; k < x->servers.n; k++) {
		const struct image_server *sv = image_server_at(&s->image, x->servers.first + k);
		struct view health = view_str(snapshot_health_name(s, sv));

		up += !view_eq(health, VIEW("down")) && !view_eq(health, VIEW("ejected")) &&
		      view_eq(view_str(snapshot_state_name(s, sv)), VIEW("enabled"));
		top_add_server(s, sv, r);
	}
	wbuf_dec(&w, up);
	WBUF_LIT(&w, "/");
	wbuf_dec(&w, x->servers.n);
	WBUF_LIT(&w, " up");
	top_sample_name(r->state, sizeof r->state, wbuf_view(&w));
	for (unsigned e = 0; e < PAGE_LOADS; e++) {
		const struct page_load_page *page = s->load[e];
		const struct page_load_pool *p = page ? &page->pool[x->slot] : NULL;

		if (p && x->slot < PAGE_GET(page->pool_high) && PAGE_GET(p->gen) == x->slot_gen)
			top_add(&r->queue, PAGE_GET(p->queue));
	}
}

static void top_role(const struct snapshot *s, uint32_t i, struct top_row *r)
{
	const struct page_keeper_role *x = &s->keeper->role[i];
	const struct page_load_page *load = NULL;
	unsigned role = PAGE_GET(x->role), index = PAGE_GET(x->index);

	if (role == 0 || role >= ROLE_N)
		return;
	(void)snprintf(r->name, sizeof r->name, "%s[%u]", role_name((enum role)role), index);
	(void)snprintf(r->state, sizeof r->state, "%s", PAGE_GET(x->is_running) ? "up" : "down");
	r->id = (uint64_t)PAGE_GET(x->pid) + 1;
	r->cpu_us = PAGE_GET(x->cpu_us);
	r->resident = PAGE_GET(x->resident_bytes);
	load = role == ROLE_EDGE && index < ROLE_EDGES_MAX ? s->load[index] : NULL;
	if (load)
		r->active = PAGE_GET(load->connections);
}

typedef void top_fill(const struct snapshot *s, uint32_t i, struct top_row *r);

static uint32_t top_count(const struct snapshot *s, enum top_view view)
{
	static const uint8_t sections[TOP_VIEWS] = { IMAGE_LISTENER, IMAGE_RULE, IMAGE_POOL,
						     IMAGE_SERVER, 0 };

	if (view == TOP_ROLES)
		return s->keeper ? PAGE_KEEPER_ROLES : 0;
	return s->image.header ? image_count(&s->image, (enum image_section)sections[view]) : 0;
}

enum err top_sample_take(const struct snapshot *s, enum top_view view, uint64_t at_ns,
			 struct top_sample *ret)
{
	static top_fill *const fills[TOP_VIEWS] = { top_listener, top_route, top_pool, top_server,
						    top_role };
	uint32_t n = top_count(s, view);
	struct top_sample t = { .rows = calloc((size_t)n + 1, sizeof *t.rows), .at_ns = at_ns };

	if (!t.rows)
		return E_NOMEM;
	for (uint32_t i = 0; i < n; i++) {
		struct top_row *r = &t.rows[t.n];

		fills[view](s, i, r);
		t.n += r->id != 0; /* a place that nobody has stays empty */
	}
	*ret = t;
	return E_OK;
}

void top_sample_free(struct top_sample *t)
{
	free(t->rows);
	*t = (struct top_sample){ 0 };
}

/* ---- what became of them ---- */

static const struct top_row *top_find(const struct top_sample *t, uint64_t id, size_t near)
{
	if (near < t->n && t->rows[near].id == id)
		return &t->rows[near];
	for (size_t i = 0; i < t->n; i++)
		if (t->rows[i].id == id)
			return &t->rows[i];
	return NULL;
}

/* What came since: a counter that fell has begun anew, or lies. */
static uint64_t top_since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static uint64_t top_rate(uint64_t since, uint64_t ns, uint64_t most)
{
	unsigned __int128 rate = (unsigned __int128)since * 1000000000u / (ns ? ns : 1);

	return rate < most ? (uint64_t)rate : most;
}

struct top_line top_sample_line(const struct top_sample *now, const struct top_sample *before,
				size_t i)
{
	static const struct top_row none;
	const struct top_row *r = &now->rows[i], *old = top_find(before, r->id, i);
	uint64_t ns = top_since(now->at_ns, before->at_ns), counts[HISTOGRAM_BUCKETS];
	uint64_t bytes = (uint64_t)TOP_RATE_MAX * 1000;
	struct top_line l = { .name = r->name,
			      .state = r->state,
			      .active = r->active,
			      .queue = r->queue,
			      .resident = r->resident };

	if (!before->rows)
		old = r; /* the first look: nothing has changed yet */
	old = old ? old : &none;
	l.requests_s = top_rate(top_since(r->requests, old->requests), ns, TOP_RATE_MAX);
	l.failed_s = top_rate(top_since(r->failed, old->failed), ns, TOP_RATE_MAX);
	l.bytes_in_s = top_rate(top_since(r->bytes_in, old->bytes_in), ns, bytes);
	l.bytes_out_s = top_rate(top_since(r->bytes_out, old->bytes_out), ns, bytes);
	l.cpu_permille = top_rate(top_since(r->cpu_us, old->cpu_us), ns, TOP_RATE_MAX) / 1000;
	for (unsigned b = 0; b < HISTOGRAM_BUCKETS; b++)
		counts[b] = top_since(r->counts[b], old->counts[b]);
	l.p50_us = histogram_quantile_us(counts, 500);
	l.p90_us = histogram_quantile_us(counts, 900);
	l.p99_us = histogram_quantile_us(counts, 990);
	return l;
}
