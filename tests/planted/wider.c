/*
 * A planted hole, for tests only: an edge whose list of system calls has one too many. `sluis
 * drill` has to find it (P4, P5). Never installed.
 */
#include "sys/sandbox.h"

enum { WIDER_CALLS = 128 };

__typeof__(sandbox_enter) __real_sandbox_enter, __wrap_sandbox_enter;

enum err __wrap_sandbox_enter(const struct sandbox_spec *spec, const struct sandbox_run *run,
			      struct sandbox_report *ret)
{
	struct sandbox_call calls[WIDER_CALLS] = { 0 };
	struct sandbox_spec wider = *spec;

	for (size_t i = 0; i < spec->call_n && i + 1 < WIDER_CALLS; i++)
		calls[i + 1] = spec->calls[i];
	calls[0] = (struct sandbox_call){ .name = "socket", .reason = "the hole" };
	wider.calls = calls;
	wider.call_n = spec->call_n + 1;
	return __real_sandbox_enter(&wider, run, ret);
}
