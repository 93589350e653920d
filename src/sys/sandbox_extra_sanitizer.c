/*
 * What the runtime of ASan and UBSan asks for besides: its own memory, and reports. A build for
 * tests; no release is made of it. Leak checking is off in roles: it would trace its own process.
 */
#include "sys/sandbox_part.h"

const struct sandbox_call sandbox_extra_calls[] = {
	{ .name = "mmap", .reason = "sanitizer" },
	{ .name = "munmap", .reason = "sanitizer" },
	{ .name = "mprotect", .reason = "sanitizer" },
	{ .name = "madvise", .reason = "sanitizer" },
	{ .name = "mremap", .reason = "sanitizer" },
	{ .name = "brk", .reason = "sanitizer" },
	{ .name = "sched_yield", .reason = "sanitizer" },
	{ .name = "futex", .reason = "sanitizer" },
	{ .name = "write", .reason = "sanitizer" },
	{ .name = "close", .reason = "sanitizer" },
	{ .name = "openat", .reason = "sanitizer" },
	{ .name = "open", .reason = "sanitizer" },
	{ .name = "read", .reason = "sanitizer" },
	{ .name = "readlink", .reason = "sanitizer" },
	{ .name = "newfstatat", .reason = "sanitizer" },
	{ .name = "fstat", .reason = "sanitizer" },
	{ .name = "stat", .reason = "sanitizer" },
	{ .name = "getrlimit", .reason = "sanitizer" },
	{ .name = "prlimit64", .reason = "sanitizer" },
	{ .name = "sigaltstack", .reason = "sanitizer" },
	{ .name = "rt_sigaction", .reason = "sanitizer" },
	{ .name = "tgkill", .reason = "sanitizer" },
	{ .name = "uname", .reason = "sanitizer" },
	{ .name = "sysinfo", .reason = "sanitizer" },
	{ .name = "getuid", .reason = "sanitizer" },
	{ .name = "geteuid", .reason = "sanitizer" },
};
const size_t sandbox_extra_call_n = sizeof sandbox_extra_calls / sizeof *sandbox_extra_calls;

/* The environment of a role is empty, so its options are built in. */
const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__asan_default_options(void)
{
	return "detect_leaks=0:abort_on_error=1";
}
