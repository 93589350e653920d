/* The document of `sluis hunt --json`. */
#include "base/date.h"
#include "ipc/audit_line.h"
#include "tool/hunt_report.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* What is no UTF-8 (a name of a file) is escaped as it would be in the log. */
static json_t *json_of(struct view v)
{
	json_t *text = json_stringn(v.n ? (const char *)v.p : "", v.n);
	uint8_t room[2048];
	struct wbuf w = wbuf_of(room, sizeof room);

	if (text)
		return text;
	audit_line_put_text(&w, view_slice(v, 0, sizeof room / 8));
	return json_stringn((const char *)w.p, w.n);
}

static json_t *json_count(uint64_t n)
{
	return json_integer(n < INT64_MAX ? (json_int_t)n : INT64_MAX);
}

static json_t *json_time(int64_t us)
{
	uint8_t text[32];
	struct wbuf w = wbuf_of(text, sizeof text);

	date_put_utc(&w, us);
	return json_of(wbuf_view(&w));
}

/* Lines of the log are objects; one that isn't was written by somebody else. */
static json_t *json_records(const struct hunt_found_row *row)
{
	json_t *list = json_array();

	for (const struct hunt_found_record *f = row->record; f; f = f->next) {
		json_t *line =
			json_loadb((const char *)f->text, f->n, JSON_REJECT_DUPLICATES, NULL);

		(void)json_array_append_new(list, line ? line : json_of(view_of(f->text, f->n)));
	}
	return list;
}

static json_t *json_found(const struct hunt_indicator *d, const struct hunt_found_row *row)
{
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
			 "s:o}",
			 "indicator", json_of(d->text), "kind", d->kind, "name", json_of(d->name),
			 "id", json_of(d->id), "file", json_of(d->file), "where", json_of(d->where),
			 "partly_understood", (int)d->is_partly, "hits", json_count(row->hits),
			 "hits_outside_validity", json_count(row->outside), "first",
			 json_time(row->first_us), "last", json_time(row->last_us), "users",
			 json_count(row->distinct[HUNT_USERS]), "sources",
			 json_count(row->distinct[HUNT_SOURCES]), "hosts",
			 json_count(row->distinct[HUNT_HOSTS]), "records", json_records(row));
}

static json_t *json_remarks(const struct hunt_set *s)
{
	static const char *const kinds[HUNT_REMARK_KINDS] = {
		[HUNT_NOT_UNDERSTOOD] = "not_understood",
		[HUNT_REVOKED] = "revoked",
	};
	json_t *list = json_array();

	for (size_t i = 0; i < s->remark_n; i++) {
		const struct hunt_remark *m = &s->remark[i];

		(void)json_array_append_new(
			list, json_pack("{s:s, s:o, s:o, s:o, s:o}", "kind", kinds[m->kind], "file",
					json_of(m->file), "where", json_of(m->where), "id",
					json_of(m->id), "what", json_of(m->what)));
	}
	return list;
}

enum err hunt_report_json(const struct hunt_report *r)
{
	json_t *found = json_array(), *doc = NULL;
	int status = -1;

	for (size_t i = 0; i < r->set->indicator_n; i++)
		if (r->found->row[i].hits)
			(void)json_array_append_new(
				found, json_found(&r->set->indicator[i], &r->found->row[i]));
	doc = json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:o}",
			"format", (int)HUNT_REPORT_FORMAT, "records_read",
			json_count(r->scan.records), "strange_lines", json_count(r->scan.strange),
			"segments_read", json_count(r->scan.segments), "duration_ms",
			json_count(r->ms), "indicators", json_count(r->set->indicator_n),
			"indicators_found", json_count(r->found->matching), "records_matched",
			json_count(r->found->matched), "not_understood",
			json_count(r->set->counted[HUNT_NOT_UNDERSTOOD]), "revoked",
			json_count(r->set->counted[HUNT_REVOKED]), "counts_are_lower_bounds",
			(int)r->found->is_over, "records_left_out", (int)r->found->is_cut, "found",
			found, "remarks", json_remarks(r->set));
	if (doc)
		status = json_dumpf(doc, stdout, JSON_INDENT(2));
	(void)putchar('\n');
	json_decref(doc);
	return status == 0 && fflush(stdout) == 0 ? E_OK : E_SYS;
}
