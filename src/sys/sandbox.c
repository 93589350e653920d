/*
 * The role's own way into its sandbox (promises P4 and P5); the order is in the header.
 *
 * Nothing here trusts that a step worked because its call returned 0: each one is tried from the
 * inside before the next, and what a kernel can't do is told by the number of its promise.
 */
#include "sys/sandbox.h"

#include "sys/caps.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/sandbox_part.h"
#include "sys/seal.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

void sandbox_note(struct sandbox_state *s, const char *text)
{
	if (s->have.n)
		WBUF_LIT(&s->have, ", ");
	wbuf_str(&s->have, text);
}

void sandbox_note_number(struct sandbox_state *s, const char *text, unsigned long n)
{
	sandbox_note(s, text);
	WBUF_LIT(&s->have, " ");
	wbuf_dec(&s->have, n);
}

enum err sandbox_miss(struct sandbox_state *s, unsigned promise, const char *text)
{
	if (s->weaker.n)
		WBUF_LIT(&s->weaker, "; ");
	WBUF_LIT(&s->weaker, "P");
	wbuf_dec(&s->weaker, promise);
	WBUF_LIT(&s->weaker, ": ");
	wbuf_str(&s->weaker, text);
	return s->run->weaker & (1u << promise) ? E_OK : E_DENIED;
}

int sandbox_raw_open(const char *path, int flags)
{
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600);
}

void sandbox_raw_close(int fd)
{
	(void)syscall(SYS_close, fd);
}

/* The first one maps every id to itself; any other one maps less. */
static bool sandbox_has_user_namespace(void)
{
	char text[128];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct view v = { 0 };
	int fd = sandbox_raw_open("/proc/self/uid_map", O_RDONLY);
	bool is_read = fd >= 0 && fd_read_all(fd, &w) == E_OK;

	if (fd >= 0)
		sandbox_raw_close(fd);
	v = view_trim(wbuf_view(&w));
	return is_read && !(view_starts(v, VIEW("0 ")) && view_ends(v, VIEW("4294967295\n")));
}

/* A role is not root, and is the first process of a PID namespace of its own. */
static enum err sandbox_identity(struct sandbox_state *s)
{
	sandbox_note_number(s, "uid", geteuid());
	if (geteuid() == 0)
		TRY(sandbox_miss(s, 5, "it runs as root: the keeper gives each role its own user"));
	s->has_userns = sandbox_has_user_namespace();
	if (s->has_userns)
		sandbox_note(s, "userns");
	if (s->spec->keeps_pids)
		return E_OK;
	if (getpid() != 1)
		return sandbox_miss(s, 5, "it has no PID namespace of its own");
	sandbox_note(s, "pidns");
	return E_OK;
}

/* What a role keeps counts in its own user namespace; without one it has nothing to keep. */
static enum err sandbox_capabilities(struct sandbox_state *s)
{
	if (!s->spec->caps)
		return caps_drop();
	if ((caps_have() & s->spec->caps) == s->spec->caps && s->has_userns)
		return caps_limit(s->spec->caps);
	TRY(caps_drop());
	return sandbox_miss(s, 5, "it has no namespaces to give its children");
}

static enum err sandbox_privileges(struct sandbox_state *s)
{
	struct rlimit none = { 0, 0 };
	enum err e = sandbox_capabilities(s);

	if (e == E_DENIED)
		return e;
	if (e != E_OK)
		return log_errno("dropping capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return log_errno("no_new_privs");
	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return log_errno("forbidding core dumps");
	return E_OK;
}

/* No promise of its own: what a kernel does not have is missing in the report. */
static enum err sandbox_memory(struct sandbox_state *s)
{
	struct seal_report r = { 0 };

	TRY(seal_memory(&r));
	if (r.has_mdwe)
		sandbox_note(s, "mdwe");
	if (r.sealed)
		sandbox_note_number(s, "sealed", r.sealed);
	if (r.has_hidden)
		sandbox_note(s, "secretmem");
	if (s->spec->holds_keys && seal_branches())
		sandbox_note(s, "own branches");
	return E_OK;
}

static void sandbox_name(const char *role)
{
	char name[16];
	struct wbuf w = wbuf_of(name, sizeof name - 1);

	/* Executed through a descriptor, the program would be called after its number */
	WBUF_LIT(&w, "sluis-");
	wbuf_str(&w, role);
	name[w.n] = '\0';
	(void)prctl(PR_SET_NAME, name, 0, 0, 0);
}

static enum err sandbox_steps(struct sandbox_state *s)
{
	sandbox_name(s->spec->role);
	TRY(sandbox_identity(s));
	TRY(sandbox_memory(s));
	if (!s->spec->keeps_network)
		TRY(sandbox_network_check(s));
	if (!s->spec->keeps_root)
		TRY(sandbox_root_empty(s));
	TRY(sandbox_privileges(s));
	TRY(sandbox_landlock_enter(s));
	return sandbox_seccomp_enter(s);
}

enum err sandbox_enter(const struct sandbox_spec *spec, const struct sandbox_run *run,
		       struct sandbox_report *ret)
{
	struct sandbox_report out = { 0 };
	struct sandbox_state s = { .spec = spec, .run = run };
	enum err e = E_OK;

	s.have = wbuf_of(out.have, sizeof out.have - 1);
	s.weaker = wbuf_of(out.weaker, sizeof out.weaker - 1);
	e = sandbox_steps(&s);
	if (e == E_OK || e == E_DENIED)
		*ret = out;
	return e;
}
