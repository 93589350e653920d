/*
 * What the config role may do: read files, compute, hand over one memory file. The files of a
 * configuration may lie anywhere, so it keeps the root, read-only by Landlock and by the table
 * (openat without a write flag); which files it can read is a matter of its uid alone: it has no
 * capability, so that keys, which only their owner may read, stay closed to it (P2).
 */
#include "role/config/sandbox.h"

#include <fcntl.h>
#include <sys/mman.h>

static const struct sandbox_call config_calls[] = {
	{ .name = "openat",
	  .reason = "files of the configuration, certificates, issuers; read-only",
	  .has_arg = 1,
	  .arg = 2,
	  .value = O_RDONLY,
	  .mask = O_ACCMODE | O_CREAT | O_TRUNC },
	{ .name = "read", .reason = "their bytes" },
	{ .name = "close", .reason = "done with one" },
	{ .name = "newfstatat", .reason = "size of a file; is a key file there" },
	{ .name = "fstat", .reason = "size of a file" },
	{ .name = "stat", .reason = "is a key file there" },
	{ .name = "getdents64", .reason = "include: [conf.d/*.yaml]" },
	{ .name = "lseek", .reason = "the same, in the C library" },
	{ .name = "getcwd", .reason = "a path that is not absolute" },
	{ .name = "geteuid", .reason = "to say under which uid a file could not be read" },
	SANDBOX_CALL_IF("fcntl", 1, F_ADD_SEALS, "sealing the image"),
	SANDBOX_CALL_IF("fcntl", 1, F_GET_SEALS, "... and looking whether it is"),
	SANDBOX_CALL_IF("memfd_create", 1, MFD_CLOEXEC | MFD_ALLOW_SEALING, "the image"),
	{ .name = "ftruncate", .reason = "its size" },
	{ .name = "sendmsg", .reason = "messages to the keeper" },
	{ .name = "poll", .reason = "until the keeper takes them" },
	{ .name = "brk", .reason = "memory" },
	{ .name = "sysinfo", .reason = "qsort of many messages asks how much memory there is" },
	SANDBOX_CALL_MMAP("memory; the image"),
	SANDBOX_CALL_MPROTECT("memory of the C library"),
	{ .name = "munmap", .reason = "memory" },
	SANDBOX_CALL_IF("mremap", 3, MREMAP_MAYMOVE, "memory"),
	SANDBOX_CALL_IF("madvise", 2, MADV_DONTNEED, "memory of the C library goes back"),
	{ .name = "getrandom", .reason = "libcrypto" },
	SANDBOX_CALL_FUTEX("one-time initialisation in libcrypto"),
};

const struct sandbox_spec config_sandbox = {
	.role = "config",
	.calls = config_calls,
	.call_n = sizeof config_calls / sizeof config_calls[0],
	.keeps_root = true,
};
