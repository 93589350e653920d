/* What the exporter may do: hear edges, and speak to the one collector it was born for. */
#include "role/exporter/exporter.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static const struct sandbox_call exporter_calls[] = {
	{ .name = "epoll_wait", .reason = "the event loop" },
	{ .name = "epoll_pwait", .reason = "the same, where the C library has no other" },
	{ .name = "recvmsg", .reason = "spans from edges, the keeper's messages" },
	SANDBOX_CALL_SEND("sendto", 3, "batches to the collector"),
	{ .name = "recvfrom", .reason = "its answers" },
	{ .name = "epoll_ctl", .reason = "what to wait for" },
	{ .name = "close", .reason = "edges that are gone, connections" },
	{ .name = "connect", .reason = "the collector (P4)" },
	SANDBOX_CALL_IF("getsockopt", 2, SO_ERROR, "how connecting went"),
	SANDBOX_CALL_IF("setsockopt", 2, TCP_NODELAY, "TCP_NODELAY"),
	{ .name = "getsockname", .reason = "a connection that met itself" },
	{ .name = "getpeername", .reason = "a connection that met itself" },
	SANDBOX_CALL_SEND("sendmsg", 2, "readiness, told to the keeper"),
	SANDBOX_CALL_IF("fcntl", 1, F_GETFL, "non-blocking channels"),
	SANDBOX_CALL_IF("fcntl", 1, F_SETFL, "non-blocking channels"),
	SANDBOX_CALL_SOCKET(AF_INET, "the collector (P4)"),
	SANDBOX_CALL_SOCKET(AF_INET6, "the collector (P4)"),
};

const struct sandbox_spec exporter_sandbox = {
	.role = "exporter",
	.calls = exporter_calls,
	.call_n = sizeof exporter_calls / sizeof exporter_calls[0],
	.keeps_network = true,
};
