/*
 * The relay's sandbox: sockets it was given, memory, clocks. A socket that answers any client can
 * send to any address: that is the one thing that an attacker gains here, and why no other role has
 * such a socket.
 */
#include "role/relay/relay.h"

#include <fcntl.h>
#include <sys/socket.h>

static const struct sandbox_call relay_calls[] = {
	{ .name = "recvmmsg", .reason = "datagrams from clients and servers" },
	{ .name = "sendmmsg", .reason = "datagrams to them" },
	{ .name = "epoll_wait", .reason = "the event loop" },
	{ .name = "epoll_pwait", .reason = "the same, where the C library has no other" },
	{ .name = "recvmsg", .reason = "frames from keeper and dialer, with descriptors" },
	{ .name = "sendmsg", .reason = "frames to them; datagrams that waited" },
	{ .name = "epoll_ctl", .reason = "a session's socket enters the loop" },
	{ .name = "close", .reason = "a session's end" },
	SANDBOX_CALL_IF("getsockopt", 2, SO_TYPE, "that a socket it is given is one of datagrams"),
	SANDBOX_CALL_IF("fcntl", 1, F_GET_SEALS, "seals of a new image"),
	SANDBOX_CALL_IF("fcntl", 1, F_GETFL, "non-blocking channels"),
	SANDBOX_CALL_IF("fcntl", 1, F_SETFL, "non-blocking channels"),
	{ .name = "fstat", .reason = "size of a new image" },
	{ .name = "newfstatat",
	  .reason = "the same call as glibc spells it on an open descriptor" },
	SANDBOX_CALL_MMAP("a new image, and what is made of it; never executable"),
	{ .name = "munmap", .reason = "an old image" },
	{ .name = "brk", .reason = "memory of what a new generation is built from" },
};

const struct sandbox_spec relay_sandbox = {
	.role = "relay",
	.calls = relay_calls,
	.call_n = sizeof relay_calls / sizeof relay_calls[0],
};
