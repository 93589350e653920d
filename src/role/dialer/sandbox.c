/* The dialer's rows: the only role that may make a socket, and never to listen on it. */
#include "role/dialer/sandbox.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* Rows of both tables; hot ones first. No bind, listen or accept: nothing connects to the dialer.
 * No file: /etc/resolv.conf and /etc/hosts were read before. */
#define DIALER_CALLS_COMMON                                                                        \
	{ .name = "epoll_wait", .reason = "waits for events" },                                    \
		{ .name = "recvmsg", .reason = "frames from edges and the keeper" },               \
		SANDBOX_CALL_SEND("sendmsg", 2, "connected descriptors to edges"),                 \
		{ .name = "epoll_ctl", .reason = "what to wait for" },                             \
		{ .name = "connect", .reason = "servers and name servers (P4)" },                  \
		{ .name = "close", .reason = "descriptors that were passed on" },                  \
		SANDBOX_CALL_IF("getsockopt", 2, SO_ERROR, "how connecting went"),                 \
		SANDBOX_CALL_IF("setsockopt", 2, TCP_NODELAY, "TCP_NODELAY"),                      \
		{ .name = "getsockname", .reason = "connections that met themselves" },            \
		{ .name = "getpeername", .reason = "connections that met themselves" },            \
		SANDBOX_CALL_SEND("sendto", 3, "health checks, questions to name servers"),        \
		{ .name = "recvfrom", .reason = "health checks, answers of name servers" },        \
		{ .name = "read", .reason = "health checks over TLS" },                            \
		{ .name = "write", .reason = "health checks over TLS" },                           \
		{ .name = "writev", .reason = "name servers over TCP" },                           \
		SANDBOX_CALL_IF("fcntl", 1, F_GETFL, "non-blocking descriptors"),                  \
		SANDBOX_CALL_IF("fcntl", 1, F_SETFL, "non-blocking descriptors"),                  \
		SANDBOX_CALL_IF("fcntl", 1, F_SETFD, "c-ares: its sockets close on exec"),         \
		{ .name = "getrandom", .reason = "TLS of health checks" },                         \
		SANDBOX_CALL_FUTEX("OpenSSL's once-only initialisations: wakes nobody"),           \
		{ .name = "brk", .reason = "memory of c-ares, OpenSSL and nghttp2" },              \
		{ .name = "munmap", .reason = "memory of c-ares, OpenSSL and nghttp2" },           \
		SANDBOX_CALL_IF("mremap", 3, MREMAP_MAYMOVE,                                       \
				"memory of c-ares, OpenSSL, nghttp2"),                             \
		SANDBOX_CALL_IF("madvise", 2, MADV_DONTNEED,                                       \
				"memory of c-ares, OpenSSL, nghttp2"),                             \
		SANDBOX_CALL_MMAP("memory of c-ares, OpenSSL and nghttp2"),                        \
		SANDBOX_CALL_MPROTECT("memory of c-ares, OpenSSL and nghttp2"),                    \
		SANDBOX_CALL_SOCKET(AF_INET, "servers and name servers (P4)"),                     \
		SANDBOX_CALL_SOCKET(AF_INET6, "servers and name servers (P4)")

static const struct sandbox_call dialer_calls[] = { DIALER_CALLS_COMMON };
static const struct sandbox_call dialer_calls_unix[] = {
	DIALER_CALLS_COMMON,
	SANDBOX_CALL_SOCKET(AF_UNIX, "servers with unix: addresses"),
};

const struct sandbox_spec dialer_sandbox = {
	.role = "dialer",
	.calls = dialer_calls,
	.call_n = sizeof dialer_calls / sizeof *dialer_calls,
	.keeps_network = true,
};

const struct sandbox_spec dialer_sandbox_unix = {
	.role = "dialer",
	.calls = dialer_calls_unix,
	.call_n = sizeof dialer_calls_unix / sizeof *dialer_calls_unix,
	.keeps_root = true,
	.keeps_network = true,
};
