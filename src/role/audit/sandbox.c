/* What the audit role may do: append to its log, talk to keeper and signer, and nothing else. */
#include "role/audit/audit.h"

#include <fcntl.h>

static const struct sandbox_call audit_calls[] = {
	{ .name = "write", .reason = "lines to the segment; messages to standard error" },
	{ .name = "epoll_wait", .reason = "the event loop" },
	{ .name = "epoll_pwait", .reason = "the same, where the C library has no other" },
	{ .name = "recvmsg", .reason = "messages from keeper and signer" },
	{ .name = "sendmsg", .reason = "messages to keeper and signer" },
	{ .name = "fdatasync", .reason = "lines are on disk before they are signed" },
	{ .name = "sync_file_range", .reason = "long writes begin before they are waited for" },
	{ .name = "fsync", .reason = "the directory after a rename" },
	{ .name = "openat", .reason = "segments, head and key file below the log directory" },
	{ .name = "close", .reason = "segments, and descriptors of rings that are mapped" },
	{ .name = "renameat", .reason = "files appear whole" },
	{ .name = "unlinkat", .reason = "segments past their retention" },
	{ .name = "read", .reason = "recovery of the chain; the head and key files" },
	{ .name = "getdents64", .reason = "which segments there are" },
	{ .name = "newfstatat", .reason = "fstat: was the segment touched; size of shared memory" },
	{ .name = "fstat", .reason = "the same, on C libraries that use it" },
	SANDBOX_CALL_IF("fcntl", 1, F_GET_SEALS, "seals of shared memory"),
	SANDBOX_CALL_IF("fcntl", 1, F_GETFL, "non-blocking channels"),
	SANDBOX_CALL_IF("fcntl", 1, F_SETFL, "non-blocking channels"),
	{ .name = "epoll_ctl", .reason = "a new signer's channel" },
	SANDBOX_CALL_MMAP("rings and images of new workers; memory for the hash library"),
	{ .name = "munmap", .reason = "rings of workers that are gone" },
	{ .name = "brk", .reason = "memory for the hash library" },
	SANDBOX_CALL_FUTEX("the crypto library's first use of a part of it: wakes nobody"),
};

const struct sandbox_spec audit_sandbox = {
	.role = "audit",
	.calls = audit_calls,
	.call_n = sizeof audit_calls / sizeof audit_calls[0],
};
