/* `sluis group`. */
#include "tool/admin.h"
#include "tool/admin_act.h"

#include <stdio.h>

static const char admin_group_usage[] =
	"usage: sluis group list [--json] [--state DIR]\n"
	"       sluis group show NAME [--json]\n"
	"       sluis group add NAME [--title TEXT]\n"
	"       sluis group remove NAME [--yes]\n"
	"       sluis group join NAME USER...\n"
	"       sluis group leave NAME USER...\n"
	"\n"
	"Groups of users, which the configuration's `access` names. A change counts with the next\n"
	"request; streams that are no longer allowed end within a second.\n"
	"Without a terminal, remove needs --yes.\n";

static const struct admin_column admin_group_columns[] = {
	{ "group", "name" },
	{ "title", "title" },
	{ "users", "users" },
	{ 0 },
};

static const struct admin_column admin_group_users[] = {
	{ "user", "name" },	  { "title", "title" },	   { "enabled", "enabled" },
	{ "factors", "factors" }, { "last seen", "seen" }, { 0 },
};

static int admin_group_list(const struct admin_line *o)
{
	struct tool_act act = { .kind = ACT_GROUP_LIST };
	struct admin_answer a = { 0 };
	int status = admin_act_ask(o, &act, &a);

	if (status == 0 && o->is_json)
		status = admin_table_json(json_incref(a.groups));
	else if (status == 0)
		admin_table_print(admin_group_columns, a.groups);
	admin_answer_done(&a);
	return status;
}

static int admin_group_show(const struct admin_line *o)
{
	struct tool_act act = { .kind = ACT_GROUP_SHOW, .name = view_str(o->names[0]) };
	struct admin_answer a = { 0 };
	int status = admin_act_ask(o, &act, &a);

	if (status == 0 && o->is_json)
		status = admin_table_json(
			json_pack("{s:s, s:O}", "name", o->names[0], "users", a.users));
	else if (status == 0)
		admin_table_print(admin_group_users, a.users);
	admin_answer_done(&a);
	return status;
}

static int admin_group_add(const struct admin_line *o)
{
	struct tool_act act = { .kind = ACT_GROUP_ADD,
				.name = view_str(o->names[0]),
				.title = view_str(o->title) };

	return admin_act_one(o, &act);
}

static int admin_group_remove(const struct admin_line *o)
{
	return admin_act_sure(o, "takes away what these groups may open from all their users")
		       ? admin_act_each(o, ACT_GROUP_REMOVE)
		       : 2;
}

static int admin_group_move(const struct admin_line *o, enum tool_act_kind kind)
{
	char names[2048];
	struct wbuf w = wbuf_of(names, sizeof names);
	struct tool_act act = { .kind = (uint8_t)kind, .name = view_str(o->names[0]) };

	if (!admin_act_names(o, 1, &w))
		return 2;
	act.list = wbuf_view(&w);
	return admin_act_one(o, &act);
}

static int admin_group_join(const struct admin_line *o)
{
	return admin_group_move(o, ACT_GROUP_JOIN);
}

static int admin_group_leave(const struct admin_line *o)
{
	return admin_group_move(o, ACT_GROUP_LEAVE);
}

int admin_group(int argc, char **argv)
{
	static const struct admin_verb verbs[] = {
		{ "list", 0, 0, 0, admin_group_list },
		{ "show", 0, 1, 1, admin_group_show },
		{ "add", ADMIN_TITLE, 1, 1, admin_group_add },
		{ "remove", ADMIN_YES, 1, 255, admin_group_remove },
		{ "join", 0, 2, 255, admin_group_join },
		{ "leave", 0, 2, 255, admin_group_leave },
		{ 0 },
	};

	return admin_line_run(argc, argv, verbs, admin_group_usage);
}
