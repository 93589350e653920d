/*
 * Texts come from the log as it spells them: escaped, as log_scan lets nothing else through, so
 * that they may stand on a terminal and between the quotes of JSON (THREATS A27).
 */
#include "tool/reached_print.h"

#include "base/date.h"
#include "tool/audit_print.h"
#include "tool/columns.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const print_by[REACHED_BY] = { "host", "route", "user", "source" };

static void print_view(struct view v)
{
	(void)fwrite(v.p, 1, v.n, stdout);
}

static struct view print_time(struct wbuf *w, int64_t us)
{
	date_put_utc(w, us);
	w->n = w->n < 19 ? w->n : 19; /* seconds do */
	WBUF_LIT(w, "Z");
	return wbuf_view(w);
}

/* ---- for a person ---- */

static void print_methods(struct columns *c, const struct reached_sum *s)
{
	uint8_t text[REACHED_METHODS * 32];
	struct wbuf w = wbuf_of(text, sizeof text);

	for (size_t i = 0; i < REACHED_METHODS; i++) {
		if (s->method[i] == 0)
			continue;
		if (w.n)
			WBUF_LIT(&w, " ");
		wbuf_view_put(&w, reached_method_name(i));
		WBUF_LIT(&w, " ");
		wbuf_dec(&w, s->method[i]);
	}
	columns_cell(c, wbuf_view(&w));
}

static void print_sum(struct columns *c, const struct reached_sum *s)
{
	uint8_t text[64];
	struct wbuf first = wbuf_of(text, 32), last = wbuf_of(text + 32, 32);

	columns_number(c, reached_sum_requests(s));
	columns_number(c, reached_sum_writes(s));
	columns_number(c, s->ok);
	columns_number(c, s->refused);
	columns_number(c, s->failed);
	columns_number(c, s->bytes_in);
	columns_number(c, s->bytes_out);
	columns_cell(c, print_time(&first, s->first_us));
	columns_cell(c, print_time(&last, s->last_us));
	print_methods(c, s);
	columns_end(c);
}

/* What was asked for exactly stands in no column. */
static bool print_has(const struct reached *r, size_t by)
{
	static const uint8_t match[REACHED_BY] = { AUDIT_MATCH_N, AUDIT_MATCH_N, AUDIT_MATCH_USER,
						   AUDIT_MATCH_N };

	return match[by] == AUDIT_MATCH_N || !r->ask.match.by[match[by]].p;
}

static void print_named(const struct reached *r, struct columns *c, const char *name,
			const struct reached_sum *s)
{
	for (size_t i = 0; i < REACHED_BY; i++)
		if (print_has(r, i))
			columns_text(c, i == 0 ? name : "");
	print_sum(c, s);
}

static void print_rows(const struct reached *r, struct columns *c)
{
	static const char *const sums[] = { "requests", "writes", "ok",	   "refused", "failed",
					    "in",	"out",	  "first", "last",    "methods" };
	const struct reached_table *t = &r->table;

	for (size_t i = 0; i < REACHED_BY; i++)
		if (print_has(r, i))
			columns_text(c, print_by[i]);
	for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++)
		columns_text(c, sums[i]);
	columns_end(c);
	for (size_t i = 0; i < t->rows; i++) {
		for (size_t j = 0; j < REACHED_BY; j++)
			if (print_has(r, j))
				columns_cell(c, t->row[i].by[j]);
		print_sum(c, &t->row[i].sum);
	}
	if (reached_sum_requests(&t->other))
		print_named(r, c, "(all others)", &t->other);
	if (t->rows > 1)
		print_named(r, c, "(sum)", &t->all);
}

static void print_table(const struct reached *r)
{
	struct columns c = { 0 };

	if (reached_sum_requests(&r->table.all) == 0) {
		(void)printf("no request\n");
		return;
	}
	print_rows(r, &c);
	c.is_printing = true;
	print_rows(r, &c);
}

static void print_event(struct wbuf *w, struct view line)
{
	struct audit_line a = { 0 };
	const char *why = NULL;

	w->n = 0;
	if (audit_line_parse(line, &a, &why) == E_OK)
		audit_print_record(w, &a);
	else
		audit_line_put_printable(w, line);
	WBUF_LIT(w, "\n");
	print_view(wbuf_view(w));
}

static bool print_next(struct view *text, struct view *ret)
{
	size_t end = view_find(*text, '\n');

	if (end == text->n)
		return false;
	*ret = view_slice(*text, 0, end);
	*text = view_slice(*text, end + 1, text->n);
	return true;
}

static enum err print_events(const struct reached_events *v)
{
	uint8_t *out = malloc(AUDIT_PRINT_MAX);
	struct wbuf w = wbuf_of(out, AUDIT_PRINT_MAX);
	struct view text = view_of(v->text, v->text_n), line = { 0 };

	if (!out)
		return E_NOMEM;
	if (v->kept)
		(void)printf("\nevents and alarms:\n");
	while (print_next(&text, &line))
		print_event(&w, line);
	free(out);
	return E_OK;
}

static void print_notes(const struct reached *r)
{
	const struct audit_ask *a = &r->ask;
	uint64_t ms = audit_progress_ms(&a->progress);

	(void)printf("\n%llu records of %llu segments read in %llu.%02llu s\n",
		     (unsigned long long)a->result.records, (unsigned long long)a->result.segments,
		     (unsigned long long)(ms / 1000), (unsigned long long)(ms % 1000 / 10));
	if (reached_sum_requests(&r->table.other))
		(void)printf("note: the table is full: %llu requests that belong to none of its "
			     "rows are added up as (all others); narrow it with --since, --until\n",
			     (unsigned long long)reached_sum_requests(&r->table.other));
	if (r->events.more)
		(void)printf("note: %llu more events and alarms; sluis audit search lists them\n",
			     (unsigned long long)r->events.more);
	if (a->match.by[AUDIT_MATCH_SESSION].p && !r->has_session)
		(void)printf("note: no request in the log names its session; ask for the user of "
			     "the session's login.ok: --user NAME --since TIME\n");
	if (a->result.strange)
		(void)printf(
			"note: %llu lines are no records and were left out; sluis audit verify "
			"says where\n",
			(unsigned long long)a->result.strange);
}

enum err reached_print_text(const struct reached *r)
{
	print_table(r);
	TRY(print_events(&r->events));
	print_notes(r);
	return E_OK;
}

/* ---- for a program ---- */

static void print_json_number(const char *before, uint64_t x)
{
	(void)printf("%s%llu", before, (unsigned long long)x);
}

static void print_json_time(const char *name, int64_t us)
{
	uint8_t text[32];
	struct wbuf w = wbuf_of(text, sizeof text);

	date_put_utc(&w, us);
	(void)printf(",\"%s\":\"", name);
	print_view(wbuf_view(&w));
	(void)printf("\"");
}

static void print_json_sum(const struct reached_sum *s)
{
	const char *before = "";

	print_json_number("\"requests\":", reached_sum_requests(s));
	print_json_number(",\"writes\":", reached_sum_writes(s));
	(void)printf(",\"methods\":{");
	for (size_t i = 0; i < REACHED_METHODS; i++) {
		if (s->method[i] == 0)
			continue;
		(void)printf("%s\"", before);
		print_view(reached_method_name(i));
		print_json_number("\":", s->method[i]);
		before = ",";
	}
	print_json_number("},\"ok\":", s->ok);
	print_json_number(",\"refused\":", s->refused);
	print_json_number(",\"failed\":", s->failed);
	print_json_number(",\"bytes_in\":", s->bytes_in);
	print_json_number(",\"bytes_out\":", s->bytes_out);
	if (reached_sum_requests(s)) {
		print_json_time("first", s->first_us);
		print_json_time("last", s->last_us);
	}
	(void)printf("}");
}

static void print_json_rows(const struct reached_table *t)
{
	for (size_t i = 0; i < t->rows; i++) {
		(void)printf(i ? ",\n  {" : "\n  {");
		for (size_t j = 0; j < REACHED_BY; j++) {
			(void)printf("\"%s\":\"", print_by[j]);
			print_view(t->row[i].by[j]);
			(void)printf("\",");
		}
		print_json_sum(&t->row[i].sum);
	}
}

void reached_print_json(const struct reached *r)
{
	const struct audit_ask *a = &r->ask;
	struct view text = view_of(r->events.text, r->events.text_n), line = { 0 };
	const char *before = "\n  ";

	(void)printf("{\"rows\":[");
	print_json_rows(&r->table);
	(void)printf("],\n \"others\":{");
	print_json_sum(&r->table.other);
	(void)printf(",\n \"sum\":{");
	print_json_sum(&r->table.all);
	(void)printf(",\n \"events\":[");
	for (; print_next(&text, &line); before = ",\n  ") {
		(void)printf("%s", before);
		print_view(line);
	}
	print_json_number("],\n \"events_left_out\":", r->events.more);
	print_json_number(",\"records\":", a->result.records);
	print_json_number(",\"segments\":", a->result.segments);
	print_json_number(",\"strange\":", a->result.strange);
	(void)printf(",\"is_complete\":%s,\"sessions_are_named\":%s}\n",
		     reached_sum_requests(&r->table.other) || r->events.more ? "false" : "true",
		     r->has_session ? "true" : "false");
}
