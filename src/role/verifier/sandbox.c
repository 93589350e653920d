/* What the verifier may do: think, and answer. */
#include "role/verifier/verifier.h"

#include <fcntl.h>

static const struct sandbox_call verifier_calls[] = {
	{ .name = "recvmsg", .reason = "questions of the authority, the keeper's messages" },
	{ .name = "sendmsg", .reason = "answers; readiness, told to the keeper" },
	{ .name = "epoll_wait", .reason = "the event loop" },
	{ .name = "epoll_pwait", .reason = "the same, where the C library has no other" },
	{ .name = "getrandom", .reason = "salts of new passwords" },
	{ .name = "epoll_ctl", .reason = "a new authority's channel; one that does not read" },
	SANDBOX_CALL_FUTEX("OpenSSL sets a part of itself up when it is first used"),
	SANDBOX_CALL_MPROTECT("pages of a heap that nobody may touch yet; never executable"),
	{ .name = "close", .reason = "channels whose authority is gone" },
	SANDBOX_CALL_IF("fcntl", 1, F_GETFL, "non-blocking channels"),
	SANDBOX_CALL_IF("fcntl", 1, F_SETFL, "non-blocking channels"),
};

const struct sandbox_spec verifier_sandbox = {
	.role = "verifier",
	.calls = verifier_calls,
	.call_n = sizeof verifier_calls / sizeof verifier_calls[0],
	.holds_keys = true,
};
