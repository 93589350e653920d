/* One channel per act: the authority may restart between two of them. */
#include "tool/admin_act.h"

#include "tool/ask.h"

#include <stdio.h>
#include <unistd.h>

bool admin_act_sure(const struct admin_line *o, const char *what)
{
	char answer[16] = "";

	if (o->is_yes)
		return true;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		(void)fprintf(stderr, "sluis: this %s; --yes says that it is meant\n", what);
		return false;
	}
	(void)fprintf(stderr, "This %s. Go on? [y/N] ", what);
	if (!fgets(answer, sizeof answer, stdin))
		return false;
	return answer[0] == 'y' || answer[0] == 'Y' || answer[0] == 'j' || answer[0] == 'J';
}

int admin_act_ask(const struct admin_line *o, const struct tool_act *act, struct admin_answer *ret)
{
	return admin_ask(-1, o->state, act, ret);
}

/* "jan: disabled", "3 ended" */
static void admin_act_say(const struct tool_act *act, const struct admin_answer *a)
{
	char line[800];
	struct wbuf w = wbuf_of(line, sizeof line);

	if (act->name.n) {
		wbuf_view_put(&w, act->name);
		WBUF_LIT(&w, ": ");
	}
	if (a->end.n > 1 || act->kind == ACT_SESSION_REVOKE) {
		wbuf_dec(&w, a->end.n);
		WBUF_LIT(&w, " ");
	}
	wbuf_str(&w, a->end.text[0] ? a->end.text : "done");
	ask_put_line(false, wbuf_view(&w));
}

static json_t *admin_act_json(const struct tool_act *act, const struct admin_answer *a)
{
	json_t *row = json_object();

	if (act->name.n)
		(void)json_object_set_new(row, "name",
					  json_stringn((const char *)act->name.p, act->name.n));
	if (act->number)
		(void)json_object_set_new(row, "number", json_integer(act->number));
	(void)json_object_set_new(row, "n", json_integer(a->end.n));
	(void)json_object_set_new(row, "done", json_string(a->end.text));
	return row;
}

/* One of several; with --json its outcome goes to list. */
static int admin_act_run(const struct admin_line *o, const struct tool_act *act, json_t *list)
{
	struct admin_answer a = { 0 };
	int status = admin_act_ask(o, act, &a);

	if (status == 0 && o->is_json)
		(void)json_array_append_new(list, admin_act_json(act, &a));
	else if (status == 0)
		admin_act_say(act, &a);
	admin_answer_done(&a);
	return status;
}

/* What was done is printed, also when the next one was refused. */
static int admin_act_print(const struct admin_line *o, json_t *list, int status)
{
	if (o->is_json)
		return admin_table_json(list) != 0 ? 1 : status;
	json_decref(list);
	return status;
}

int admin_act_one(const struct admin_line *o, const struct tool_act *act)
{
	json_t *list = json_array();

	return admin_act_print(o, list, admin_act_run(o, act, list));
}

int admin_act_each(const struct admin_line *o, enum tool_act_kind kind)
{
	json_t *list = json_array();
	int status = 0;

	for (int i = 0; i < o->name_n && status == 0; i++) {
		struct tool_act act = { .kind = (uint8_t)kind, .name = view_str(o->names[i]) };

		status = admin_act_run(o, &act, list);
	}
	return admin_act_print(o, list, status);
}

static bool admin_act_number(const char *text, const char *what, uint32_t *ret)
{
	uint64_t n = 0;

	if (view_dec(view_str(text), &n) != E_OK || !n || n > UINT32_MAX) {
		(void)fprintf(stderr, "sluis: expected the number of %s, not %s\n", what, text);
		return false;
	}
	*ret = (uint32_t)n;
	return true;
}

int admin_act_numbers(const struct admin_line *o, enum tool_act_kind kind, const char *what)
{
	json_t *list = json_array();
	int status = 0;

	for (int i = 0; i < o->name_n && status == 0; i++) {
		struct tool_act act = { .kind = (uint8_t)kind };

		status = admin_act_number(o->names[i], what, &act.number)
				 ? admin_act_run(o, &act, list)
				 : 2;
	}
	return admin_act_print(o, list, status);
}

bool admin_act_names(const struct admin_line *o, int from, struct wbuf *ret)
{
	for (int i = from; i < o->name_n; i++) {
		if (i > from)
			WBUF_LIT(ret, ",");
		wbuf_str(ret, o->names[i]);
	}
	if (ret->bad)
		(void)fputs("sluis: that are too many names at once\n", stderr);
	return !ret->bad;
}
