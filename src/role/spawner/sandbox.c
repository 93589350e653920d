/*
 * The spawner's list: a cell's, because cells begin under it, and what starting one takes. It reads
 * no byte of a client but six, and those only to see that TLS begins.
 */
#include "role/spawner/spawner.h"

#include "sys/branch.h"
#include "sys/caps.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

static const struct sandbox_call spawner_calls[] = {
	{ .name = "recvfrom", .reason = "six bytes of a client, looked at; a cell's: all it says" },
	{ .name = "sendto", .reason = "a cell's: bytes to its client and servers" },
	{ .name = "epoll_wait", .reason = "the event loop" },
	{ .name = "close", .reason = "a connection that is a cell's now" },
	{ .name = "accept4", .reason = "a connection's begin, on sockets the keeper bound" },
	{ .name = "epoll_ctl", .reason = "a connection that is silent so far" },
	{ .name = "epoll_create1", .reason = "a new cell's own event loop" },
	{ .name = "recvmsg", .reason = "frames from the keeper, the authority and cells" },
	{ .name = "sendmsg", .reason = "introductions, with descriptors" },
	SANDBOX_CALL_IF("socketpair", 0, AF_UNIX, "a new cell's channels"),
	SANDBOX_CALL_IF("clone", 0, BRANCH_ALONE, "a new cell, alone in a PID namespace"),
	SANDBOX_CALL_IF("clone", 0, BRANCH_BESIDE, "a new cell where no namespace can be made"),
	{ .name = "waitid", .reason = "how a cell ended" },
	SANDBOX_CALL_IF("pidfd_send_signal", 1, 9,
			"a cell that goes on after its session was ended"),
	SANDBOX_CALL_IF("pidfd_send_signal", 1, 19,
			"a cell that has leaked is stopped, and kept as evidence"),
	{ .name = "close_range", .reason = "a new cell keeps none of the others' descriptors" },
	{ .name = "dup3", .reason = "a new cell's own descriptors" },
	SANDBOX_CALL_IF("prlimit64", 0, 0, "how many descriptors a new cell may have"),
	SANDBOX_CALL_IF("prctl", 0, PR_SET_NAME, "a new cell's name"),
	{ .name = "capset", .reason = "a new cell gives up what is left" },
	{ .name = "capget", .reason = "... and looks whether it has" },
	SANDBOX_CALL_IF("seccomp", 0, SECCOMP_SET_MODE_FILTER, "a new cell's own, shorter list"),
	{ .name = "shutdown", .reason = "a cell's: the end of our side of a connection" },
	SANDBOX_CALL_IF("setsockopt", 2, SO_RCVLOWAT, "no event before there are six bytes"),
	SANDBOX_CALL_IF("setsockopt", 2, TCP_NODELAY, "answers leave at once"),
	SANDBOX_CALL_IF("setsockopt", 2, SO_SNDBUF, "few descriptors on their way to one cell"),
	SANDBOX_CALL_IF("setsockopt", 2, SO_LINGER, "a cell's: a cut answer ends in a reset"),
	SANDBOX_CALL_IF("splice", 1, 0, "a cell's: long bodies from socket to socket"),
	SANDBOX_CALL_IF("pipe2", 1, O_NONBLOCK | O_CLOEXEC, "a cell's: what splice moves through"),
	{ .name = "getsockname", .reason = "a cell's: where its client connected to" },
	SANDBOX_CALLS_HEAP,
	SANDBOX_CALL_IF("madvise", 2, MADV_DONTFORK, "what is the spawner's own is in no cell"),
	SANDBOX_CALL_MMAP("memory; never executable"),
	{ .name = "munmap", .reason = "memory goes back" },
	SANDBOX_CALL_MPROTECT("OpenSSL's memory; never executable"),
	{ .name = "brk", .reason = "memory of what the generation is built from" },
	SANDBOX_CALL_IF("fcntl", 1, F_GETFL, "non-blocking channels"),
	SANDBOX_CALL_IF("fcntl", 1, F_SETFL, "non-blocking channels"),
	SANDBOX_CALL_IF("fcntl", 1, F_GET_SEALS, "seals of the image"),
	SANDBOX_CALL_IF("fcntl", 1, F_DUPFD_CLOEXEC, "a cell's records, when audit is replaced"),
	SANDBOX_CALL_IF("fcntl", 1, F_SETPIPE_SZ, "a cell's: what splice moves through"),
	{ .name = "fstat", .reason = "size of the image" },
	{ .name = "newfstatat",
	  .reason = "the same call as glibc spells it on an open descriptor" },
	{ .name = "getrandom", .reason = "a cell's: TLS randomness, tokens" },
	{ .name = "clock_gettime", .reason = "clocks where the vDSO can't serve them" },
	{ .name = "rt_sigprocmask", .reason = "a cell's: OpenSSL's async jobs, once per job" },
	SANDBOX_CALL_FUTEX("OpenSSL's one-time initialisations"),
};

const struct sandbox_spec spawner_sandbox = {
	.role = "spawner",
	.calls = spawner_calls,
	.call_n = sizeof spawner_calls / sizeof spawner_calls[0],
	.keeps_pids = true,
	.caps = CAPS_SYS_ADMIN,
};
