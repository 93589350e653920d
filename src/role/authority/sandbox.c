/* What the authority may do: its store in one directory, and channels. No socket, no network. */
#include "role/authority/authority.h"

#include <fcntl.h>
#include <sys/mman.h>

static const struct sandbox_call authority_calls[] = {
	{ .name = "epoll_wait", .reason = "the event loop" },
	{ .name = "epoll_pwait", .reason = "the same, where the C library has no other" },
	{ .name = "recvmsg", .reason = "questions, answers, and channels of new cells" },
	{ .name = "sendmsg", .reason = "answers and questions" },
	{ .name = "pread64", .reason = "the store" },
	{ .name = "pwrite64", .reason = "the store and its log" },
	{ .name = "read", .reason = "the store's first page" },
	{ .name = "fdatasync", .reason = "what was acknowledged is on disk" },
	{ .name = "fsync", .reason = "the directory, when the store's log is made" },
	{ .name = "ftruncate", .reason = "the store's log after it was written back" },
	{ .name = "openat", .reason = "the store and its log below DIR/authority" },
	{ .name = "unlinkat", .reason = "the store's log at an orderly end" },
	{ .name = "newfstatat", .reason = "whether they are there, and their size" },
	{ .name = "fstat", .reason = "size of a new image; of the store" },
	{ .name = "lseek", .reason = "the store's size, as some versions of SQLite ask it" },
	SANDBOX_CALL_IF("fcntl", 1, F_GETLK, "the store's lock"),
	SANDBOX_CALL_IF("fcntl", 1, F_SETLK, "the store's lock"),
	SANDBOX_CALL_IF("fcntl", 1, F_GET_SEALS, "seals of a new image"),
	SANDBOX_CALL_IF("fcntl", 1, F_GETFL, "non-blocking channels"),
	SANDBOX_CALL_IF("fcntl", 1, F_SETFL, "non-blocking channels"),
	{ .name = "epoll_ctl", .reason = "a cell's channel enters the loop" },
	SANDBOX_CALL_MPROTECT("pages of a heap that nobody may touch yet; never executable"),
	{ .name = "close", .reason = "a cell's end" },
	{ .name = "geteuid", .reason = "SQLite asks whether it is root" },
	{ .name = "getpid", .reason = "SQLite asks whether it was forked" },
	{ .name = "getrandom", .reason = "generations, challenges, secrets, codes" },
	SANDBOX_CALL_MMAP("a new image"),
	{ .name = "munmap", .reason = "an old image" },
	{ .name = "brk", .reason = "memory of the C library" },
	SANDBOX_CALLS_HEAP,
	SANDBOX_CALL_IF("madvise", 2, MADV_DONTDUMP, "the store's memory is in no core dump"),
	SANDBOX_CALL_FUTEX("the crypto library's first use of a part of it: wakes nobody"),
};

const struct sandbox_spec authority_sandbox = {
	.role = "authority",
	.calls = authority_calls,
	.call_n = sizeof authority_calls / sizeof authority_calls[0],
	.holds_keys = true,
};
