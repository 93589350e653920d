/* Prints docs/sandbox.md: the roles table and every role's list of system calls, from the tables
 * that are in force. */
#include "role/keeper/roles.h"
#include "sys/sandbox.h"

#include <stdio.h>

extern const struct sandbox_spec config_sandbox, signer_sandbox, edge_sandbox, dialer_sandbox,
	dialer_sandbox_unix, audit_sandbox, console_sandbox, exporter_sandbox, relay_sandbox,
	shipper_sandbox, authority_sandbox, verifier_sandbox, spawner_sandbox, herald_sandbox,
	cell_sandbox;

static const char top[] = "# The sandbox of each role\n"
			  "\n"
			  "Printed from the tables that are in force (`tools/gen-docs`); "
			  "`tests/drill` tries each role's\n"
			  "sandbox from the inside, as root and as an ordinary user, and switches "
			  "every rule off once.\n"
			  "\n"
			  "Every role but the keeper is executed by the keeper in new user, mount, "
			  "PID, IPC, UTS and cgroup\n"
			  "namespaces (all but the dialer: network too), with an empty "
			  "environment, no descriptor but its\n"
			  "channel, no core dumps, and dies with the keeper. Before its first byte "
			  "of input it then closes\n"
			  "its sandbox, in this order, and tries each step from the inside:\n"
			  "\n"
			  "1. it is not root, and is the first process of its PID namespace\n"
			  "2. its network namespace is empty (P4; not the dialer)\n"
			  "3. its root is an empty read-only directory (P5; not config, and not a "
			  "dialer of `unix:` servers)\n"
			  "4. no capability in any set, `no_new_privs`, not dumpable; what is "
			  "writable never becomes code\n"
			  "   (Linux 6.3), and code and constants can't be changed (Linux 6.10; "
			  "hardening.md)\n"
			  "5. Landlock: no file but what is named, no TCP port but what is named "
			  "(Linux 6.7), no signal or\n"
			  "   abstract socket to the outside (Linux 6.12)\n"
			  "6. seccomp: the list below; anything else ends the process, and the "
			  "keeper raises an alarm\n"
			  "\n"
			  "What a kernel can't do is told by the number of the promise, and the "
			  "start is refused unless\n"
			  "`--allow-weaker` names it. An ordinary user's roles are all that user: "
			  "what keeps them apart is\n"
			  "the namespaces, Landlock and seccomp alone.\n"
			  "\n"
			  "The signer under root is born without a user namespace, because it "
			  "reads key files of any owner\n"
			  "(CAP_DAC_READ_SEARCH); it makes one for itself when it has read them. "
			  "The dialer under root is\n"
			  "born in a cgroup whose BPF programs let it connect to its servers' "
			  "addresses and ports only.\n"
			  "\n"
			  "The relay makes no socket either, but what it is given to listen on can "
			  "send datagrams to any\n"
			  "address: that is why it is a process of its own.\n"
			  "\n"
			  "The spawner stays in the keeper's PID namespace, so that cells outlive "
			  "it, and keeps CAP_SYS_ADMIN\n"
			  "inside its own user namespace, which new PID namespaces take; its list "
			  "lets it use that for one\n"
			  "`clone` with fixed flags. A cell is branched off it without an "
			  "execution: it gives up that capability\n"
			  "and every descriptor but its own, and puts the shorter list on top: "
			  "what both lists have, it may do.\n"
			  "\n"
			  "## Roles\n"
			  "\n"
			  "| role | does | user (or base + n) | network | files of any owner, at "
			  "start | restarted |\n"
			  "|---|---|---|---|---|---|\n";

static void print_role(enum role r)
{
	const struct roles_row *row = roles_row(r);

	printf("| `%s` | %s | `%s` (%u) | %s | %s | %s |\n", role_name(r), row->does, row->program,
	       (unsigned)row->uid_offset, row->wants_network ? "the host's" : "none",
	       row->wants_read_any ? "yes" : "no",
	       row->restart == ROLES_ALWAYS ? "always, with back-off" : "no: it ends by itself");
}

static void print_call(const struct sandbox_call *c)
{
	printf("| `%s` | ", c->name);
	if (c->has_arg && c->mask)
		printf("argument %u & 0x%llx = %llu | ", c->arg, (unsigned long long)c->mask,
		       (unsigned long long)c->value);
	else if (c->has_arg)
		printf("argument %u = %llu%s", c->arg, (unsigned long long)c->value,
		       c->has_also ? ", " : " | ");
	else
		printf("| ");
	if (c->has_also)
		printf("argument %u = %llu | ", c->also_arg, (unsigned long long)c->also_value);
	printf("%s |\n", c->reason);
}

static void print_list(const char *title, const struct sandbox_call *calls, size_t n)
{
	printf("\n## %s: %zu system calls\n\n| call | only when | reason |\n|---|---|---|\n", title,
	       n);
	for (size_t i = 0; i < n; i++)
		print_call(&calls[i]);
}

static void print_spec(const char *title, const struct sandbox_spec *s)
{
	print_list(title, s->calls, s->call_n);
}

int main(void)
{
	printf("%s", top);
	for (unsigned r = ROLE_CONFIG; r < ROLE_PROGRAMS; r++)
		print_role((enum role)r);
	print_list("Every role", sandbox_base_calls, sandbox_base_call_n);
	print_spec("config", &config_sandbox);
	print_spec("signer", &signer_sandbox);
	print_spec("edge", &edge_sandbox);
	print_spec("dialer", &dialer_sandbox);
	print_spec("dialer of unix: servers", &dialer_sandbox_unix);
	print_spec("audit", &audit_sandbox);
	print_spec("console", &console_sandbox);
	print_spec("exporter", &exporter_sandbox);
	print_spec("herald", &herald_sandbox);
	print_spec("shipper", &shipper_sandbox);
	print_spec("relay", &relay_sandbox);
	print_spec("authority", &authority_sandbox);
	print_spec("verifier", &verifier_sandbox);
	print_spec("spawner", &spawner_sandbox);
	print_spec("cell (on top of the spawner's)", &cell_sandbox);
	return 0;
}
