/*
 * Each field that the log knows has a function that says it in lines of text. Texts of the log are
 * read back to what they were (log_scan_text) and made printable; what JSON and Markdown ask for
 * beyond that is done where they are written.
 */
#include "tool/incident_doc.h"

#include "base/date.h"
#include "ipc/audit_line.h"

#include <stdio.h>

enum { DOC_TEXT = 2048, DOC_ROUTES = 500, DOC_OBJECTS = 256, DOC_DAY_S = 24 * 3600 };

struct doc {
	const struct gather *g;
	enum form_kind form;
	enum form_language language;
	json_t *lines; /* of the field that is being said */
};

/* ---- texts ---- */

/* A log's text as people may see it; what is too long ends with "...". */
static json_t *doc_text(struct view field)
{
	uint8_t raw_at[DOC_TEXT], text_at[6 * DOC_TEXT];
	struct wbuf raw = wbuf_of(raw_at, sizeof raw_at), text = wbuf_of(text_at, sizeof text_at);
	bool is_cut = log_scan_text(field, &raw) != E_OK;
	struct view rest = wbuf_view(&raw);
	json_t *s = NULL;

	while (rest.n) {
		size_t cut = view_find(rest, '\n');

		audit_line_put_printable(&text, view_slice(rest, 0, cut));
		if (cut < rest.n)
			WBUF_LIT(&text, "\n");
		rest = view_slice(rest, cut + 1, rest.n);
	}
	if (is_cut)
		WBUF_LIT(&text, "...");
	s = json_stringn((const char *)text.p, text.n);
	return s ? s : json_string("?");
}

static void doc_put_time(struct wbuf *w, int64_t us)
{
	uint8_t text[32];
	struct wbuf t = wbuf_of(text, sizeof text);

	date_put_utc(&t, us);
	wbuf_view_put(w, view_slice(wbuf_view(&t), 0, sizeof "2026-01-02T03:04:05" - 1));
	WBUF_LIT(w, "Z");
}

static json_t *doc_time(int64_t us)
{
	char text[64];
	struct wbuf w = wbuf_of(text, sizeof text);

	if (us == 0)
		return json_null();
	doc_put_time(&w, us);
	return json_stringn(text, w.n);
}

/* The whole of it, as the log has it. */
static json_t *doc_moment(int64_t us)
{
	char text[64];
	struct wbuf w = wbuf_of(text, sizeof text);

	date_put_utc(&w, us);
	return json_stringn(text, w.n);
}

static const char *doc_says(const struct doc *d, const char *nl, const char *en)
{
	return d->language == FORM_NL ? nl : en;
}

static void doc_line(struct doc *d, const struct wbuf *w)
{
	json_t *s = json_stringn((const char *)w->p, w->n);

	(void)json_array_append_new(d->lines, s ? s : json_string("?"));
}

static void doc_put_span(struct wbuf *w, uint64_t s)
{
	wbuf_dec(w, s / 3600);
	WBUF_LIT(w, ":");
	wbuf_dec_pad(w, s / 60 % 60, 2);
	WBUF_LIT(w, ":");
	wbuf_dec_pad(w, s % 60, 2);
}

/* ---- what the log knows ---- */

static void doc_reference(struct doc *d)
{
	char text[64];
	struct wbuf w = wbuf_of(text, sizeof text);

	WBUF_LIT(&w, "incident ");
	wbuf_dec(&w, d->g->number);
	doc_line(d, &w);
}

static void doc_title(struct doc *d)
{
	(void)json_array_append_new(d->lines, doc_text(d->g->title));
}

static void doc_summary(struct doc *d)
{
	if (d->g->summary.n && !view_eq(d->g->summary, VIEW("-")))
		(void)json_array_append_new(d->lines, doc_text(d->g->summary));
}

static void doc_moment_line(struct doc *d, int64_t us)
{
	char text[64];
	struct wbuf w = wbuf_of(text, sizeof text);

	doc_put_time(&w, us);
	doc_line(d, &w);
}

static void doc_detected(struct doc *d)
{
	doc_moment_line(d, d->g->detected_us);
}

static void doc_due_24(struct doc *d)
{
	doc_moment_line(d, d->g->detected_us + INT64_C(1000000) * DOC_DAY_S);
}

static void doc_due_72(struct doc *d)
{
	doc_moment_line(d, d->g->detected_us + INT64_C(3000000) * DOC_DAY_S);
}

static void doc_state(struct doc *d)
{
	char text[256];
	struct wbuf w = wbuf_of(text, sizeof text);

	wbuf_str(&w, doc_says(d, "geopend ", "opened "));
	doc_put_time(&w, d->g->opened_us);
	if (d->g->closed_us) {
		wbuf_str(&w, doc_says(d, ", gesloten ", ", closed "));
		doc_put_time(&w, d->g->closed_us);
	} else {
		wbuf_str(&w, doc_says(d, ", loopt nog; stand van ", ", still open; as of "));
		doc_put_time(&w, d->g->now_us);
	}
	doc_line(d, &w);
}

static bool doc_is_first(const struct gather *g, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (view_eq(g->span[k].object, g->span[i].object))
			return false;
	return true;
}

static void doc_closure(struct doc *d)
{
	unsigned shown = 0;

	for (size_t i = 0; i < d->g->spans && shown < DOC_OBJECTS; i++) {
		char text[256];
		struct wbuf w = wbuf_of(text, sizeof text);
		uint64_t us = 0;

		if (!doc_is_first(d->g, i))
			continue;
		us = incident_gather_closed_us(d->g, d->g->span[i].object);
		if (us == 0)
			continue;
		wbuf_view_put(&w, view_slice(d->g->span[i].object, 0, 128));
		WBUF_LIT(&w, ": ");
		doc_put_span(&w, us / 1000000);
		wbuf_str(&w, doc_says(d, " (uren:minuten:seconden)", " (hours:minutes:seconds)"));
		doc_line(d, &w);
		shown++;
	}
	if (shown == 0) {
		char text[64];
		struct wbuf w = wbuf_of(text, sizeof text);

		wbuf_str(&w, doc_says(d, "niets", "nothing"));
		doc_line(d, &w);
	}
}

static void doc_count(struct doc *d, uint64_t n, const char *nl, const char *en)
{
	char text[256];
	struct wbuf w = wbuf_of(text, sizeof text);

	wbuf_str(&w, doc_says(d, nl, en));
	WBUF_LIT(&w, ": ");
	wbuf_dec(&w, n);
	doc_line(d, &w);
}

static bool doc_is_complete(const struct gather *g)
{
	return !g->sessions_full && reached_sum_requests(&g->reached.other) == 0;
}

static void doc_concerned(struct doc *d)
{
	const struct gather *g = d->g;

	doc_count(d, reached_sum_requests(&g->reached.all), "verzoeken", "requests");
	doc_count(d, reached_sum_writes(&g->reached.all),
		  "waarvan met een methode die iets kan wijzigen",
		  "of them with a method that may change something");
	doc_count(d, g->users, doc_is_complete(g) ? "gebruikers" : "gebruikers, minstens",
		  doc_is_complete(g) ? "users" : "users, at least");
	doc_count(d, g->sessions, g->sessions_full ? "sessies, minstens" : "sessies",
		  g->sessions_full ? "sessions, at least" : "sessions");
	doc_count(d, g->reached.all.bytes_out, "bytes verstuurd", "bytes sent");
}

static void doc_measures(struct doc *d)
{
	static const struct {
		uint8_t measure;
		const char *nl, *en;
	} rows[] = {
		{ GATHER_LEVELS, "niveaus gezet of opgeheven", "levels set or lifted" },
		{ GATHER_REVOKED, "sessies ingetrokken (gebeurtenissen)",
		  "sessions revoked (events)" },
		{ GATHER_ROTATED, "sleutels en geheimen vervangen (gebeurtenissen)",
		  "keys and secrets replaced (events)" },
		{ GATHER_EVIDENCE, "bewijs veiliggesteld (gebeurtenissen)",
		  "evidence secured (events)" },
		{ GATHER_RECOVERY, "stappen van de terugkeer", "steps of the return" },
		{ GATHER_CONFIG, "configuraties toegepast", "configurations applied" },
		{ GATHER_NOTES, "aantekeningen", "notes" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (d->g->measure[rows[i].measure])
			doc_count(d, d->g->measure[rows[i].measure], rows[i].nl, rows[i].en);
	if (json_array_size(d->lines) == 0)
		doc_count(d, 0, "maatregelen in het auditlog", "measures in the audit log");
}

static void doc_signs(struct doc *d)
{
	doc_count(d, d->g->measure[GATHER_ALARMS], "alarmen in de tijdlijn",
		  "alarms in the timeline");
}

typedef void doc_say(struct doc *d);

static json_t *doc_field(struct doc *d, const struct form_field *f)
{
	static doc_say *const says[FORM_KNOWN] = {
		[FORM_REFERENCE] = doc_reference, [FORM_TITLE] = doc_title,
		[FORM_DETECTED] = doc_detected,	  [FORM_DUE_24] = doc_due_24,
		[FORM_DUE_72] = doc_due_72,	  [FORM_STATE] = doc_state,
		[FORM_CLOSURE] = doc_closure,	  [FORM_CONCERNED] = doc_concerned,
		[FORM_MEASURES] = doc_measures,	  [FORM_SIGNS] = doc_signs,
		[FORM_SUMMARY] = doc_summary,
	};
	json_t *value = json_null();

	if (f->known != FORM_BY_PEOPLE) {
		value = d->lines = json_array();
		says[f->known](d);
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:o}", "key", f->key, "label", f->label[d->language],
			 "filled_by", f->known == FORM_BY_PEOPLE ? "people" : "sluis", "hint",
			 f->hint[d->language], "value", value);
}

static json_t *doc_fields(struct doc *d)
{
	json_t *list = json_array();
	const struct form_field *f = NULL;

	for (size_t i = 0; (f = incident_form_field(i)) != NULL; i++)
		if (f->forms & 1u << d->form)
			(void)json_array_append_new(list, doc_field(d, f));
	return list;
}

/* ---- annexes ---- */

static json_t *doc_levels(const struct gather *g)
{
	json_t *list = json_array();

	for (size_t i = 0; i < g->spans; i++) {
		const struct gather_span *s = &g->span[i];
		int64_t until = s->until_us ? s->until_us : g->until_us;

		if (until < g->from_us || s->from_us > g->until_us)
			continue;
		(void)json_array_append_new(
			list, json_pack("{s:o, s:o, s:o, s:o, s:I}", "object", doc_text(s->object),
					"level", doc_text(s->level), "from", doc_time(s->from_us),
					"until", doc_time(s->until_us), "seconds",
					(json_int_t)((until - s->from_us) / 1000000)));
	}
	return list;
}

static json_t *doc_timeline(const struct gather *g)
{
	json_t *list = json_array();

	for (size_t i = 0; i < g->entries; i++) {
		const struct gather_entry *e = &g->entry[i];

		(void)json_array_append_new(
			list, json_pack("{s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "time",
					doc_moment(e->time_us), "seq", (json_int_t)e->seq, "kind",
					doc_text(e->kind), "action", doc_text(e->action), "object",
					doc_text(e->object), "result", doc_text(e->result), "actor",
					doc_text(e->actor), "origin", doc_text(e->origin), "detail",
					doc_text(e->detail)));
	}
	return list;
}

/* Rows of one route, whoever used it. */
static json_t *doc_route(const struct gather *g, struct view route)
{
	struct reached_sum sum = { 0 };
	uint64_t requests = 0, writes = 0, users = 0;
	struct view last = { 0 };

	for (size_t i = 0; i < g->reached.rows; i++) {
		const struct reached_row *r = &g->reached.row[i];

		if (!view_eq(r->by[REACHED_ROUTE], route))
			continue;
		requests += reached_sum_requests(&r->sum);
		writes += reached_sum_writes(&r->sum);
		sum.bytes_out += r->sum.bytes_out;
		/* sorted: rows of one host and route have their users in order */
		if (!view_eq(r->by[REACHED_USER], VIEW("-")) && !view_eq(r->by[REACHED_USER], last))
			users++;
		last = r->by[REACHED_USER];
	}
	return json_pack("{s:o, s:I, s:I, s:I, s:I}", "route", doc_text(route), "requests",
			 (json_int_t)requests, "writes", (json_int_t)writes, "users",
			 (json_int_t)users, "bytes_out", (json_int_t)sum.bytes_out);
}

static bool doc_has_route(const struct view *seen, size_t n, struct view route)
{
	for (size_t i = 0; i < n; i++)
		if (view_eq(seen[i], route))
			return true;
	return false;
}

static json_t *doc_routes(const struct gather *g)
{
	struct view seen[DOC_ROUTES];
	json_t *list = json_array();
	size_t n = 0;

	for (size_t i = 0; i < g->reached.rows && n < DOC_ROUTES; i++) {
		struct view route = g->reached.row[i].by[REACHED_ROUTE];

		if (doc_has_route(seen, n, route))
			continue;
		seen[n++] = route;
		(void)json_array_append_new(list, doc_route(g, route));
	}
	return list;
}

static json_t *doc_incident(const struct gather *g)
{
	return json_pack("{s:I, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "number",
			 (json_int_t)g->number, "title", doc_text(g->title), "state",
			 g->closed_us ? "closed" : "open", "detected", doc_time(g->detected_us),
			 "opened", doc_time(g->opened_us), "opened_by", doc_text(g->opened_by),
			 "closed", doc_time(g->closed_us), "closed_by", doc_text(g->closed_by));
}

static json_t *doc_counted(const struct gather *g)
{
	return json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:o}", "from",
			 doc_time(g->detected_us), "until", doc_time(g->until_us), "requests",
			 (json_int_t)reached_sum_requests(&g->reached.all), "writes",
			 (json_int_t)reached_sum_writes(&g->reached.all), "users",
			 (json_int_t)g->users, "sessions", (json_int_t)g->sessions, "bytes_in",
			 (json_int_t)g->reached.all.bytes_in, "bytes_out",
			 (json_int_t)g->reached.all.bytes_out, "complete", (int)doc_is_complete(g),
			 "by_route", doc_routes(g));
}

static json_t *doc_proof(const struct doc *d)
{
	return json_pack(
		"{s:I, s:I, s:I, s:s}", "first_seq", (json_int_t)d->g->first_seq, "last_seq",
		(json_int_t)d->g->last_seq, "strange_lines", (json_int_t)d->g->result.strange,
		"how",
		doc_says(
			d,
			"Elke regel van de tijdlijn heeft het nummer (seq) van zijn record in het "
			"auditlog. `sluis audit verify` controleert keten en handtekeningen; "
			"`sluis audit search --since TIJD --until TIJD` toont de records.",
			"Each line of the timeline has the number (seq) of its record in the audit "
			"log. `sluis audit verify` checks chain and signatures; `sluis audit "
			"search --since TIME --until TIME` shows the records."));
}

json_t *incident_doc_make(const struct gather *g, enum form_kind form, enum form_language language)
{
	struct doc d = { .g = g, .form = form, .language = language };

	return json_pack("{s:s, s:i, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o}",
			 "document", "sluis incident report", "version", 1, "form",
			 incident_form_name(form), "language", language == FORM_NL ? "nl" : "en",
			 "title", incident_form_title(form, language), "generated",
			 doc_time(g->now_us), "incident", doc_incident(g), "fields", doc_fields(&d),
			 "concerned", doc_counted(g), "levels", doc_levels(g), "timeline",
			 doc_timeline(g), "timeline_more", (json_int_t)g->more, "levels_more",
			 (json_int_t)g->spans_more, "proof", doc_proof(&d));
}
