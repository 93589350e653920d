/*
 * Landlock (promises P4 and P5): files, TCP ports, signals and abstract sockets, as far as the
 * kernel's ABI goes. Debian's header knows ABI 2; what came later is declared here, from the
 * kernel's documentation (Documentation/userspace-api/landlock.rst).
 *
 * ABI 1 files · 2 renaming across directories · 3 truncation · 4 TCP ports · 5 ioctl on devices ·
 * 6 signals and abstract sockets · 7 what is logged: nothing is changed about it, so that what a
 * role is denied goes to the machine's audit log, where there is one
 *
 * A kernel that knows more is asked for what is listed here: bits that nobody here has thought
 * about are not handled blindly.
 */
#include "sys/sandbox_part.h"

#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct sandbox_landlock_attr {
	uint64_t fs, net, scoped;
};

struct sandbox_landlock_port {
	uint64_t access, port;
};

enum { SANDBOX_RULE_PATH = 1, SANDBOX_RULE_PORT = 2 };
enum { SANDBOX_NET_BIND = 1, SANDBOX_NET_CONNECT = 2 };
enum { SANDBOX_SCOPE_ALL = 3 };
enum { SANDBOX_LANDLOCK_KNOWN = 7 };

/* By name, because their numbers say nothing. */
static const uint64_t sandbox_fs_read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
		      sandbox_fs_write = LANDLOCK_ACCESS_FS_WRITE_FILE |
					 LANDLOCK_ACCESS_FS_REMOVE_FILE |
					 LANDLOCK_ACCESS_FS_MAKE_REG | (1u << 14) /* truncate */,
		      sandbox_fs_of_file = LANDLOCK_ACCESS_FS_READ_FILE |
					   LANDLOCK_ACCESS_FS_WRITE_FILE | (1u << 14);

/* All file rights an ABI knows: 13, 14, 15, 15, 16 of them. */
static uint64_t sandbox_landlock_fs(long abi)
{
	unsigned bits = abi >= 5 ? 16 : abi >= 3 ? 15 : abi == 2 ? 14 : 13;

	return (UINT64_C(1) << bits) - 1;
}

static struct sandbox_landlock_attr sandbox_landlock_handled(const struct sandbox_state *s,
							     long abi)
{
	struct sandbox_landlock_attr a = { .fs = sandbox_landlock_fs(abi) };

	if (abi >= 4)
		a.net = s->spec->keeps_network && !s->run->limits_ports
				? SANDBOX_NET_BIND
				: SANDBOX_NET_BIND | SANDBOX_NET_CONNECT;
	if (abi >= 6)
		a.scoped = SANDBOX_SCOPE_ALL;
	return a;
}

static size_t sandbox_landlock_bytes(long abi)
{
	return abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
}

static enum err sandbox_landlock_path(int ruleset, const struct sandbox_path *p, uint64_t handled)
{
	int fd = p->path ? sandbox_raw_open(p->path, O_PATH) : p->fd;
	struct landlock_path_beneath_attr rule = { .allowed_access = sandbox_fs_read,
						   .parent_fd = fd };
	struct stat st = { 0 };
	long done = -1;

	if (p->want_write)
		rule.allowed_access |= sandbox_fs_write;
	if (fd >= 0 && fstat(fd, &st) == 0) {
		if (!S_ISDIR(st.st_mode))
			rule.allowed_access &= sandbox_fs_of_file;
		rule.allowed_access &= handled;
		done = syscall(SYS_landlock_add_rule, ruleset, SANDBOX_RULE_PATH, &rule, 0);
	}
	if (done < 0)
		(void)log_errno(p->path ? p->path : "Landlock rule for a directory");
	if (p->path && fd >= 0)
		sandbox_raw_close(fd);
	return done < 0 ? E_SYS : E_OK;
}

static enum err sandbox_landlock_rules(const struct sandbox_state *s, int ruleset,
				       const struct sandbox_landlock_attr *a)
{
	for (size_t i = 0; i < s->run->path_n; i++)
		TRY(sandbox_landlock_path(ruleset, &s->run->paths[i], a->fs));
	if (!(a->net & SANDBOX_NET_CONNECT))
		return E_OK;
	for (size_t i = 0; i < s->run->port_n; i++) {
		struct sandbox_landlock_port rule = { SANDBOX_NET_CONNECT, s->run->ports[i].port };

		if (syscall(SYS_landlock_add_rule, ruleset, SANDBOX_RULE_PORT, &rule, 0) < 0)
			return log_errno("Landlock rule for a port");
	}
	return E_OK;
}

/* Nothing that was not named may be opened: the root to read, or a new file in it. */
static bool sandbox_landlock_holds(const struct sandbox_state *s)
{
	int flags = s->spec->keeps_root ? O_WRONLY | O_TMPFILE : O_RDONLY | O_DIRECTORY;
	int fd = sandbox_raw_open("/", flags);

	if (fd >= 0)
		sandbox_raw_close(fd);
	return fd < 0 && (errno == EACCES || s->spec->keeps_root);
}

static enum err sandbox_landlock_close(const struct sandbox_state *s, long abi)
{
	struct sandbox_landlock_attr a = sandbox_landlock_handled(s, abi);
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &a, sandbox_landlock_bytes(abi), 0);
	enum err e = E_OK;

	if (ruleset < 0)
		return log_errno("landlock_create_ruleset");
	e = sandbox_landlock_rules(s, ruleset, &a);
	if (e == E_OK && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		e = log_errno("landlock_restrict_self");
	sandbox_raw_close(ruleset);
	if (e == E_OK && !sandbox_landlock_holds(s)) {
		log_line(LOG_ERROR, "Landlock was accepted but does not hold");
		e = E_SYS;
	}
	return e;
}

enum err sandbox_landlock_enter(struct sandbox_state *s)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (abi < 1)
		return sandbox_miss(s, 5,
				    "Landlock is missing (kernel parameter lsm=landlock,...)");
	if (abi > SANDBOX_LANDLOCK_KNOWN)
		abi = SANDBOX_LANDLOCK_KNOWN;
	TRY(sandbox_landlock_close(s, abi));
	sandbox_note_number(s, "landlock", (unsigned long)abi);
	if (abi < 4 && s->spec->keeps_network && s->run->limits_ports && !s->run->has_other_reach)
		return sandbox_miss(s, 4, "Landlock can't limit TCP ports before Linux 6.7");
	return E_OK;
}
