/* Cells: texts, numbers, yes and no, and lists between commas. */
#include "tool/admin_table.h"

#include "tool/columns.h"

#include <stdio.h>

static void admin_table_value(struct wbuf *w, const json_t *j)
{
	if (json_is_string(j))
		wbuf_put(w, json_string_value(j), json_string_length(j));
	else if (json_is_integer(j) && json_integer_value(j) >= 0)
		wbuf_dec(w, (uint64_t)json_integer_value(j));
	else if (json_is_boolean(j))
		wbuf_str(w, json_is_true(j) ? "yes" : "no");
}

static void admin_table_cell(struct columns *c, const json_t *j)
{
	char text[256];
	struct wbuf w = wbuf_of(text, sizeof text);
	const json_t *one = NULL;
	size_t i = 0;

	if (!json_is_array(j))
		admin_table_value(&w, j);
	json_array_foreach(j, i, one)
	{
		if (i)
			WBUF_LIT(&w, ",");
		admin_table_value(&w, one);
	}
	if (!w.n)
		WBUF_LIT(&w, "-");
	columns_cell(c, wbuf_view(&w));
}

static void admin_table_rows(struct columns *c, const struct admin_column *columns,
			     const json_t *rows)
{
	const json_t *row = NULL;
	size_t i = 0;

	for (const struct admin_column *k = columns; k->head; k++)
		columns_text(c, k->head);
	columns_end(c);
	json_array_foreach(rows, i, row)
	{
		for (const struct admin_column *k = columns; k->head; k++)
			admin_table_cell(c, json_object_get(row, k->key));
		columns_end(c);
	}
}

void admin_table_print(const struct admin_column *columns, const json_t *rows)
{
	struct columns c = { 0 };

	if (!json_array_size(rows)) {
		(void)puts("  none");
		return;
	}
	admin_table_rows(&c, columns, rows);
	c.is_printing = true;
	admin_table_rows(&c, columns, rows);
}

int admin_table_json(json_t *doc)
{
	int status = doc && json_dumpf(doc, stdout, JSON_INDENT(2)) == 0 ? 0 : 1;

	json_decref(doc);
	(void)putchar('\n');
	return status;
}
