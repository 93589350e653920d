/* Lines keep their words: "backends/web/servers/b/weight: 3 -> 5". */
#include "tool/change_lines.h"

#include "tool/ask.h"

#include <stdio.h>

void change_lines_begin(struct change_lines *l, bool is_json, bool is_dry)
{
	*l = (struct change_lines){ .is_json = is_json, .is_dry = is_dry };
	if (!is_json)
		return;
	l->differences = json_array();
	l->errors = json_array();
	l->warnings = json_array();
}

void change_lines_text(void *arg, uint8_t level, struct view text)
{
	struct change_lines *l = arg;
	json_t *const lists[] = { l->differences, l->errors, l->warnings };
	json_t *line = NULL;

	if (!l->is_json) {
		ask_put_line(level == TOOL_TEXT_ERROR || level == TOOL_TEXT_WARNING, text);
		return;
	}
	if (level > TOOL_TEXT_WARNING)
		return; /* what is said of it is in the document anyway */
	line = json_stringn((const char *)text.p, text.n);
	(void)json_array_append_new(lists[level], line ? line : json_null());
}

enum err change_lines_row(void *arg, struct frame *f)
{
	struct change_lines *l = arg;
	struct view in = f->body;

	if (f->type != KEEPER_APPLIED)
		return E_OK;
	TRY(view_u32(&in, &l->generation));
	return view_u32(&in, &l->entry);
}

static json_t *change_lines_number(uint32_t n)
{
	return n ? json_integer(n) : json_null();
}

int change_lines_end(struct change_lines *l, int status)
{
	const char *result = status != 0 ? "refused" : l->is_dry ? "checked" : "applied";
	json_t *doc = NULL;

	if (!l->is_json)
		return status;
	doc = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "result", result, "generation",
			change_lines_number(l->generation), "entry", change_lines_number(l->entry),
			"differences", l->differences, "warnings", l->warnings, "errors",
			l->errors);
	if (!doc || json_dumpf(doc, stdout, JSON_INDENT(2)) != 0)
		status = 1;
	(void)putchar('\n');
	json_decref(doc);
	return status;
}
