/* `sluis user`. */
#include "tool/admin.h"
#include "tool/admin_act.h"
#include "tool/admin_link.h"

#include <stdio.h>

static const char admin_user_usage[] =
	"usage: sluis user list [--json] [--state DIR]\n"
	"       sluis user show NAME [--json]\n"
	"       sluis user add NAME [--title TEXT] [--groups A,B] [--language nl|en]\n"
	"                      [--invite [--good-for TIME] | --decoy] [--json]\n"
	"       sluis user change NAME [--title TEXT] [--groups A,B] [--language nl|en] [--json]\n"
	"       sluis user enable NAME...\n"
	"       sluis user disable NAME... [--yes]\n"
	"       sluis user reset-factors NAME... [--yes]\n"
	"       sluis user remove NAME... [--yes]\n"
	"\n"
	"The people who may log in at the portal. A NAME has small letters, digits and . _ -\n"
	"  --title    what others call this person: \"Jan de Vries\"\n"
	"  --groups   with change: these and no others; '' takes all away\n"
	"  --invite   prints a link, once, with which that person sets up a log-in\n"
	"  --decoy    nobody's name, that you tell nobody: who tries to log in with it has read\n"
	"             the store or a copy of it, which raises an alarm\n"
	"  disable    nobody logs in under that name, and its sessions end at once\n"
	"  reset-factors\n"
	"             forgets password, passkeys, authenticator app and recovery codes, and ends\n"
	"             all sessions: for a lost phone; invite that person again afterwards\n"
	"Without a terminal, what hurts needs --yes.\n";

static const struct admin_column admin_user_columns[] = {
	{ "user", "name" },	  { "title", "title" },
	{ "enabled", "enabled" }, { "groups", "groups" },
	{ "factors", "factors" }, { "sessions", "sessions" },
	{ "last seen", "seen" },  { 0 },
};

static const struct admin_column admin_user_factors[] = {
	{ "number", "number" }, { "factor", "kind" },
	{ "name", "name" },	{ "one device", "device_bound" },
	{ "added", "created" }, { "last used", "used" },
	{ "left", "left" },	{ 0 },
};

static const struct admin_column admin_user_sessions[] = {
	{ "session", "number" },    { "source", "source" }, { "factors", "factors" },
	{ "applications", "apps" }, { "began", "began" },   { "last seen", "seen" },
	{ "until", "until" },	    { "browser", "agent" }, { 0 },
};

static int admin_user_list(const struct admin_line *o)
{
	struct tool_act act = { .kind = ACT_USER_LIST };
	struct admin_answer a = { 0 };
	int status = admin_act_ask(o, &act, &a);

	if (status == 0 && o->is_json)
		status = admin_table_json(json_incref(a.users));
	else if (status == 0)
		admin_table_print(admin_user_columns, a.users);
	admin_answer_done(&a);
	return status;
}

static void admin_user_print(const struct admin_answer *a)
{
	admin_table_print(admin_user_columns, a->users);
	(void)puts("\nfactors");
	admin_table_print(admin_user_factors, a->factors);
	(void)puts("\nsessions");
	admin_table_print(admin_user_sessions, a->sessions);
}

static int admin_user_show(const struct admin_line *o)
{
	struct tool_act act = { .kind = ACT_USER_SHOW, .name = view_str(o->names[0]) };
	struct admin_answer a = { 0 };
	int status = admin_act_ask(o, &act, &a);

	if (status == 0 && o->is_json)
		status = admin_table_json(json_pack("{s:O?, s:O, s:O}", "user",
						    json_array_get(a.users, 0), "factors",
						    a.factors, "sessions", a.sessions));
	else if (status == 0)
		admin_user_print(&a);
	admin_answer_done(&a);
	return status;
}

static struct tool_act admin_user_fields(const struct admin_line *o, enum tool_act_kind kind)
{
	return (struct tool_act){ .kind = (uint8_t)kind,
				  .flags = o->groups ? 1 : 0,
				  .name = view_str(o->names[0]),
				  .title = view_str(o->title),
				  .list = view_str(o->groups),
				  .locale = view_str(o->language) };
}

static int admin_user_add(const struct admin_line *o)
{
	struct tool_act act = admin_user_fields(o, ACT_USER_ADD);
	struct admin_answer a = { 0 };
	int status = 0;

	act.flags |= o->is_decoy ? 2 : 0;
	if (o->is_decoy && o->wants_invite) {
		(void)fputs("sluis: nobody is invited as a decoy: --invite or --decoy\n", stderr);
		return 2;
	}
	if (!o->wants_invite)
		return admin_act_one(o, &act);
	status = admin_act_ask(o, &act, &a);
	admin_answer_done(&a);
	if (status != 0)
		return status;
	status = admin_link_make(o, act.name);
	if (status != 0)
		(void)fprintf(stderr,
			      "sluis: %s was added, but not invited: `sluis invite add %s`\n",
			      o->names[0], o->names[0]);
	return status;
}

static int admin_user_change(const struct admin_line *o)
{
	struct tool_act act = admin_user_fields(o, ACT_USER_CHANGE);

	if (o->title || o->groups || o->language)
		return admin_act_one(o, &act);
	(void)fputs("sluis: say what to change: --title, --groups or --language\n", stderr);
	return 2;
}

static int admin_user_enable(const struct admin_line *o)
{
	return admin_act_each(o, ACT_USER_ENABLE);
}

static int admin_user_disable(const struct admin_line *o)
{
	return admin_act_sure(o, "ends every session of these users, at once")
		       ? admin_act_each(o, ACT_USER_DISABLE)
		       : 2;
}

static int admin_user_reset(const struct admin_line *o)
{
	return admin_act_sure(o, "removes all that these users log in with, and ends their "
				 "sessions")
		       ? admin_act_each(o, ACT_USER_RESET)
		       : 2;
}

static int admin_user_remove(const struct admin_line *o)
{
	return admin_act_sure(o, "removes these users with all that they log in with, for good")
		       ? admin_act_each(o, ACT_USER_REMOVE)
		       : 2;
}

enum { ADMIN_USER_FIELDS = ADMIN_TITLE | ADMIN_GROUPS | ADMIN_LANGUAGE };

int admin_user(int argc, char **argv)
{
	static const struct admin_verb verbs[] = {
		{ "list", 0, 0, 0, admin_user_list },
		{ "show", 0, 1, 1, admin_user_show },
		{ "add", ADMIN_USER_FIELDS | ADMIN_INVITE | ADMIN_DECOY | ADMIN_GOOD_FOR, 1, 1,
		  admin_user_add },
		{ "change", ADMIN_USER_FIELDS, 1, 1, admin_user_change },
		{ "enable", 0, 1, 255, admin_user_enable },
		{ "disable", ADMIN_YES, 1, 255, admin_user_disable },
		{ "reset-factors", ADMIN_YES, 1, 255, admin_user_reset },
		{ "remove", ADMIN_YES, 1, 255, admin_user_remove },
		{ 0 },
	};

	return admin_line_run(argc, argv, verbs, admin_user_usage);
}
