/* A cell's list (P1, P4, P5): an edge's, without what makes connections or processes. */
#include "role/cell/cell.h"

#include <fcntl.h>
#include <sys/socket.h>

static const struct sandbox_call cell_calls[] = {
	{ .name = "recvfrom", .reason = "bytes from its client and servers" },
	{ .name = "sendto", .reason = "bytes to them; records to audit" },
	{ .name = "epoll_wait", .reason = "the event loop" },
	{ .name = "close", .reason = "a connection's end" },
	{ .name = "epoll_ctl", .reason = "a connection enters the loop" },
	{ .name = "recvmsg",
	  .reason = "frames from spawner, signer, dialer and authority, with descriptors" },
	{ .name = "sendmsg", .reason = "frames to them" },
	{ .name = "shutdown", .reason = "the end of our side of a connection" },
	SANDBOX_CALL_IF("setsockopt", 2, SO_LINGER, "SO_LINGER: a cut answer ends in a reset"),
	SANDBOX_CALL_IF("splice", 1, 0,
			"long bodies from socket to socket, at no position in a file"),
	SANDBOX_CALL_IF(
		"pipe2", 1, O_NONBLOCK | O_CLOEXEC,
		"what splice moves through; an ordinary pipe, never one of packets or events"),
	{ .name = "getsockname", .reason = "where its client connected to, for PROXY headers" },
	SANDBOX_CALLS_HEAP,
	SANDBOX_CALL_MMAP("memory; never executable"),
	{ .name = "munmap", .reason = "memory goes back" },
	SANDBOX_CALL_MPROTECT("OpenSSL's memory; never executable"),
	{ .name = "brk", .reason = "memory of what is made when it is first used" },
	SANDBOX_CALL_IF("fcntl", 1, F_GETFL, "non-blocking channels; never who is signalled"),
	SANDBOX_CALL_IF("fcntl", 1, F_SETFL, "non-blocking channels"),
	SANDBOX_CALL_IF("fcntl", 1, F_SETPIPE_SZ, "how much splice moves at once"),
	{ .name = "getrandom", .reason = "TLS randomness, tokens" },
	{ .name = "clock_gettime", .reason = "clocks where the vDSO can't serve them" },
	{ .name = "rt_sigprocmask", .reason = "OpenSSL's async jobs, once per job" },
	SANDBOX_CALL_FUTEX("OpenSSL's one-time initialisations"),
};

const struct sandbox_spec cell_sandbox = {
	.role = "cell",
	.calls = cell_calls,
	.call_n = sizeof cell_calls / sizeof cell_calls[0],
};
