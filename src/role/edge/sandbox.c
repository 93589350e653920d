/* The edge's sandbox (P4, P5): descriptors it was given, memory, clocks, and its end. */
#include "role/edge/sandbox.h"

#include <fcntl.h>
#include <sys/socket.h>

static const struct sandbox_call edge_calls[] = {
	{ .name = "recvfrom", .reason = "bytes from clients and servers" },
	{ .name = "sendto", .reason = "bytes to clients and servers" },
	{ .name = "epoll_wait", .reason = "the event loop" },
	{ .name = "close", .reason = "a connection's end" },
	{ .name = "accept4", .reason = "a connection's begin, on sockets the keeper bound" },
	{ .name = "epoll_ctl", .reason = "a connection enters the loop" },
	{ .name = "recvmsg", .reason = "frames from keeper, signer and dialer, with descriptors" },
	{ .name = "sendmsg", .reason = "frames to them" },
	{ .name = "shutdown", .reason = "the end of our side of a connection" },
	SANDBOX_CALL_IF("setsockopt", 2, SO_LINGER, "SO_LINGER: a cut answer ends in a reset"),
	SANDBOX_CALL_IF("splice", 1, 0,
			"long bodies from socket to socket, at no position in a file"),
	SANDBOX_CALL_IF(
		"pipe2", 1, O_NONBLOCK | O_CLOEXEC,
		"what splice moves through; an ordinary pipe, never one of packets or events"),
	{ .name = "getsockname", .reason = "where a client connected to, for PROXY headers" },
	SANDBOX_CALLS_HEAP,
	SANDBOX_CALL_MMAP("a new image, pages of memory; never executable"),
	{ .name = "munmap", .reason = "an old image" },
	SANDBOX_CALL_MPROTECT("OpenSSL's memory; never executable"),
	{ .name = "brk", .reason = "memory of what a new generation is built from" },
	SANDBOX_CALL_IF("fcntl", 1, F_GETFL, "non-blocking channels; never who is signalled"),
	SANDBOX_CALL_IF("fcntl", 1, F_SETFL, "non-blocking channels"),
	SANDBOX_CALL_IF("fcntl", 1, F_GET_SEALS, "seals of a new image"),
	SANDBOX_CALL_IF("fcntl", 1, F_SETPIPE_SZ, "how much splice moves at once"),
	{ .name = "fstat", .reason = "size of a new image" },
	{ .name = "newfstatat",
	  .reason = "the same call as glibc spells it on an open descriptor" },
	{ .name = "getrandom", .reason = "TLS randomness" },
	{ .name = "clock_gettime", .reason = "clocks where the vDSO can't serve them" },
	{ .name = "rt_sigprocmask", .reason = "OpenSSL's async jobs, once per job" },
	SANDBOX_CALL_FUTEX("OpenSSL's one-time initialisations"),
};

const struct sandbox_spec edge_sandbox = {
	.role = "edge",
	.calls = edge_calls,
	.call_n = sizeof edge_calls / sizeof edge_calls[0],
};
