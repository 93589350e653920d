/* The answer of `sluis explain` for people: one line per step, the label in front. */
#include "tool/explain.h"

#include "conf/filter_text.h"
#include "conf/value.h"
#include "tool/ask.h"

#include <stdio.h>

enum { EXPLAIN_LINE = 1000, EXPLAIN_LABEL = 14, EXPLAIN_SHOWN = 40 };

/* A line that is being written: begun with its label, printed by explain_text_end. */
struct explain_line {
	char text[EXPLAIN_LINE];
	struct wbuf w;
};

static struct wbuf *explain_text_begin(struct explain_line *l, const char *label)
{
	l->w = wbuf_of(l->text, sizeof l->text);
	wbuf_str(&l->w, label);
	while (l->w.n < EXPLAIN_LABEL)
		WBUF_LIT(&l->w, " ");
	return &l->w;
}

static void explain_text_end(struct explain_line *l)
{
	ask_put_line(false, wbuf_view(&l->w));
}

static void explain_text_request(const struct explain *e)
{
	struct explain_line l;
	struct wbuf *w = explain_text_begin(&l, "request");

	wbuf_str(w, e->is_stream ? "connection" : e->q->method);
	WBUF_LIT(w, " ");
	wbuf_str(w, e->q->url);
	WBUF_LIT(w, " from ");
	ip_put(w, &e->source);
	explain_text_end(&l);
	if (!e->target.is_changed)
		return;
	w = explain_text_begin(&l, "path");
	wbuf_view_put(w, view_slice(e->target.path, 0, 900));
	WBUF_LIT(w, " (its canonical form: what is matched, and what servers are sent)");
	explain_text_end(&l);
}

static void explain_text_listener(const struct explain *e)
{
	struct explain_line l;
	struct wbuf *w = explain_text_begin(&l, "listener");

	if (!e->listener)
		return;
	wbuf_view_put(w, image_view(e->im, e->listener->name));
	WBUF_LIT(w, ", ");
	wbuf_str(w, snapshot_protocol_name(e->listener->protocol));
	WBUF_LIT(w, " ");
	snapshot_address(e->s, &e->listener->address, w);
	if (e->listener_n > 1) {
		WBUF_LIT(w, "; ");
		wbuf_dec(w, e->listener_n - 1);
		WBUF_LIT(w, " more would do: --listener says which");
	}
	explain_text_end(&l);
}

static void explain_text_certificate(const struct explain *e)
{
	struct explain_line l;
	struct wbuf *w = explain_text_begin(&l, "certificate");

	if (e->certificate == IMAGE_NONE)
		return;
	wbuf_view_put(w, image_view(e->im, image_certificate_at(e->im, e->certificate)->name));
	wbuf_view_put(w, e->is_default_certificate ? VIEW(", the listener's default one")
						   : VIEW(", by SNI"));
	explain_text_end(&l);
}

static void explain_text_host(const struct explain *e)
{
	struct explain_line l;
	struct wbuf *w = explain_text_begin(&l, "host");

	if (!e->entry)
		return;
	if (!e->is_stream || e->listener->protocol == IMAGE_TLS_PASSTHROUGH)
		wbuf_view_put(w, e->host.is_ip && e->is_stream ? VIEW("no server name")
							       : e->host.name);
	else
		WBUF_LIT(w, "none is known");
	WBUF_LIT(w, " (");
	wbuf_str(w, explain_host_kind(e));
	WBUF_LIT(w, "), ");
	wbuf_dec(w, e->entry->rules.n);
	wbuf_view_put(w, e->entry->rules.n == 1 ? VIEW(" rule") : VIEW(" rules"));
	explain_text_end(&l);
}

static void explain_text_rule(const struct explain *e, const struct explain_rule *r)
{
	struct explain_line l;
	bool takes = r->verdict == ROUTE_TAKES;
	struct wbuf *w = explain_text_begin(&l, takes ? "rule" : "  not");

	wbuf_view_put(w, image_view(e->im, image_rule_at(e->im, r->index)->name));
	WBUF_LIT(w, ": ");
	explain_condition(e, r, w);
	explain_text_end(&l);
}

/* The last ones are what one looks for: the many before them are counted. */
static void explain_text_rules(const struct explain *e)
{
	uint32_t i = e->rule_n > EXPLAIN_SHOWN ? e->rule_n - EXPLAIN_SHOWN : 0;
	struct explain_line l;

	if (i) {
		struct wbuf *w = explain_text_begin(&l, "  not");

		wbuf_dec(w, i);
		WBUF_LIT(w, " rules before these (--json has all)");
		explain_text_end(&l);
	}
	for (; i < e->rule_n; i++)
		explain_text_rule(e, &e->rules[i]);
}

static void explain_text_server(const struct explain *e, const struct image_server *server)
{
	struct explain_line l;
	struct wbuf *w = explain_text_begin(&l, "  server");

	wbuf_view_put(w, image_view(e->im, server->name));
	WBUF_LIT(w, ", ");
	snapshot_address(e->s, &server->address, w);
	WBUF_LIT(w, ", ");
	wbuf_str(w, snapshot_state_name(e->s, server));
	if (e->s->health) {
		WBUF_LIT(w, ", ");
		wbuf_str(w, snapshot_health_name(e->s, server));
	}
	WBUF_LIT(w, ", weight ");
	wbuf_dec(w, server->weight);
	if (server->is_backup)
		WBUF_LIT(w, ", backup");
	explain_text_end(&l);
}

static void explain_text_pool(const struct explain *e, const struct image_split *s, uint32_t share)
{
	const struct image_pool *pool = image_pool_at(e->im, s->pool);
	struct explain_line l;
	struct wbuf *w = explain_text_begin(&l, "backend");

	wbuf_view_put(w, image_view(e->im, pool->name));
	WBUF_LIT(w, ", by ");
	wbuf_str(w, snapshot_balance_name(pool));
	if (pool->persist != IMAGE_PERSIST_NOT) {
		WBUF_LIT(w, ", kept at a server by ");
		wbuf_str(w, explain_persistence(pool));
	}
	if (e->rule->backends.n > 1) {
		WBUF_LIT(w, ", ");
		wbuf_dec(w, share);
		WBUF_LIT(w, " of ");
		wbuf_dec(w, e->rule->weight_total);
		WBUF_LIT(w, " requests");
	}
	explain_text_end(&l);
	for (uint32_t i = 0; i < pool->servers.n && i < EXPLAIN_SHOWN; i++)
		explain_text_server(e, image_server_at(e->im, pool->servers.first + i));
	if (pool->servers.n <= EXPLAIN_SHOWN)
		return;
	w = explain_text_begin(&l, "");
	WBUF_LIT(w, "and ");
	wbuf_dec(w, pool->servers.n - EXPLAIN_SHOWN);
	WBUF_LIT(w, " more servers (--json has all)");
	explain_text_end(&l);
}

static void explain_text_pools(const struct explain *e)
{
	uint32_t before = 0;

	for (uint32_t i = 0; i < e->rule->backends.n; i++) {
		const struct image_split *s = image_split_at(e->im, e->rule->backends.first + i);

		explain_text_pool(e, s, s->upto - before);
		before = s->upto;
	}
}

static void explain_text_filters(const struct explain *e)
{
	struct explain_line l;
	uint32_t at = 0;

	for (;;) {
		struct wbuf *w = explain_text_begin(&l, "filter");

		if (!filter_text_next(e->im, e->rule, &at, w))
			return;
		explain_text_end(&l);
	}
}

static void explain_text_mirror(const struct explain *e)
{
	const struct image_pool *mirror = explain_mirror(e);
	struct explain_line l;
	struct wbuf *w = explain_text_begin(&l, "mirror");

	if (!mirror)
		return;
	wbuf_dec(w, e->rule->mirror_percent);
	WBUF_LIT(w, " % of requests to ");
	wbuf_view_put(w, image_view(e->im, mirror->name));
	explain_text_end(&l);
}

static void explain_text_compress(const struct explain *e)
{
	const struct image_compress *c = explain_compress(e);
	struct explain_line l;
	struct wbuf *w = explain_text_begin(&l, "compress");

	if (!c)
		return;
	explain_codings(c, w);
	WBUF_LIT(w, " (");
	wbuf_str(w, explain_level(c));
	WBUF_LIT(w, "), answers from ");
	value_put_size(w, c->min_bytes);
	WBUF_LIT(w, " on of ");
	wbuf_dec(w, c->types.n);
	wbuf_view_put(w, c->types.n == 1 ? VIEW(" type") : VIEW(" types"));
	if (c->even_with_credentials)
		WBUF_LIT(w, ", even with credentials");
	explain_text_end(&l);
}

static void explain_text_cache(const struct explain *e)
{
	const struct image_cache *c = explain_cache(e);
	struct explain_line l;
	struct wbuf *w = explain_text_begin(&l, "cache");

	if (!c)
		return;
	WBUF_LIT(w, "answers up to ");
	value_put_size(w, c->max_object_bytes);
	WBUF_LIT(w, ", ");
	value_put_size(w, c->max_total_bytes);
	WBUF_LIT(w, " in each edge");
	if (c->collapse_ms) {
		WBUF_LIT(w, "; who asks the same waits up to ");
		value_put_duration(w, c->collapse_ms);
	}
	if (c->even_with_cookies)
		WBUF_LIT(w, "; even with cookies");
	explain_text_end(&l);
}

void explain_print_text(const struct explain *e)
{
	struct explain_line l;
	struct wbuf *w = NULL;

	explain_text_request(e);
	explain_text_listener(e);
	explain_text_certificate(e);
	explain_text_host(e);
	explain_text_rules(e);
	explain_text_mirror(e);
	w = explain_text_begin(&l, "result");
	if (e->why) {
		if (e->status) {
			wbuf_dec(w, e->status);
			WBUF_LIT(w, ": ");
		}
		wbuf_str(w, e->why);
	} else {
		explain_action(e, w);
	}
	explain_text_end(&l);
	if (e->rule)
		explain_text_filters(e);
	explain_text_compress(e);
	explain_text_cache(e);
	if (e->rule && !e->why && e->rule->backends.n)
		explain_text_pools(e);
}
