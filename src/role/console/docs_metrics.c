/* Prints docs/metrics.md from the table of metrics. A program of the build, not of the product. */
#include "role/console/metrics_rows.h"

#include <stdio.h>

static void docs_put_intro(void)
{
	(void)printf(
		"# Metrics\n\n"
		"Generated from the table of metrics (`src/role/console/metrics_rows.c`); `make "
		"docs` "
		"writes it anew.\n\n"
		"`metrics: {address: 127.0.0.1:9464}` makes `sluis-console` answer `/metrics` "
		"there: "
		"Prometheus text format 0.0.4,\n"
		"or OpenMetrics 1.0 for clients whose `Accept` names it. `/healthz` is 200 while "
		"the "
		"dialer and an edge give signs of life.\n"
		"A scrape reads memory that the others write; it takes none of their time.\n\n"
		"Counters keep their value over reloads, as long as the name of their listener, "
		"rule, pool or server stays, and over\n"
		"restarts of a role; they begin anew with the instance. A rule has lines once a "
		"request has met it.\n\n"
		"Histograms have %d buckets: 0.25 ms, each next one twice as wide, the last finite "
		"one 4.096 s. No exemplars.\n\n"
		"## What it takes\n\n"
		"Memory is touched when it is first used, per edge process: %zu bytes per rule "
		"that "
		"has met a request, %zu per pool,\n"
		"%zu per server, %zu per listener. Ten thousand rules, all of them in use: %.1f MB "
		"per "
		"edge, %.0f MB with 64 edges. A request costs\n"
		"ten additions to memory that only its edge writes.\n",
		HISTOGRAM_BUCKETS, sizeof(struct page_load_rule), sizeof(struct page_load_pool),
		sizeof(struct page_load_server), sizeof(struct page_load_listener),
		(double)sizeof(struct page_load_rule) / 100,
		(double)sizeof(struct page_load_rule) / 100 * 64);
}

static void docs_put_labels(const struct metrics_row *r)
{
	const char *of = metrics_scope_labels((enum metrics_scope)r->scope);

	(void)fputs(of, stdout);
	if (!r->by)
		return;
	(void)printf("%s%s: ", *of ? ", " : "", r->by->label);
	for (unsigned i = 0; i < r->by->n; i++)
		(void)printf("%s`%s`", i ? " " : "", r->by->values[i]);
}

int main(void)
{
	static const char *const titles[SCOPES] = {
		[SCOPE_INSTANCE] = "The instance",
		[SCOPE_ROLE] = "Roles",
		[SCOPE_EDGE] = "Edges",
		[SCOPE_LISTENER] = "Listeners",
		[SCOPE_RULE] = "Routes and rules",
		[SCOPE_POOL] = "Pools",
		[SCOPE_SERVER] = "Servers",
		[SCOPE_CERTIFICATE] = "Certificates",
	};

	docs_put_intro();
	for (unsigned s = 0; s < SCOPES; s++) {
		(void)printf("\n## %s\n\n| name | type | labels | |\n|---|---|---|---|\n",
			     titles[s]);
		for (unsigned i = 0; i < metrics_row_n; i++) {
			const struct metrics_row *r = &metrics_rows[i];

			if (r->scope != s)
				continue;
			(void)printf("| `%s` | %s | ", r->name, r->type);
			docs_put_labels(r);
			(void)printf(" | %s |\n", r->help);
		}
	}
	return 0;
}
