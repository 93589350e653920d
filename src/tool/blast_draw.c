/* The document's texts are printable already; Markdown and SVG want their own marks escaped. */
#include "tool/blast_draw.h"

#include "base/utf8.h"
#include "tool/blast_verdict.h"

enum { DRAW_WHO = 16, DRAW_WRAP = 99, DRAW_LABEL = 17 };

static const char *draw_get(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static long long draw_number(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

/* Characters, not bytes: a column has as many. */
static size_t draw_width(const char *text)
{
	size_t n = 0;

	for (size_t i = 0; text[i]; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

static void draw_pad(FILE *to, const char *text, size_t width)
{
	(void)fputs(text, to);
	for (size_t n = draw_width(text); n < width; n++)
		(void)fputc(' ', to);
}

/* "edge x 3", "nginx: nginx (www-data)" */
static void draw_who(const json_t *row, char ret[DRAW_WHO * 8])
{
	const char *subject = draw_get(row, "subject"), *role = draw_get(row, "role"),
		   *user = draw_get(row, "user");
	size_t n = json_array_size(json_object_get(row, "pids"));
	struct view own = VIEW("sluis");
	bool is_ours = view_eq(view_str(subject), own);

	(void)snprintf(ret, (size_t)DRAW_WHO * 8, "%.40s%s%.24s%s", is_ours ? role : subject,
		       is_ours || !user[0] ? "" : " as ", is_ours ? "" : user, "");
	if (n > 1) {
		size_t at = view_str(ret).n;

		(void)snprintf(&ret[at], (size_t)DRAW_WHO * 8 - at, " x %zu", n);
	}
}

/* ---- the terminal ---- */

static void draw_table(FILE *to, const json_t *rows, const size_t *width)
{
	char who[DRAW_WHO * 8];

	(void)fputs("  ", to);
	draw_pad(to, "taken over", width[BLAST_TOPICS]);
	for (unsigned t = 0; t < BLAST_TOPICS; t++) {
		(void)fputs("  ", to);
		draw_pad(to, blast_verdict_topic(t), width[t]);
	}
	(void)fputc('\n', to);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);

		draw_who(row, who);
		(void)fputs("  ", to);
		draw_pad(to, who, width[BLAST_TOPICS]);
		for (unsigned t = 0; t < BLAST_TOPICS; t++) {
			(void)fputs("  ", to);
			draw_pad(to, draw_get(json_object_get(row, blast_verdict_key(t)), "short"),
				 width[t]);
		}
		(void)fputc('\n', to);
	}
}

static void draw_measure(const json_t *rows, size_t *width)
{
	char who[DRAW_WHO * 8];

	width[BLAST_TOPICS] = draw_width("taken over");
	for (unsigned t = 0; t < BLAST_TOPICS; t++)
		width[t] = draw_width(blast_verdict_topic(t));
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		size_t n = 0;

		draw_who(row, who);
		n = draw_width(who);
		width[BLAST_TOPICS] = n > width[BLAST_TOPICS] ? n : width[BLAST_TOPICS];
		for (unsigned t = 0; t < BLAST_TOPICS; t++) {
			n = draw_width(
				draw_get(json_object_get(row, blast_verdict_key(t)), "short"));
			width[t] = n > width[t] ? n : width[t];
		}
	}
}

/* Words of a line, wrapped behind its label. */
static void draw_wrapped(FILE *to, const char *label, const char *text)
{
	struct view in = view_str(text);
	size_t at = 0;

	(void)fputs("    ", to);
	draw_pad(to, label, DRAW_LABEL);
	while (in.n) {
		struct view word = view_slice(in, 0, view_find(in, ' '));

		in = view_slice(in, word.n + 1, in.n);
		if (at && at + 1 + word.n > DRAW_WRAP - DRAW_LABEL - 5) {
			(void)fprintf(to, "\n%*s", 4 + DRAW_LABEL, "");
			at = 0;
		}
		(void)fprintf(to, "%s%.*s", at ? " " : "", (int)word.n, (const char *)word.p);
		at += word.n + (at != 0);
	}
	(void)fputc('\n', to);
}

static void draw_process(FILE *to, const json_t *p)
{
	const json_t *lines = json_object_get(p, "lines"), *unseen = json_object_get(p, "unseen");

	(void)fprintf(to, "\n  %s[%lld] (%s)\n", draw_get(p, "role"), draw_number(p, "pid"),
		      draw_get(p, "subject"));
	for (size_t i = 0; i < json_array_size(lines); i++)
		draw_wrapped(to, draw_get(json_array_get(lines, i), "about"),
			     draw_get(json_array_get(lines, i), "text"));
	for (size_t i = 0; i < json_array_size(unseen); i++)
		draw_wrapped(to, "NOT SEEN", json_string_value(json_array_get(unseen, i)));
}

/* The process of the row that its details are shown of: the first. */
static const json_t *draw_first(const json_t *doc, const json_t *row)
{
	const json_t *all = json_object_get(doc, "processes");
	json_int_t pid = json_integer_value(json_array_get(json_object_get(row, "pids"), 0));

	for (size_t i = 0; i < json_array_size(all); i++)
		if (json_integer_value(json_object_get(json_array_get(all, i), "pid")) == pid)
			return json_array_get(all, i);
	return NULL;
}

/* "sluis: of 8 kinds of process 1 has private keys, ..." */
static void draw_totals(FILE *to, const json_t *doc, const char *before)
{
	const json_t *totals = json_object_get(doc, "totals");

	for (size_t i = 0; i < json_array_size(totals); i++) {
		const json_t *one = json_array_get(totals, i);
		bool is_first = true;

		(void)fprintf(to, "%s%s, of %lld kind%s of process all or much of it: ", before,
			      draw_get(one, "subject"), draw_number(one, "kinds"),
			      draw_number(one, "kinds") == 1 ? "" : "s");
		for (unsigned t = 0; t < BLAST_TOPICS; t++) {
			(void)fprintf(to, "%s%s %lld", is_first ? "" : ", ", blast_verdict_topic(t),
				      draw_number(one, blast_verdict_key(t)));
			is_first = false;
		}
		(void)fputs(".\n", to);
	}
}

/* What the figures leave out: said last, where it is read. */
static void draw_notes(FILE *to, const json_t *doc, const char *before)
{
	size_t searched = json_array_size(json_object_get(doc, "keys_searched"));

	(void)fprintf(to, "%s%zu private keys were looked for in every process's memory", before,
		      searched);
	if (draw_number(doc, "keys_left_out"))
		(void)fprintf(to, "; %lld could not be (unreadable, encrypted, or of another kind)",
			      draw_number(doc, "keys_left_out"));
	if (!json_is_true(json_object_get(doc, "keys_configured_known")))
		(void)fputs("; the keeper did not say which are configured", to);
	(void)fprintf(to,
		      ".\n%sLandlock can't be seen from outside: who is held by it reaches "
		      "fewer files than is said here.\n",
		      before);
	if (draw_number(doc, "processes_left_out"))
		(void)fprintf(to, "%s%lld processes like those above were not looked at.\n", before,
			      draw_number(doc, "processes_left_out"));
	if (!json_is_true(json_object_get(doc, "complete")))
		(void)fprintf(to, "%sNOT COMPLETE: something could not be seen.\n", before);
}

void blast_draw_text(FILE *to, const json_t *doc)
{
	const json_t *rows = json_object_get(doc, "summary");
	size_t width[BLAST_TOPICS + 1] = { 0 };

	(void)fprintf(to, "If one of these processes is taken over (%s, kernel %s):\n\n",
		      draw_get(doc, "made"), draw_get(doc, "kernel"));
	draw_measure(rows, width);
	draw_table(to, rows, width);
	(void)fputc('\n', to);
	draw_totals(to, doc, "  ");
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *p = draw_first(doc, json_array_get(rows, i));

		if (p)
			draw_process(to, p);
	}
	(void)fputc('\n', to);
	draw_notes(to, doc, "  ");
}

/* ---- Markdown ---- */

static void draw_escaped(FILE *to, const char *text)
{
	static const struct view active = VIEW_INIT("\\`*_[]<>&|~!#$@{}^");

	for (size_t i = 0; text[i]; i++) {
		if (view_find(active, (uint8_t)text[i]) != active.n)
			(void)fputc('\\', to);
		(void)fputc(text[i], to);
	}
}

static void draw_mark(FILE *to, const char *level)
{
	bool is_bad = view_eq(view_str(level), VIEW("all"));

	(void)fputs(is_bad ? "**" : "", to);
}

static void draw_markdown_row(FILE *to, const json_t *row)
{
	char who[DRAW_WHO * 8];

	draw_who(row, who);
	(void)fputs("| ", to);
	draw_escaped(to, who);
	for (unsigned t = 0; t < BLAST_TOPICS; t++) {
		const json_t *cell = json_object_get(row, blast_verdict_key(t));

		(void)fputs(" | ", to);
		draw_mark(to, draw_get(cell, "level"));
		draw_escaped(to, draw_get(cell, "short"));
		draw_mark(to, draw_get(cell, "level"));
	}
	(void)fputs(" |\n", to);
}

static void draw_markdown_process(FILE *to, const json_t *p)
{
	const json_t *lines = json_object_get(p, "lines"), *unseen = json_object_get(p, "unseen");

	(void)fputs("\n### ", to);
	draw_escaped(to, draw_get(p, "role"));
	(void)fprintf(to, " (%s, process %lld)\n\n", draw_get(p, "subject"), draw_number(p, "pid"));
	for (size_t i = 0; i < json_array_size(lines); i++) {
		(void)fprintf(to, "- %s: ", draw_get(json_array_get(lines, i), "about"));
		draw_escaped(to, draw_get(json_array_get(lines, i), "text"));
		(void)fputc('\n', to);
	}
	for (size_t i = 0; i < json_array_size(unseen); i++) {
		(void)fputs("- **not seen**: ", to);
		draw_escaped(to, json_string_value(json_array_get(unseen, i)));
		(void)fputc('\n', to);
	}
}

void blast_draw_markdown(FILE *to, const json_t *doc)
{
	const json_t *rows = json_object_get(doc, "summary");

	(void)fprintf(to, "# If one process is taken over\n\n%s, kernel ", draw_get(doc, "made"));
	draw_escaped(to, draw_get(doc, "kernel"));
	(void)fputs("\n\n| taken over |", to);
	for (unsigned t = 0; t < BLAST_TOPICS; t++)
		(void)fprintf(to, " %s |", blast_verdict_topic(t));
	(void)fputs("\n|---|", to);
	for (unsigned t = 0; t < BLAST_TOPICS; t++)
		(void)fputs("---|", to);
	(void)fputc('\n', to);
	for (size_t i = 0; i < json_array_size(rows); i++)
		draw_markdown_row(to, json_array_get(rows, i));
	(void)fputc('\n', to);
	draw_totals(to, doc, "- ");
	draw_notes(to, doc, "- ");
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *p = draw_first(doc, json_array_get(rows, i));

		if (p)
			draw_markdown_process(to, p);
	}
}
