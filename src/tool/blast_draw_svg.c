/* Drawn by hand: rectangles and text. */
#include "tool/blast_draw.h"

#include "tool/blast_verdict.h"

enum { SVG_LEFT = 190, SVG_CELL = 118, SVG_ROW = 34, SVG_TOP = 96, SVG_EDGE = 20, SVG_FOOT = 74 };

static const char svg_style[] =
	"<style>\n"
	"text{font:13px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#1b2430}\n"
	".t{font-size:18px;font-weight:600}.h{font-weight:600;font-size:12px}.s{fill:#5a6676;"
	"font-size:12px}\n"
	".b{fill:#fff}.none{fill:#d7efdd}.some{fill:#fdeec2}.all{fill:#f8c9c4}.unknown{fill:#"
	"e3e6ea}\n"
	".c{text-anchor:middle}.l{stroke:#9aa5b1;stroke-width:1}.w{font-weight:600}\n"
	"@media(prefers-color-scheme:dark){text{fill:#e8edf2}.s{fill:#a3afbd}.b{fill:#12181f}"
	".none{fill:#1d4a2c}.some{fill:#5c4a10}.all{fill:#7a231c}.unknown{fill:#38414c}"
	".l{stroke:#55606d}}\n"
	"</style>\n";

static const char *svg_get(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

/* At most so many characters; "..." for what is behind. */
static void svg_put(FILE *to, const char *text, size_t most)
{
	size_t n = 0;

	for (size_t i = 0; text[i]; i++) {
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
		if (n > most) {
			(void)fputs("...", to);
			return;
		}
		if (text[i] == '<')
			(void)fputs("&lt;", to);
		else if (text[i] == '&')
			(void)fputs("&amp;", to);
		else if (text[i] == '"')
			(void)fputs("&quot;", to);
		else if (text[i] == '>')
			(void)fputs("&gt;", to);
		else
			(void)fputc(text[i], to);
	}
}

static void svg_text(FILE *to, const char *class, int x, int y)
{
	(void)fprintf(to, "<text class=\"%s\" x=\"%d\" y=\"%d\">", class, x, y);
}

static void svg_cell(FILE *to, const json_t *cell, int x, int y)
{
	const char *level = svg_get(cell, "level");

	(void)fprintf(to, "<g><title>%s: ", level);
	svg_put(to, svg_get(cell, "text"), 600);
	(void)fprintf(to,
		      "</title><rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
		      "rx=\"4\"/>",
		      level, x + 2, y + 2, SVG_CELL - 4, SVG_ROW - 4);
	svg_text(to, view_eq(view_str(level), VIEW("all")) ? "c w" : "c", x + SVG_CELL / 2,
		 y + SVG_ROW / 2 + 5);
	svg_put(to, svg_get(cell, "short"), 15);
	(void)fputs("</text></g>\n", to);
}

static void svg_row(FILE *to, const json_t *row, int y)
{
	const char *user = svg_get(row, "user");
	size_t n = json_array_size(json_object_get(row, "pids"));
	bool is_ours = view_eq(view_str(svg_get(row, "subject")), VIEW("sluis"));

	svg_text(to, "w", SVG_EDGE, y + SVG_ROW / 2 + 5);
	svg_put(to, svg_get(row, is_ours ? "role" : "subject"), 14);
	(void)fputs("</text>\n", to);
	svg_text(to, "s", SVG_EDGE + 100, y + SVG_ROW / 2 + 5);
	if (n > 1)
		(void)fprintf(to, "x %zu ", n);
	if (user[0])
		svg_put(to, user, 10);
	else
		(void)fprintf(to, "%lld",
			      (long long)json_integer_value(json_object_get(row, "uid")));
	(void)fputs("</text>\n", to);
	for (unsigned t = 0; t < BLAST_TOPICS; t++)
		svg_cell(to, json_object_get(row, blast_verdict_key(t)),
			 SVG_LEFT + (int)t * SVG_CELL, y);
}

static void svg_legend(FILE *to, int y)
{
	static const char *const rows[][2] = { { "none", "none of it" },
					       { "some", "some of it" },
					       { "all", "much, or all of it" },
					       { "unknown", "could not be seen" } };

	for (int i = 0; i < 4; i++) {
		int x = SVG_EDGE + i * 170;

		(void)fprintf(to,
			      "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"18\" height=\"18\" "
			      "rx=\"4\"/>",
			      rows[i][0], x, y);
		svg_text(to, "s", x + 26, y + 14);
		(void)fprintf(to, "%s</text>\n", rows[i][1]);
	}
}

static void svg_rows(FILE *to, const json_t *rows, int width)
{
	bool was_ours = true;
	int y = SVG_TOP;

	for (size_t i = 0; i < json_array_size(rows); i++, y += SVG_ROW) {
		const json_t *row = json_array_get(rows, i);
		bool is_ours = view_eq(view_str(svg_get(row, "subject")), VIEW("sluis"));

		if (was_ours && !is_ours)
			(void)fprintf(to,
				      "<line class=\"l\" x1=\"%d\" y1=\"%d\" x2=\"%d\" "
				      "y2=\"%d\"/>\n",
				      SVG_EDGE, y, width - SVG_EDGE, y);
		was_ours = is_ours;
		svg_row(to, row, y);
	}
}

void blast_draw_svg(FILE *to, const json_t *doc)
{
	const json_t *rows = json_object_get(doc, "summary");
	int width = SVG_LEFT + BLAST_TOPICS * SVG_CELL + SVG_EDGE,
	    height = SVG_TOP + (int)json_array_size(rows) * SVG_ROW + SVG_FOOT;

	(void)fprintf(to,
		      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		      "viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"What a taken-over process "
		      "can reach\">\n%s",
		      width, height, width, height, svg_style);
	(void)fprintf(to, "<rect class=\"b\" width=\"%d\" height=\"%d\"/>\n", width, height);
	svg_text(to, "t", SVG_EDGE, 34);
	(void)fputs("If one of these processes is taken over</text>\n", to);
	svg_text(to, "s", SVG_EDGE, 56);
	(void)fprintf(to, "what it holds and can reach, as the kernel says: %s, Linux ",
		      svg_get(doc, "made"));
	svg_put(to, svg_get(doc, "kernel"), 40);
	(void)fputs("</text>\n", to);
	for (unsigned t = 0; t < BLAST_TOPICS; t++) {
		svg_text(to, "h c", SVG_LEFT + (int)t * SVG_CELL + SVG_CELL / 2, SVG_TOP - 10);
		(void)fprintf(to, "%s</text>\n", blast_verdict_topic(t));
	}
	svg_rows(to, rows, width);
	svg_legend(to, height - SVG_FOOT + 30);
	(void)fputs("</svg>\n", to);
}
