/* What the herald may do: serve its one address from memory that others write. */
#include "role/herald/herald.h"

#include <fcntl.h>

static const struct sandbox_call herald_calls[] = {
	{ .name = "epoll_wait", .reason = "the event loop" },
	{ .name = "epoll_pwait", .reason = "the same, where the C library has no other" },
	{ .name = "accept4", .reason = "readers of the status page" },
	{ .name = "recvfrom", .reason = "their requests" },
	{ .name = "sendto", .reason = "their answers" },
	{ .name = "epoll_ctl", .reason = "a client waited for" },
	{ .name = "close", .reason = "clients, and descriptors of pages that are mapped" },
	{ .name = "recvmsg", .reason = "the keeper's messages" },
	{ .name = "sendmsg", .reason = "readiness, told to the keeper" },
	SANDBOX_CALL_IF("fcntl", 1, F_GET_SEALS, "seals of shared memory"),
	SANDBOX_CALL_IF("fcntl", 1, F_GETFL, "non-blocking descriptors"),
	SANDBOX_CALL_IF("fcntl", 1, F_SETFL, "non-blocking descriptors"),
	{ .name = "newfstatat", .reason = "fstat: size of shared memory" },
	{ .name = "fstat", .reason = "the same, on C libraries that use it" },
	SANDBOX_CALL_MMAP("images of new generations"),
	{ .name = "munmap", .reason = "images of old generations" },
};

const struct sandbox_spec herald_sandbox = {
	.role = "herald",
	.calls = herald_calls,
	.call_n = sizeof herald_calls / sizeof herald_calls[0],
};
