/*
 * NAME
 *      sluis - load balancer and remote-access gateway in compartments: the command
 *
 * DESCRIPTION
 *      `sluis run` starts an instance; the other sub-commands check configurations, and ask or
 *      change an instance that runs, over the control socket in its state directory. Each of them
 *      knows --help.
 *
 * SECURITY
 *      The command has the rights of who types it and no others. The keeper answers root and the
 *      user it runs as.
 *
 * FILES
 *      /var/lib/sluis             the state directory of root's instance
 *      ~/.local/state/sluis       of anyone else's
 *
 * EXIT STATUS
 *      0 done, 1 refused or failed, 2 the command line is not understood
 */
#include "base/view.h"
#include "tool/admin.h"
#include "tool/alarms.h"
#include "tool/audit.h"
#include "tool/blast.h"
#include "tool/cache.h"
#include "tool/changes.h"
#include "tool/check.h"
#include "tool/command_line.h"
#include "tool/drill.h"
#include "tool/edit.h"
#include "tool/evidence.h"
#include "tool/explain.h"
#include "tool/hunt.h"
#include "tool/incident.h"
#include "tool/isolate.h"
#include "tool/past.h"
#include "tool/recover.h"
#include "tool/reload.h"
#include "tool/rotate.h"
#include "tool/run.h"
#include "tool/status.h"
#include "tool/top.h"
#include "tool/upgrade.h"
#include "tool/verify.h"
#include "tool/version.h"
#include "tool/witness.h"

#include <stdio.h>

struct main_command {
	const char *name, *does;
	int (*run)(int argc, char **argv);
};

static int main_help(int argc, char **argv);

static const struct main_command main_commands[] = {
	{ "run", "start an instance", run_main },
	{ "check", "check a configuration", check_main },
	{ "reload", "apply the configuration of the running instance", reload_main },
	{ "upgrade", "replace the running programs by the installed ones", upgrade_main },
	{ "status", "what runs, and how it goes", status_main },
	{ "top", "what happens now: rates, latency, health, live in the terminal", top_main },
	{ "explain", "which rule and servers a request would get, and why", explain_main },
	{ "server", "add, set or remove a server; drain, enable or disable it", edit_server },
	{ "backend", "add, set or remove a backend", edit_backend },
	{ "route", "add, set or remove a route or one of its rules", edit_route },
	{ "certificate", "add, replace or remove a certificate", edit_certificate },
	{ "listener", "add, set or remove a listener", edit_listener },
	{ "isolate", "close, limit or open applications, zones, listeners or everything, at once",
	  isolate_main },
	{ "alarms", "what somebody has to look at: list, show, close", alarms_main },
	{ "recover", "bring applications back after an incident, step by step", recover_main },
	{ "incident", "the record of an incident: open, note, close, report; what people are told",
	  incident_main },
	{ "rotate", "make every key and secret anew, as a checklist that shows what was done",
	  rotate_main },
	{ "user", "people who may log in: list, add, disable, reset what they log in with",
	  admin_user },
	{ "group", "their groups: list, add, join, leave", admin_group },
	{ "session", "who is logged in: list, revoke", admin_session },
	{ "sessions", "the same", admin_session },
	{ "invite", "links with which people set up their log-in", admin_invite },
	{ "cache", "forget answers that are kept in memory", cache_main },
	{ "changes", "run-time changes: list, drop, save into files", changes_main },
	{ "diff", "what a file would change in the running configuration", changes_diff_main },
	{ "history", "configurations that were applied: who, when, why, what changed", past_main },
	{ "rollback", "apply an earlier configuration again", past_rollback_main },
	{ "audit", "read and verify the audit log", tool_audit },
	{ "hunt", "look for indicators of compromise in the whole audit log", hunt_main },
	{ "drill", "take every role over in a twin, and see what that gives", drill_main },
	{ "verify", "are the programs, on disk and in memory, those that were built?",
	  verify_main },
	{ "evidence", "a signed bundle of what runs and was logged: collect, verify, list",
	  evidence_main },
	{ "blast", "what each process holds and can reach if it is taken over", blast_main },
	{ "witness", "on another machine: keep and countersign checkpoints of audit logs",
	  witness_main },
	{ "version", "the version of this program", version_main },
	{ "help", "this text, or that of a sub-command", main_help },
};

static const struct main_command *main_find(const char *name)
{
	for (size_t i = 0; i < sizeof main_commands / sizeof *main_commands; i++)
		if (view_eq(view_str(main_commands[i].name), view_str(name)))
			return &main_commands[i];
	return NULL;
}

static void main_usage(FILE *to)
{
	(void)fputs("usage: sluis COMMAND [options]\n\n", to);
	for (size_t i = 0; i < sizeof main_commands / sizeof *main_commands; i++)
		(void)fprintf(to, "  %-11s %s\n", main_commands[i].name, main_commands[i].does);
	(void)fputs("\n`sluis COMMAND --help` says more.\n", to);
}

static int main_help(int argc, char **argv)
{
	const struct main_command *c = argc > 1 ? main_find(argv[1]) : NULL;
	char help[] = "--help", *args[] = { argc > 1 ? argv[1] : argv[0], help, NULL };

	if (c && c->run != main_help)
		return c->run(2, args);
	main_usage(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	const struct main_command *c = argc > 1 ? main_find(argv[1]) : NULL;
	char room[COMMAND_LINE_ROOM];

	if (c)
		return c->run(argc - 1, command_line_enter(room, "sluis", argv));
	if (argc > 1 && view_eq(view_str(argv[1]), VIEW("--help"))) {
		main_usage(stdout);
		return 0;
	}
	if (argc > 1 && view_eq(view_str(argv[1]), VIEW("--version")))
		return version_main(1, argv + 1);
	if (argc > 1)
		(void)fprintf(stderr, "sluis: unknown command: %s\n", argv[1]);
	main_usage(stderr);
	return 2;
}
