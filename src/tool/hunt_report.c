/* The table, the first records behind it, what was not hunted for, and one line that sums it up. */
#include "tool/hunt_report.h"

#include "base/date.h"
#include "tool/audit_print.h"
#include "tool/columns.h"

#include <stdio.h>
#include <stdlib.h>

enum { REPORT_TEXT = 60, REPORT_REMARKS = 20 };

struct report_order {
	uint64_t hits;
	size_t indicator;
};

static int report_compare(const void *x, const void *y)
{
	const struct report_order *a = x, *b = y;

	if (a->hits != b->hits)
		return a->hits > b->hits ? -1 : 1;
	return (a->indicator > b->indicator) - (a->indicator < b->indicator);
}

/* Those that were found, most hits first; gives. */
static struct report_order *report_order(const struct hunt_report *r)
{
	struct report_order *o = calloc(r->found->matching + 1, sizeof *o);
	size_t n = 0;

	for (size_t i = 0; o && i < r->set->indicator_n; i++)
		if (r->found->row[i].hits)
			o[n++] = (struct report_order){ r->found->row[i].hits, i };
	if (n > 1)
		qsort(o, n, sizeof *o, report_compare);
	return o;
}

static void report_put(struct view v)
{
	(void)fwrite(v.p, 1, v.n, stdout);
}

static struct view report_short(struct wbuf *w, struct view text)
{
	if (text.n <= REPORT_TEXT)
		return text;
	w->n = 0;
	wbuf_view_put(w, view_slice(text, 0, REPORT_TEXT - 3));
	WBUF_LIT(w, "...");
	return wbuf_view(w);
}

static void report_time(struct columns *c, int64_t us)
{
	uint8_t text[32];
	struct wbuf w = wbuf_of(text, sizeof text);

	date_put_utc(&w, us);
	columns_cell(c, view_slice(wbuf_view(&w), 0, 19));
}

static void report_row(const struct hunt_report *r, struct columns *c, size_t i)
{
	const struct hunt_indicator *d = &r->set->indicator[i];
	const struct hunt_found_row *row = &r->found->row[i];
	uint8_t text[REPORT_TEXT + 8];
	struct wbuf w = wbuf_of(text, sizeof text);

	columns_cell(c, report_short(&w, d->text));
	columns_text(c, d->kind);
	columns_number(c, row->hits);
	report_time(c, row->first_us);
	report_time(c, row->last_us);
	for (unsigned n = 0; n < HUNT_WHOS; n++)
		columns_number(c, row->distinct[n]);
	columns_cell(c, report_short(&w, d->name));
	columns_cell(c, report_short(&w, d->id));
	columns_end(c);
}

static void report_table(const struct hunt_report *r, const struct report_order *o)
{
	static const char *const heads[] = { "INDICATOR", "KIND",    "HITS",  "FIRST", "LAST",
					     "USERS",	  "SOURCES", "HOSTS", "NAME",  "ID" };
	struct columns c = { 0 };

	for (int pass = 0; pass < 2; pass++) {
		c.is_printing = pass;
		for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
			columns_text(&c, heads[i]);
		columns_end(&c);
		for (size_t i = 0; i < r->found->matching; i++)
			report_row(r, &c, o[i].indicator);
	}
}

static void report_line(struct view text, uint8_t *room)
{
	struct wbuf w = wbuf_of(room, AUDIT_PRINT_MAX);
	struct audit_line a = { 0 };
	const char *why = NULL;

	WBUF_LIT(&w, "    ");
	if (audit_line_parse(text, &a, &why) == E_OK)
		audit_print_record(&w, &a);
	else
		audit_line_put_printable(&w, text);
	WBUF_LIT(&w, "\n");
	report_put(wbuf_view(&w));
}

/* file, where: text */
static void report_head(uint8_t *room, struct view file, struct view where, struct view text)
{
	struct wbuf w = wbuf_of(room, AUDIT_PRINT_MAX);

	audit_line_put_printable(&w, file);
	WBUF_LIT(&w, ", ");
	audit_line_put_printable(&w, where);
	WBUF_LIT(&w, ": ");
	audit_line_put_printable(&w, text);
	report_put(wbuf_view(&w));
}

static void report_records(const struct hunt_report *r, size_t i, uint8_t *room)
{
	const struct hunt_indicator *d = &r->set->indicator[i];
	const struct hunt_found_row *row = &r->found->row[i];
	struct view text = view_slice(d->text, 0, 1000);

	if (!row->record)
		return;
	(void)fputs("\n", stdout);
	report_head(room, d->file, d->where, text);
	(void)fputs(d->is_partly ? " (only a part of it is understood)\n" : "\n", stdout);
	if (row->outside)
		(void)printf("    %llu of its hits are outside the time it says it is valid\n",
			     (unsigned long long)row->outside);
	for (const struct hunt_found_record *f = row->record; f; f = f->next)
		report_line(view_of(f->text, f->n), room);
	if (row->hits > row->record_n)
		(void)printf("    ... and %llu more\n",
			     (unsigned long long)(row->hits - row->record_n));
}

static void report_remarks(const struct hunt_report *r, uint8_t *room)
{
	static const char *const words[HUNT_REMARK_KINDS] = {
		[HUNT_NOT_UNDERSTOOD] = "not understood",
		[HUNT_REVOKED] = "revoked",
	};

	for (unsigned k = 0; k < HUNT_REMARK_KINDS; k++) {
		uint64_t shown = 0;

		for (size_t i = 0; i < r->set->remark_n && shown < REPORT_REMARKS; i++) {
			const struct hunt_remark *m = &r->set->remark[i];

			if (m->kind != k)
				continue;
			(void)fputs(shown++ ? "  " : "\n  ", stdout);
			(void)printf("%s: ", words[k]);
			report_head(room, m->file, m->where, m->what);
			(void)fputs("\n", stdout);
		}
		if (r->set->counted[k] > shown)
			(void)printf("  %s: %llu more\n", words[k],
				     (unsigned long long)(r->set->counted[k] - shown));
	}
}

static void report_sum(const struct hunt_report *r)
{
	const struct hunt_found *f = r->found;

	if (f->is_over)
		(void)fputs("\nnote: there are so many users, sources and hosts that their counts "
			    "are lower bounds\n",
			    stdout);
	if (f->is_cut)
		(void)fputs("\nnote: not all first records were kept: there are too many\n",
			    stdout);
	if (r->scan.strange)
		(void)printf("\nnote: %llu lines are no records and were left out; sluis audit "
			     "verify says where\n",
			     (unsigned long long)r->scan.strange);
	(void)printf("%s%llu records read, %zu indicators, %llu of them found in %llu records; "
		     "%llu not understood, %llu revoked; %llu.%02llu s\n",
		     f->matching ? "\n" : "", (unsigned long long)r->scan.records,
		     r->set->indicator_n, (unsigned long long)f->matching,
		     (unsigned long long)f->matched,
		     (unsigned long long)r->set->counted[HUNT_NOT_UNDERSTOOD],
		     (unsigned long long)r->set->counted[HUNT_REVOKED],
		     (unsigned long long)(r->ms / 1000), (unsigned long long)(r->ms % 1000 / 10));
}

enum err hunt_report_text(const struct hunt_report *r)
{
	struct report_order *o = report_order(r);
	uint8_t *room = malloc(AUDIT_PRINT_MAX);
	enum err e = o && room ? E_OK : E_NOMEM;

	if (e == E_OK && r->found->matching)
		report_table(r, o);
	for (size_t i = 0; e == E_OK && i < r->found->matching; i++)
		report_records(r, o[i].indicator, room);
	if (e == E_OK) {
		report_remarks(r, room);
		report_sum(r);
	}
	free(o);
	free(room);
	return e == E_OK && fflush(stdout) != 0 ? E_SYS : e;
}
