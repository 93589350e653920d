/* `sluis invite`. */
#include "tool/admin.h"
#include "tool/admin_act.h"
#include "tool/admin_link.h"

#include <stdio.h>

static const char admin_invite_usage[] =
	"usage: sluis invite add USER [--good-for TIME] [--json] [--state DIR]\n"
	"       sluis invite list [--json]\n"
	"       sluis invite revoke NUMBER...\n"
	"\n"
	"A link with which a user sets up a passkey, or a password and an authenticator app. It "
	"is\n"
	"printed once, works once, and is good for a week (--good-for: 1m to 30d). Whoever has it "
	"is\n"
	"that person: send it on a way that only they read.\n";

static const struct admin_column admin_invite_columns[] = {
	{ "invitation", "number" },
	{ "user", "user" },
	{ "used", "used" },
	{ "made", "created" },
	{ "until", "until" },
	{ "by", "by" },
	{ 0 },
};

static int admin_invite_add(const struct admin_line *o)
{
	return admin_link_make(o, view_str(o->names[0]));
}

static int admin_invite_list(const struct admin_line *o)
{
	struct tool_act act = { .kind = ACT_INVITE_LIST };
	struct admin_answer a = { 0 };
	int status = admin_act_ask(o, &act, &a);

	if (status == 0 && o->is_json)
		status = admin_table_json(json_incref(a.invites));
	else if (status == 0)
		admin_table_print(admin_invite_columns, a.invites);
	admin_answer_done(&a);
	return status;
}

static int admin_invite_revoke(const struct admin_line *o)
{
	return admin_act_numbers(o, ACT_INVITE_REVOKE, "an invitation");
}

int admin_invite(int argc, char **argv)
{
	static const struct admin_verb verbs[] = {
		{ "add", ADMIN_GOOD_FOR, 1, 1, admin_invite_add },
		{ "list", 0, 0, 0, admin_invite_list },
		{ "revoke", 0, 1, 255, admin_invite_revoke },
		{ 0 },
	};

	return admin_line_run(argc, argv, verbs, admin_invite_usage);
}
