/* `sluis session`, `sluis sessions`. */
#include "tool/admin.h"
#include "tool/admin_act.h"

#include <stdio.h>

static const char admin_session_usage[] =
	"usage: sluis session list [--user NAME] [--json] [--state DIR]\n"
	"       sluis session revoke NUMBER...\n"
	"       sluis session revoke --user NAME\n"
	"       sluis session revoke --all [--yes]\n"
	"\n"
	"Who is logged in, and the end of it: requests are refused from then on, and WebSockets,\n"
	"downloads and other streams are cut within a second.\n"
	"Without a terminal, --all needs --yes.\n";

static const struct admin_column admin_session_columns[] = {
	{ "session", "number" },    { "user", "user" },
	{ "source", "source" },	    { "factors", "factors" },
	{ "applications", "apps" }, { "began", "began" },
	{ "last seen", "seen" },    { "until", "until" },
	{ "browser", "agent" },	    { 0 },
};

static int admin_session_list(const struct admin_line *o)
{
	struct tool_act act = { .kind = ACT_SESSION_LIST, .name = view_str(o->user) };
	struct admin_answer a = { 0 };
	int status = admin_act_ask(o, &act, &a);

	if (status == 0 && o->is_json)
		status = admin_table_json(json_incref(a.sessions));
	else if (status == 0)
		admin_table_print(admin_session_columns, a.sessions);
	admin_answer_done(&a);
	return status;
}

static int admin_session_revoke(const struct admin_line *o)
{
	struct tool_act act = { .kind = ACT_SESSION_REVOKE,
				.flags = o->is_all ? 1 : 0,
				.name = view_str(o->user) };

	if ((o->name_n > 0) + (o->user != NULL) + o->is_all != 1) {
		(void)fputs(admin_session_usage, stderr);
		return 2;
	}
	if (o->name_n)
		return admin_act_numbers(o, ACT_SESSION_REVOKE, "a session");
	if (o->is_all && !admin_act_sure(o, "logs everybody out, at once"))
		return 2;
	return admin_act_one(o, &act);
}

int admin_session(int argc, char **argv)
{
	static const struct admin_verb verbs[] = {
		{ "list", ADMIN_USER, 0, 0, admin_session_list },
		{ "revoke", ADMIN_USER | ADMIN_ALL | ADMIN_YES, 0, 255, admin_session_revoke },
		{ 0 },
	};

	return admin_line_run(argc, argv, verbs, admin_session_usage);
}
