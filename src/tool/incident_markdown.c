/* Our own words are written as they are; every value goes through markdown_text. */
#include "tool/incident_markdown.h"

static bool markdown_is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Whether c means something there: at the beginning of text, behind `before`. */
static bool markdown_is_active(uint8_t c, uint8_t before, bool is_first, bool is_number)
{
	switch (c) {
	case '\\':
	case '`':
	case '*':
	case '_':
	case '[':
	case ']':
	case '<':
	case '>':
	case '&':
	case '|':
	case '~':
	case '!':
	case '#':
	case '$':
	case '@':
	case '{':
	case '}':
	case '^':
		return true;
	case '-':
	case '+':
	case '=':
		return is_first;
	case ')':
		return is_number;
	case '.': /* of a numbered list; of "www." */
		return is_number || before == 'w' || before == 'W';
	case '/': /* of "://" */
		return before == ':';
	default:
		return false;
	}
}

static void markdown_text(FILE *to, struct view text)
{
	uint8_t before = ' ';
	bool is_number = true;

	text = view_trim(text);
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == '\n') {
			(void)fputs(" / ", to);
			before = ' ';
			continue;
		}
		if (markdown_is_active(c, before, i == 0, is_number && i != 0))
			(void)fputc('\\', to);
		(void)fputc(c, to);
		is_number = is_number && markdown_is_digit(c);
		before = c;
	}
}

static void markdown_string(FILE *to, const json_t *s)
{
	if (json_is_string(s))
		markdown_text(to, view_of(json_string_value(s), json_string_length(s)));
	else if (json_is_integer(s))
		(void)fprintf(to, "%lld", (long long)json_integer_value(s));
}

/* ---- fields ---- */

static void markdown_blank(FILE *to, const json_t *field, enum form_language language)
{
	const char *hint = json_string_value(json_object_get(field, "hint"));

	(void)fprintf(to, "> **[%s]**", incident_form_word(WORD_BLANK, language));
	if (hint && hint[0])
		(void)fprintf(to, " %s", hint);
	(void)fputs("\n", to);
}

static void markdown_field(FILE *to, const json_t *field, enum form_language language)
{
	const json_t *value = json_object_get(field, "value");

	(void)fprintf(to, "## %s\n\n", json_string_value(json_object_get(field, "label")));
	if (json_is_null(value))
		markdown_blank(to, field, language);
	for (size_t i = 0; i < json_array_size(value); i++) {
		(void)fputs("- ", to);
		markdown_string(to, json_array_get(value, i));
		(void)fputs("\n", to);
	}
	if (json_is_array(value) && json_array_size(value) == 0)
		(void)fprintf(to, "%s\n", incident_form_word(WORD_NONE, language));
	(void)fputs("\n", to);
}

/* ---- tables ---- */

struct markdown_column {
	enum form_word head;
	const char *key;
};

enum { MARKDOWN_COLUMNS = 7 };

static void markdown_row(FILE *to, const struct markdown_column *columns, const json_t *row,
			 enum form_language language)
{
	for (size_t i = 0; i < MARKDOWN_COLUMNS && columns[i].key; i++) {
		const json_t *cell = json_object_get(row, columns[i].key);

		(void)fputs("| ", to);
		if (json_is_null(cell))
			(void)fputs(incident_form_word(WORD_STILL, language), to);
		markdown_string(to, cell);
		(void)fputs(" ", to);
	}
	(void)fputs("|\n", to);
}

static void markdown_table(FILE *to, enum form_word title, const struct markdown_column *columns,
			   const json_t *rows, enum form_language language)
{
	(void)fprintf(to, "## %s\n\n", incident_form_word(title, language));
	if (json_array_size(rows) == 0) {
		(void)fprintf(to, "%s\n\n", incident_form_word(WORD_NONE, language));
		return;
	}
	for (size_t i = 0; i < MARKDOWN_COLUMNS && columns[i].key; i++)
		(void)fprintf(to, "| %s ", incident_form_word(columns[i].head, language));
	(void)fputs("|\n", to);
	for (size_t i = 0; i < MARKDOWN_COLUMNS && columns[i].key; i++)
		(void)fputs("|---", to);
	(void)fputs("|\n", to);
	for (size_t i = 0; i < json_array_size(rows); i++)
		markdown_row(to, columns, json_array_get(rows, i), language);
	(void)fputs("\n", to);
}

static void markdown_more(FILE *to, const json_t *n, enum form_language language)
{
	if (json_integer_value(n))
		(void)fprintf(to, "... %lld %s\n\n", (long long)json_integer_value(n),
			      incident_form_word(WORD_MORE, language));
}

void incident_markdown_put(FILE *to, const json_t *doc, enum form_language language)
{
	static const struct markdown_column levels[MARKDOWN_COLUMNS] = {
		{ WORD_OBJECT, "object" }, { WORD_LEVEL, "level" },	{ WORD_FROM, "from" },
		{ WORD_UNTIL, "until" },   { WORD_SECONDS, "seconds" },
	};
	static const struct markdown_column routes[MARKDOWN_COLUMNS] = {
		{ WORD_ROUTE, "route" }, { WORD_REQUESTS, "requests" },	  { WORD_WRITES, "writes" },
		{ WORD_USERS, "users" }, { WORD_BYTES_OUT, "bytes_out" },
	};
	static const struct markdown_column timeline[MARKDOWN_COLUMNS] = {
		{ WORD_TIME, "time" },	   { WORD_RECORD, "seq" },    { WORD_WHAT, "action" },
		{ WORD_OBJECT, "object" }, { WORD_RESULT, "result" }, { WORD_WHO, "actor" },
		{ WORD_DETAIL, "detail" },
	};
	const json_t *fields = json_object_get(doc, "fields"),
		     *proof = json_object_get(doc, "proof");

	(void)fprintf(to, "# %s\n\n%s, %s\n\n", json_string_value(json_object_get(doc, "title")),
		      incident_form_word(WORD_REPORT, language),
		      json_string_value(json_object_get(doc, "generated")));
	for (size_t i = 0; i < json_array_size(fields); i++)
		markdown_field(to, json_array_get(fields, i), language);
	markdown_table(to, WORD_LEVELS, levels, json_object_get(doc, "levels"), language);
	markdown_more(to, json_object_get(doc, "levels_more"), language);
	markdown_table(to, WORD_REACHED, routes,
		       json_object_get(json_object_get(doc, "concerned"), "by_route"), language);
	markdown_table(to, WORD_TIMELINE, timeline, json_object_get(doc, "timeline"), language);
	markdown_more(to, json_object_get(doc, "timeline_more"), language);
	(void)fprintf(to, "## %s\n\n%s\n", incident_form_word(WORD_PROOF, language),
		      json_string_value(json_object_get(proof, "how")));
}
