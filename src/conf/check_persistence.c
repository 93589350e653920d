/* Persistence and hedging: one way per backend, and cookies that don't get in each other's way. */
#include "conf/check.h"
#include "conf/region.h"

#include "base/hash.h"
#include "proto/field.h"

uint64_t check_persistence_id(struct view pool, struct view name)
{
	uint64_t h = hash_fnv1a(pool) * 0x9e3779b97f4a7c15u;

	/* The lengths separate "a" of "bc" from "ab" of "c"; the last step spreads every bit. */
	h = (h ^ hash_fnv1a(name) ^ pool.n << 32 ^ name.n) * 0xff51afd7ed558ccdu;
	return h ^ h >> 32;
}

/* "sluis-1a2b3c4d": the backend's name itself is nobody's business outside. */
static struct view check_persistence_name(const struct check *c, struct view pool)
{
	uint8_t text[32], digits[16];
	struct wbuf w = wbuf_of(text, sizeof text), d = wbuf_of(digits, sizeof digits);

	WBUF_LIT(&w, "sluis-");
	wbuf_hex_u64(&d, check_persistence_id(pool, (struct view){ 0 }));
	wbuf_view_put(&w, view_slice(wbuf_view(&d), 0, 8));
	return region_copy(c->region, wbuf_view(&w));
}

static void check_persistence_one(struct check *c, struct model_backend *b, struct names *seen,
				  uint32_t i)
{
	struct model_persistence *p = &b->persistence;
	uint32_t before = NAMES_NONE;

	if (!p->at)
		return;
	if (p->has_cookie ? p->has_source : !p->has_source && !node_get(p->at, "cookie")) {
		diag_error(c->diag, p->at->at,
			   "persistence is by one thing: cookie: true, or source_address: true");
		return;
	}
	if (p->has_source && (p->name.n || node_get(p->at, "max_age")))
		diag_warning(c->diag, p->at->at,
			     "name and max_age are for cookie: true; source_address has idle");
	if (p->has_cookie && node_get(p->at, "idle"))
		diag_warning(c->diag, node_place(p->at, "idle"),
			     "idle is for source_address: true; a cookie has max_age");
	if (!p->has_cookie)
		return;
	if (p->name.n == 0)
		p->name = check_persistence_name(c, b->name);
	if (!field_is_token(p->name)) {
		diag_error(c->diag, node_place(p->at, "name"),
			   "\"%.*s\" can't be a cookie's name: write letters, digits and '-'",
			   DIAG_VIEW(p->name));
		return;
	}
	before = names_put(seen, p->name, i);
	if (before != NAMES_NONE)
		diag_error(
			c->diag, node_place(p->at, "name"),
			"backend \"%.*s\" has a cookie of this name too: each would lose the "
			"other's clients",
			DIAG_VIEW(
				MODEL_AT(struct model_backend, c->model->backends, before)->name));
}

/* "p95", or a duration. */
static void check_persistence_hedge(struct check *c, struct model_backend *b)
{
	static const struct {
		const char *word;
		uint8_t quantile;
	} words[] = { { "p50", 50 }, { "p75", 75 }, { "p90", 90 }, { "p95", 95 }, { "p99", 99 } };
	struct model_hedge *h = &b->hedge;

	if (!h->at)
		return;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (view_eq(h->after, view_str(words[i].word)))
			h->quantile = words[i].quantile;
	if (!h->quantile && (value_duration(h->after, &h->after_ms) != E_OK || h->after_ms == 0 ||
			     h->after_ms > b->timeouts.first_byte_ms))
		diag_error(c->diag, node_place(h->at, "after"),
			   "after: expected p50, p75, p90, p95, p99, or a duration from 1ms to "
			   "timeouts.first_byte, not \"%.*s\"",
			   DIAG_VIEW(h->after));
	if (b->persistence.has_cookie || b->persistence.has_source)
		diag_error(c->diag, h->at->at,
			   "hedge asks another server, persistence stays at one: leave one of "
			   "them out");
	else if (b->servers.n == 1)
		diag_warning(c->diag, h->at->at, "there is no second server to ask");
}

void check_persistence_run(struct check *c)
{
	struct names seen = names_of(c->region);

	for (uint32_t i = 0; i < c->model->backends.n; i++) {
		struct model_backend *b = MODEL_AT(struct model_backend, c->model->backends, i);

		check_persistence_one(c, b, &seen, i);
		check_persistence_hedge(c, b);
	}
}
