/*
 * Roles on the left, what was reached on the right, a line for each that an intruder got to: grey
 * by design, red and thick a breach. Beside each role how many acts were stopped. Colours don't
 * carry the meaning alone: breaches are marked by their word.
 */
#include "tool/drill_svg.h"

#include <stdio.h>
#include <string.h>

enum {
	SVG_PLACES = 128,
	SVG_WIDTH = 900,
	SVG_LEFT = 230,
	SVG_RIGHT = 520,
	SVG_TOP = 90,
	SVG_ROW = 34
};

struct svg {
	const struct drill_result *r;
	FILE *f;
	const char *place[SVG_PLACES]; /* what was reached */
	unsigned place_n;
	bool is_breach[SVG_PLACES];
};

/* Names come from constant tables, but a picture is read by browsers. */
static void svg_text(FILE *f, const char *s)
{
	for (; *s; s++) {
		if (*s == '<' || *s == '>' || *s == '&')
			(void)fprintf(f, "&#%d;", *s);
		else
			(void)fputc(*s, f);
	}
}

static unsigned svg_place(struct svg *s, const char *name, bool is_breach)
{
	unsigned i = 0;

	while (i < s->place_n && strcmp(s->place[i], name) != 0)
		i++;
	if (i == s->place_n && i < SVG_PLACES)
		s->place[s->place_n++] = name;
	if (i < SVG_PLACES)
		s->is_breach[i] |= is_breach;
	return i;
}

static unsigned svg_y(unsigned row)
{
	return SVG_TOP + row * SVG_ROW;
}

/* Each thing that role k has got to: collected first, drawn then. */
static void svg_lines(struct svg *s, unsigned k, bool want_drawn)
{
	uint32_t n = act_count();

	for (uint32_t i = 0; i < n; i++) {
		const struct allowed *excuse = NULL;
		enum drill_verdict v = drill_result_of(s->r, &s->r->twin[k], i, &excuse);
		enum act_group group = ACT_FILES;
		unsigned at = 0;

		if (v != DRILL_ALLOWED && v != DRILL_BREACH)
			continue;
		at = svg_place(s, excuse ? excuse->what : act_at(i, &group)->tries,
			       v == DRILL_BREACH);
		if (want_drawn)
			(void)fprintf(s->f,
				      "<path class=\"%s\" d=\"M%d %u C%d %u %d %u %d %u\"/>\n",
				      v == DRILL_BREACH ? "breach" : "allowed", SVG_LEFT, svg_y(k),
				      SVG_LEFT + 140, svg_y(k), SVG_RIGHT - 140, svg_y(at),
				      SVG_RIGHT, svg_y(at));
	}
}

static void svg_head(struct svg *s)
{
	unsigned rows = s->place_n > s->r->twin_n ? s->place_n : s->r->twin_n;
	struct drill_sums t = drill_result_total(s->r);

	(void)fprintf(
		s->f,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" "
		"font-family=\"sans-serif\" font-size=\"13\">\n"
		"<style>.allowed{fill:none;stroke:#8a8f98}.breach{fill:none;stroke:#b00020;"
		"stroke-width:3}.bad{fill:#b00020;font-weight:bold}.small{font-size:11px;"
		"fill:#555}</style>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
		"<text x=\"20\" y=\"30\" font-size=\"17\">Who reaches what, once taken "
		"over</text>\n<text x=\"20\" y=\"50\" class=\"small\">%u acts of %u roles: %u "
		"stopped, %u allowed by design, %u breaches</text>\n",
		SVG_WIDTH, svg_y(rows) + 10, t.tried, s->r->twin_n,
		t.n[DRILL_REFUSED] + t.n[DRILL_DIED], t.n[DRILL_ALLOWED], t.n[DRILL_BREACH]);
}

static void svg_names(struct svg *s)
{
	for (unsigned k = 0; k < s->r->twin_n; k++) {
		struct drill_sums t = drill_result_sum(s->r, &s->r->twin[k], ACT_GROUPS);

		(void)fprintf(s->f,
			      "<text x=\"20\" y=\"%u\">%s<tspan class=\"small\"> %u of %u "
			      "stopped</tspan></text>\n",
			      svg_y(k) + 4, role_name(s->r->twin[k].role),
			      t.n[DRILL_REFUSED] + t.n[DRILL_DIED], t.tried);
	}
	for (unsigned i = 0; i < s->place_n; i++) {
		(void)fprintf(s->f, "<text x=\"%d\" y=\"%u\"%s>", SVG_RIGHT + 10, svg_y(i) + 4,
			      s->is_breach[i] ? " class=\"bad\"" : "");
		svg_text(s->f, s->place[i]);
		(void)fprintf(s->f, "%s</text>\n", s->is_breach[i] ? " (BREACH)" : "");
	}
}

enum err drill_svg_write(const struct drill_result *r, const char *path)
{
	struct svg s = { .r = r, .f = fopen(path, "we") };
	bool is_bad = false;

	if (!s.f) {
		perror(path);
		return E_SYS;
	}
	for (unsigned k = 0; k < r->twin_n; k++)
		svg_lines(&s, k, false);
	svg_head(&s);
	for (unsigned k = 0; k < r->twin_n; k++)
		svg_lines(&s, k, true);
	svg_names(&s);
	(void)fputs("</svg>\n", s.f);
	is_bad = ferror(s.f) != 0;
	if (fclose(s.f) == 0 && !is_bad)
		return E_OK;
	perror(path);
	return E_SYS;
}
