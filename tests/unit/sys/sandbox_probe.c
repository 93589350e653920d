/*
 * The program that spawn_test starts as if it were a role: it enters the sandbox of a role that
 * does nothing but answer, and then tries one thing.
 */
#include "sys/caps.h"
#include "sys/sandbox.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct sandbox_call calls[] = {
	{ .name = "recvfrom", .reason = "test" },
	{ .name = "sendto", .reason = "test" },
	{ .name = "openat", .reason = "test" },
	{ .name = "getdents64", .reason = "test" },
	{ .name = "capget", .reason = "test" },
	SANDBOX_CALL_MMAP("test"),
	SANDBOX_CALL_MPROTECT("test"),
};
static const struct sandbox_spec probe_sandbox = { .role = "probe",
						   .calls = calls,
						   .call_n = sizeof calls / sizeof *calls };

static void answer(const char *text)
{
	if (send(3, text, strlen(text), 0) < 0)
		_exit(9);
}

static void try_one(char what)
{
	static char page[64];

	switch (what) {
	case 'o':
		answer(open("/proc/self/status", O_RDONLY) < 0 ? "denied" : "done");
		return;
	case 'c':
		answer(caps_have() == 0 ? "denied" : "done");
		return;
	case 'x': /* W^X: dies here */
		answer(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0) == MAP_FAILED
			       ? "denied"
			       : "done");
		return;
	case 'm':
		answer(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0) == MAP_FAILED
			       ? "denied"
			       : "done");
		return;
	case 's': /* not in the list: dies here */
		answer(socket(AF_INET, SOCK_STREAM, 0) < 0 ? "denied" : "done");
		return;
	case 'i':
		err_invariant("probe", page, 1);
	default:
		answer("?");
	}
}

int main(void)
{
	struct sandbox_run run = { 0 };
	struct sandbox_report report = { 0 };
	char what[2] = { 0 }, text[800];
	enum err e = E_OK;

	if (recv(3, what, 1, 0) != 1)
		return 1;
	e = sandbox_enter(&probe_sandbox, &run, &report);
	snprintf(text, sizeof text, "%s|%s|%s", err_name(e), report.have, report.weaker);
	answer(text);
	if (e == E_OK)
		try_one(what[0]);
	_exit(0);
}
