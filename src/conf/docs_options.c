/*
 * Prints the option tables for people and for editors: the reference manual (--manual,
 * docs/options.md) and the JSON Schema (--schema, docs/schema.json). A program of the build, not of
 * the product.
 */
#include "conf/options.h"

#include <stdio.h>
#include <stdlib.h>

enum { DOCS_TABLES = 64, DOCS_TEXT = 1 << 20 };

/* Every table, in the order in which the tables before name it. */
struct docs_tables {
	const struct option_table *p[DOCS_TABLES];
	size_t n;
};

/* Once: two rows may have one table. */
static void docs_add(struct docs_tables *t, const struct option_table *table)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->p[i] == table)
			return;
	INVARIANT(t->n < DOCS_TABLES);
	t->p[t->n++] = table;
}

static void docs_collect(struct docs_tables *t)
{
	docs_add(t, options_top());
	for (size_t i = 0; i < t->n; i++)
		for (size_t k = 0; k < t->p[i]->n; k++)
			if (t->p[i]->rows[k].table)
				docs_add(t, t->p[i]->rows[k].table);
}

/* The row that has this table, and the table that has this row; NULL for the top. */
static const struct option *docs_row_of(const struct docs_tables *t,
					const struct option_table *table,
					const struct option_table **ret_owner)
{
	for (size_t i = 0; i < t->n; i++) {
		*ret_owner = t->p[i];
		for (size_t k = 0; k < t->p[i]->n; k++)
			if (t->p[i]->rows[k].table == table)
				return &t->p[i]->rows[k];
	}
	return NULL;
}

/* The path by which a table is reached: "backends[].health"; empty for the top. */
static void docs_put_path(struct wbuf *w, const struct docs_tables *t,
			  const struct option_table *table)
{
	const struct option *way[8] = { 0 };
	size_t n = 0;

	while (n < sizeof way / sizeof way[0]) {
		way[n] = docs_row_of(t, table, &table);
		if (!way[n])
			break;
		n++;
	}
	while (n-- > 0) {
		wbuf_str(w, way[n]->name);
		wbuf_str(w, way[n]->kind == OPTION_LIST ? "[]" : "");
		wbuf_str(w, n ? "." : "");
	}
}

/* The same path as an anchor of the manual: "backends-health". */
static void docs_put_anchor(struct wbuf *w, const struct docs_tables *t,
			    const struct option_table *table)
{
	char text[200];
	struct wbuf path = wbuf_of(text, sizeof text);

	docs_put_path(&path, t, table);
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] != '[' && path.p[i] != ']')
			wbuf_u8(w, path.p[i] == '.' ? '-' : path.p[i]);
	w->bad |= path.bad;
}

/* Text of a table cell: '|' would end it. */
static void docs_put_cell(struct wbuf *w, const char *text)
{
	for (struct view v = view_str(text); v.n; v = view_slice(v, 1, v.n)) {
		if (v.p[0] == '|')
			WBUF_LIT(w, "\\");
		wbuf_u8(w, v.p[0]);
	}
}

static void docs_put_preset(struct wbuf *w, const struct option *row)
{
	char text[200] = "";
	struct wbuf preset = wbuf_of(text, sizeof text - 1);

	option_put_preset(&preset, row);
	docs_put_cell(w, text);
	w->bad |= preset.bad;
}

static const char docs_manual_head[] =
	"# Options\n"
	"\n"
	"Generated from the option tables (`src/conf/options.c`); `make docs` writes it anew.\n"
	"\n"
	"The configuration is one YAML file, and the files that its `include` names. Of YAML it "
	"uses maps, lists and\n"
	"plain or quoted texts; anchors, aliases, tags, merge keys, directives, a second document "
	"and a key twice in one\n"
	"map are errors. Durations are written `500ms 5s 10m 8h 30d`, sizes `16k 4m 1g` (powers of "
	"1024), addresses\n"
	"`127.0.0.1:8080`, `[::1]:8443`, `host.name:port` or `unix:/path`. Paths are relative to "
	"the file that names them.\n"
	"`sluis check FILE` says everything that is wrong with a configuration, with file, line "
	"and column.\n"
	"\n"
	"## How a request finds its backend\n"
	"\n"
	"1. The most specific host of the listener decides: the exact name, else the longest "
	"wildcard, else `\"*\"`. There is\n"
	"   no fall-through: when the rules of the most specific host do not take a request, less "
	"specific hosts are not asked.\n"
	"2. The rules of all routes with that host, in the order of the files (the main file, then "
	"the included ones by\n"
	"   pattern and name), are tried one by one; a route's short form `backend` is its last "
	"rule and takes everything.\n"
	"3. The first rule of which every condition holds does what it says. When none does, the "
	"answer is 404.\n"
	"\n"
	"Rules compare the canonical path: escapes of unreserved characters decoded, others in "
	"upper case, `.` and `..`\n"
	"resolved, `//` merged; `%2F`, `%5C` and control bytes are refused before any rule is "
	"asked. Paths in rules are\n"
	"written in that form. `path_prefix` ends on segment borders: `/api` and `/api/` both take "
	"`/api` and `/api/x`, and\n"
	"not `/apiary`.\n";

static void docs_put_row(struct wbuf *w, const struct docs_tables *t, const struct option *row)
{
	WBUF_LIT(w, "| `");
	wbuf_str(w, row->name);
	WBUF_LIT(w, "` | ");
	if (row->table) {
		WBUF_LIT(w, "[");
		docs_put_path(w, t, row->table);
		WBUF_LIT(w, "](#");
		docs_put_anchor(w, t, row->table);
		WBUF_LIT(w, ")");
	} else if (row->kind == OPTION_ABSENT) {
		WBUF_LIT(w, "*not available in this version*");
	} else {
		option_put_kind(w, row);
	}
	WBUF_LIT(w, " | ");
	if (row->preset) {
		WBUF_LIT(w, "`");
		docs_put_preset(w, row);
		WBUF_LIT(w, "`");
	} else if (row->flags & OPTION_REQUIRED) {
		WBUF_LIT(w, "*required*");
	}
	WBUF_LIT(w, " | ");
	docs_put_cell(w, row->doc);
	WBUF_LIT(w, " |\n");
}

/* Words of one row that a later version will take. */
static void docs_put_later_words(struct wbuf *w, const struct option *row)
{
	const char *between = "";

	for (size_t k = 0; row->words && k < row->words->n; k++) {
		if (row->words->p[k].state == OPTION_WORD_READY)
			continue;
		if (!*between) {
			wbuf_str(w, "\nNot available in this version: `");
			wbuf_str(w, row->name);
			wbuf_str(w, "` ");
		}
		wbuf_str(w, between);
		wbuf_str(w, "`");
		wbuf_str(w, row->words->p[k].word);
		wbuf_str(w, "`");
		between = ", ";
	}
	wbuf_str(w, *between ? ".\n" : "");
}

static void docs_manual(struct wbuf *w, const struct docs_tables *t)
{
	wbuf_str(w, docs_manual_head);
	for (size_t i = 0; i < t->n; i++) {
		const struct option_table *table = t->p[i];

		WBUF_LIT(w, "\n## ");
		if (i)
			docs_put_path(w, t, table);
		else
			WBUF_LIT(w, "The file");
		WBUF_LIT(w, " <a name=\"");
		docs_put_anchor(w, t, table);
		WBUF_LIT(w, "\"></a>\n\n");
		wbuf_str(w, table->doc);
		WBUF_LIT(w, "\n\n| option | value | default | |\n|---|---|---|---|\n");
		for (size_t k = 0; k < table->n; k++)
			docs_put_row(w, t, &table->rows[k]);
		for (size_t k = 0; k < table->n; k++)
			docs_put_later_words(w, &table->rows[k]);
	}
}

static void docs_put_json(struct wbuf *w, const char *text)
{
	WBUF_LIT(w, "\"");
	for (struct view v = view_str(text); v.n; v = view_slice(v, 1, v.n)) {
		if (v.p[0] == '"' || v.p[0] == '\\')
			WBUF_LIT(w, "\\");
		wbuf_u8(w, v.p[0]);
	}
	WBUF_LIT(w, "\"");
}

/* The definition of a table, by the place where it stands: names need not be unique. */
static void docs_put_reference(struct wbuf *w, const struct docs_tables *t,
			       const struct option_table *table)
{
	WBUF_LIT(w, "{\"$ref\": \"#/$defs/");
	docs_put_path(w, t, table);
	WBUF_LIT(w, "\"}");
}

static void docs_put_words(struct wbuf *w, const struct option_words *words)
{
	const char *between = "";

	WBUF_LIT(w, "{\"enum\": [");
	for (size_t i = 0; i < words->n; i++) {
		const char *word = words->p[i].word;
		uint64_t number = 0;
		bool is_bare = view_eq(view_str(word), VIEW("true")) ||
			       view_eq(view_str(word), VIEW("false")) ||
			       view_dec(view_str(word), &number) == E_OK;

		if (words->p[i].state == OPTION_WORD_NEVER)
			continue;
		wbuf_str(w, between);
		if (is_bare)
			wbuf_str(w, word);
		else
			docs_put_json(w, word);
		between = ", ";
	}
	WBUF_LIT(w, "]}");
}

static void docs_put_number(struct wbuf *w, const struct option *row)
{
	WBUF_LIT(w, "{\"type\": \"integer\", \"minimum\": ");
	wbuf_dec(w, row->min);
	WBUF_LIT(w, ", \"maximum\": ");
	wbuf_dec(w, row->max);
	WBUF_LIT(w, "}");
}

static void docs_put_factor(struct wbuf *w, const struct option *row)
{
	WBUF_LIT(w, "{\"type\": \"number\", \"minimum\": ");
	value_put_factor(w, row->min);
	WBUF_LIT(w, ", \"maximum\": ");
	value_put_factor(w, row->max);
	WBUF_LIT(w, "}");
}

/* The schema of one option's value, without its description. */
static void docs_put_type(struct wbuf *w, const struct docs_tables *t, const struct option *row)
{
	static const char *const plain[] = {
		[OPTION_BOOL] = "{\"type\": \"boolean\"}",
		[OPTION_SIZE] = "{\"type\": [\"integer\", \"string\"], \"pattern\": "
				"\"^[0-9]+[kmg]?$\"}",
		[OPTION_DURATION] = "{\"type\": [\"integer\", \"string\"], \"pattern\": "
				    "\"^(0|[0-9]+(ms|s|m|h|d))$\"}",
		[OPTION_NAME] = "{\"type\": \"string\", \"pattern\": "
				"\"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$\"}",
		[OPTION_TEXT] = "{\"type\": [\"string\", \"number\", \"boolean\"]}",
		[OPTION_ADDRESS] = "{\"type\": \"string\"}",
		[OPTION_TEXTS] = "{\"type\": \"array\", \"items\": {\"type\": \"string\"}}",
		[OPTION_NETWORKS] = "{\"type\": \"array\", \"items\": {\"type\": \"string\"}}",
		[OPTION_STATUSES] =
			"{\"type\": \"array\", \"items\": {\"type\": [\"integer\", \"string\"]}}",
		[OPTION_PAIRS] = "{\"type\": \"object\", \"additionalProperties\": {\"type\": "
				 "[\"string\", \"number\", \"boolean\"]}}",
		[OPTION_INCLUDE] = "{\"type\": \"array\", \"items\": {\"type\": \"string\"}}",
		[OPTION_ABSENT] = "{\"enum\": [false, 0, \"off\", \"none\", null, [], {}]}",
	};

	switch (row->kind) {
	case OPTION_FACTOR:
		docs_put_factor(w, row);
		break;
	case OPTION_NUMBER:
		docs_put_number(w, row);
		break;
	case OPTION_WORD:
		docs_put_words(w, row->words);
		break;
	case OPTION_WORDS:
		WBUF_LIT(w, "{\"type\": \"array\", \"items\": ");
		docs_put_words(w, row->words);
		WBUF_LIT(w, "}");
		break;
	case OPTION_SETS:
		WBUF_LIT(w, "{\"type\": \"array\", \"items\": {\"type\": \"array\", \"items\": ");
		docs_put_words(w, row->words);
		WBUF_LIT(w, "}}");
		break;
	case OPTION_MAP:
		docs_put_reference(w, t, row->table);
		break;
	case OPTION_LIST:
		WBUF_LIT(w, "{\"type\": \"array\", \"items\": ");
		docs_put_reference(w, t, row->table);
		WBUF_LIT(w, "}");
		break;
	default:
		wbuf_str(w, plain[row->kind]);
		break;
	}
}

static void docs_put_required(struct wbuf *w, const struct option_table *table)
{
	const char *between = "";

	WBUF_LIT(w, ", \"required\": [");
	for (size_t i = 0; i < table->n; i++) {
		if (!(table->rows[i].flags & OPTION_REQUIRED))
			continue;
		wbuf_str(w, between);
		docs_put_json(w, table->rows[i].name);
		between = ", ";
	}
	WBUF_LIT(w, "]");
}

static void docs_put_object(struct wbuf *w, const struct docs_tables *t,
			    const struct option_table *table)
{
	WBUF_LIT(w, "{\"type\": \"object\", \"additionalProperties\": false");
	docs_put_required(w, table);
	WBUF_LIT(w, ", \"properties\": {");
	for (size_t i = 0; i < table->n; i++) {
		wbuf_str(w, i ? ",\n    " : "\n    ");
		docs_put_json(w, table->rows[i].name);
		WBUF_LIT(w, ": {\"description\": ");
		docs_put_json(w, table->rows[i].doc);
		WBUF_LIT(w, ", \"allOf\": [");
		docs_put_type(w, t, &table->rows[i]);
		WBUF_LIT(w, "]}");
	}
	WBUF_LIT(w, "}}");
}

static void docs_schema(struct wbuf *w, const struct docs_tables *t)
{
	WBUF_LIT(w, "{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
		    " \"title\": \"Configuration of Sluis\",\n \"allOf\": [");
	docs_put_object(w, t, t->p[0]);
	WBUF_LIT(w, "],\n \"$defs\": {");
	for (size_t i = 1; i < t->n; i++) {
		wbuf_str(w, i > 1 ? ",\n  \"" : "\n  \"");
		docs_put_path(w, t, t->p[i]);
		WBUF_LIT(w, "\": ");
		if (t->p[i]->scalar)
			WBUF_LIT(w, "{\"anyOf\": [{\"type\": \"string\"}, ");
		docs_put_object(w, t, t->p[i]);
		if (t->p[i]->scalar)
			WBUF_LIT(w, "]}");
	}
	WBUF_LIT(w, "}}\n");
}

int main(int argc, char **argv)
{
	struct view what = view_str(argc == 2 ? argv[1] : "");
	struct wbuf w = wbuf_of(malloc(DOCS_TEXT), DOCS_TEXT);
	struct docs_tables tables = { 0 };
	bool is_good = false;

	if (!w.p)
		return EXIT_FAILURE;
	docs_collect(&tables);
	if (view_eq(what, VIEW("--manual"))) {
		docs_manual(&w, &tables);
	} else if (view_eq(what, VIEW("--schema"))) {
		docs_schema(&w, &tables);
	} else {
		(void)fprintf(stderr, "usage: docs-options --manual | --schema\n");
		free(w.p);
		return 2;
	}
	is_good = !w.bad && fwrite(w.p, 1, w.n, stdout) == w.n && fflush(stdout) == 0;
	free(w.p);
	return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
