/* What the signer may do once it holds keys: answer on channels it was given. */
#include "role/signer/signer.h"

#include <fcntl.h>

static const struct sandbox_call signer_calls[] = {
	{ .name = "recvmsg", .reason = "questions from edges and audit; messages from the keeper" },
	{ .name = "sendmsg", .reason = "answers" },
	{ .name = "getpid",
	  .reason = "OpenSSL asks before each random number whether it was forked" },
	{ .name = "epoll_wait", .reason = "the event loop" },
	{ .name = "epoll_pwait", .reason = "the same, where the C library has no other" },
	{ .name = "getrandom", .reason = "fresh seed for the generator of signature nonces" },
	{ .name = "epoll_ctl", .reason = "a new edge's channel; a peer that does not read" },
	SANDBOX_CALL_FUTEX("OpenSSL sets a part of itself up when it is first used"),
	SANDBOX_CALL_MPROTECT("pages of a heap that nobody may touch yet; never executable"),
	{ .name = "close", .reason = "channels whose peer is gone" },
	SANDBOX_CALL_IF("fcntl", 1, F_GETFL, "new channels do not block"),
	SANDBOX_CALL_IF("fcntl", 1, F_SETFL, "new channels do not block"),
};

const struct sandbox_spec signer_sandbox = {
	.role = "signer",
	.calls = signer_calls,
	.call_n = sizeof signer_calls / sizeof signer_calls[0],
	.holds_keys = true,
};
