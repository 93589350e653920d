/* Rates and percentiles as JSON. */
#include "tool/top_json.h"

#include <jansson.h>

static json_t *top_json_number(uint64_t x)
{
	return json_integer(x < INT64_MAX ? (json_int_t)x : INT64_MAX);
}

static json_t *top_json_role(const struct top_line *l)
{
	return json_pack("{s:s, s:s, s:f, s:o, s:o}", "name", l->name, "state", l->state,
			 "cpu_percent", (double)l->cpu_permille / 10, "resident_bytes",
			 top_json_number(l->resident), "connections", top_json_number(l->active));
}

static json_t *top_json_row(const struct top_line *l)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:f, s:f, s:f, s:o, s:o}", "name", l->name,
			 "state", l->state, "requests_per_s", top_json_number(l->requests_s),
			 "failed_per_s", top_json_number(l->failed_s), "received_bytes_per_s",
			 top_json_number(l->bytes_in_s), "sent_bytes_per_s",
			 top_json_number(l->bytes_out_s), "p50_ms", (double)l->p50_us / 1000,
			 "p90_ms", (double)l->p90_us / 1000, "p99_ms", (double)l->p99_us / 1000,
			 "active", top_json_number(l->active), "queue", top_json_number(l->queue));
}

static json_t *top_json_view(const struct top_sample *now, const struct top_sample *before,
			     enum top_view view)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < now->n; i++) {
		struct top_line l = top_sample_line(now, before, i);

		(void)json_array_append_new(rows, view == TOP_ROLES ? top_json_role(&l)
								    : top_json_row(&l));
	}
	return rows;
}

int top_json_print(const struct top_sample *now, const struct top_sample *before,
		   uint32_t generation)
{
	json_t *doc = json_pack("{s:i, s:o, s:o}", "format", (int)TOP_JSON_FORMAT, "generation",
				top_json_number(generation), "interval_ms",
				top_json_number((now->at_ns - before->at_ns) / 1000000));
	int status = 1;

	for (unsigned v = 0; doc && v < TOP_VIEWS; v++)
		(void)json_object_set_new(doc, top_view_name((enum top_view)v),
					  top_json_view(&now[v], &before[v], (enum top_view)v));
	if (doc)
		status = json_dumpf(doc, stdout, JSON_INDENT(2)) == 0 ? 0 : 1;
	(void)putchar('\n');
	json_decref(doc);
	return status;
}
