/* What the shipper may do: read the log, speak on sockets that it is handed, keep its places. */
#include "role/shipper/shipper.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

static const struct sandbox_call shipper_calls[] = {
	{ .name = "epoll_wait", .reason = "the event loop" },
	{ .name = "epoll_pwait", .reason = "the same, where the C library has no other" },
	{ .name = "read", .reason = "lines of the log; its own places" },
	{ .name = "sendto", .reason = "messages to receivers" },
	{ .name = "recvfrom", .reason = "their side of TLS" },
	{ .name = "recvmsg", .reason = "messages of keeper and dialer, with connected sockets" },
	{ .name = "sendmsg", .reason = "messages to them" },
	{ .name = "getdents64", .reason = "which segments there are" },
	{ .name = "openat", .reason = "segments to read, below the log's directory; its places" },
	{ .name = "lseek", .reason = "to where it had come in a segment" },
	{ .name = "write", .reason = "its places; messages to standard error" },
	{ .name = "renameat", .reason = "they appear whole" },
	{ .name = "close", .reason = "segments, connections" },
	{ .name = "shutdown", .reason = "the end of our side of a connection" },
	{ .name = "epoll_ctl", .reason = "what to wait for" },
	SANDBOX_CALL_IF("ioctl", 1, SIOCOUTQ, "how much of what was sent is acknowledged"),
	SANDBOX_CALLS_HEAP,
	SANDBOX_CALL_MMAP("memory; never executable"),
	{ .name = "munmap", .reason = "memory" },
	SANDBOX_CALL_MPROTECT("OpenSSL's memory; never executable"),
	{ .name = "brk", .reason = "memory" },
	SANDBOX_CALL_IF("fcntl", 1, F_GETFL, "non-blocking channels"),
	SANDBOX_CALL_IF("fcntl", 1, F_SETFL, "non-blocking channels"),
	{ .name = "fstat", .reason = "reading a directory" },
	{ .name = "newfstatat",
	  .reason = "the same call as glibc spells it on an open descriptor" },
	{ .name = "getrandom", .reason = "TLS randomness" },
	{ .name = "clock_gettime", .reason = "clocks where the vDSO can't serve them" },
	{ .name = "rt_sigprocmask", .reason = "OpenSSL's async jobs, once per job" },
	SANDBOX_CALL_FUTEX("OpenSSL's one-time initialisations"),
};

const struct sandbox_spec shipper_sandbox = {
	.role = "shipper",
	.calls = shipper_calls,
	.call_n = sizeof shipper_calls / sizeof shipper_calls[0],
};
