/* Tables for people, of rows that are JSON objects; and --json. */
#ifndef TOOL_ADMIN_TABLE_H
#define TOOL_ADMIN_TABLE_H

#include <jansson.h>

struct admin_column {
	const char *head, *key; /* a column without a head ends the table */
};

/* admin_table_print - a line of heads and one per row; "none" when there is none */
void admin_table_print(const struct admin_column *columns, const json_t *rows);

/* admin_table_json - doc on standard output; takes it; the exit status */
int admin_table_json(json_t *doc);

#endif
