/* All acts, in the order in which they are tried. */
#include "drill/act.h"

#include "base/view.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static const struct act_table *const act_tables[] = {
	&act_files,  &act_memory,  &act_exec,	 &act_network,	 &act_namespace, &act_kernel,
	&act_signal, &act_exhaust, &act_channel, &act_frames,	 &act_spawner,	 &act_answer,
	&act_pages,  &act_signer,  &act_dialer,	 &act_authority, &act_audit,
};

enum { ACT_TABLES = sizeof act_tables / sizeof *act_tables };

uint32_t act_count(void)
{
	size_t n = 0;

	for (unsigned t = 0; t < ACT_TABLES; t++)
		n += act_tables[t]->n;
	INVARIANT(n <= BOARD_ACTS);
	return (uint32_t)n;
}

const struct act *act_at(uint32_t i, enum act_group *ret_group)
{
	for (unsigned t = 0; t < ACT_TABLES; t++) {
		if (i < act_tables[t]->n) {
			*ret_group = act_tables[t]->group;
			return &act_tables[t]->acts[i];
		}
		i -= (uint32_t)act_tables[t]->n;
	}
	INVARIANT(false);
	return NULL;
}

uint32_t act_find(const char *name)
{
	uint32_t n = act_count();
	enum act_group group = ACT_FILES;

	for (uint32_t i = 0; i < n; i++)
		if (view_eq(view_str(act_at(i, &group)->name), view_str(name)))
			return i;
	return n;
}

bool act_is_for(const struct act *a, enum role role)
{
	return !a->roles || (a->roles & ACT_ROLE(role));
}

const char *act_group_name(enum act_group g)
{
	static const char *const names[ACT_GROUPS] = {
		[ACT_FILES] = "files",	   [ACT_MEMORY] = "memory",	 [ACT_EXEC] = "programs",
		[ACT_NETWORK] = "network", [ACT_NAMESPACE] = "rights",	 [ACT_KERNEL] = "kernel",
		[ACT_SIGNAL] = "signals",  [ACT_EXHAUST] = "exhaustion", [ACT_CHANNEL] = "keeper",
		[ACT_PEERS] = "peers",	   [ACT_PAGES] = "pages",	 [ACT_SIGNER] = "signing",
		[ACT_DIALER] = "servers",  [ACT_AUTHORITY] = "sessions", [ACT_AUDIT] = "records",
	};

	return (unsigned)g < ACT_GROUPS ? names[g] : "?";
}

struct act_got act_worked(const char *text)
{
	return (struct act_got){ .outcome = BOARD_WORKED, .text = text };
}

struct act_got act_refused(int error, const char *text)
{
	return (struct act_got){ .outcome = BOARD_REFUSED, .error = error, .text = text };
}

struct act_got act_unable(const char *text)
{
	return (struct act_got){ .outcome = BOARD_UNABLE, .text = text };
}

struct act_got act_from(long result)
{
	return result < 0 ? act_refused(errno, NULL) : act_worked(NULL);
}

const char *act_path(const struct intruder *x, const char *name, char *buf, size_t cap)
{
	(void)snprintf(buf, cap, "%s/%s", x->board->scene.dir, name);
	return buf;
}

struct act_got act_run(const struct act *a, struct intruder *x)
{
	const uintptr_t *v = a->arg;

	errno = 0;
	if (a->run)
		return a->run(x);
	return act_from(syscall(a->call, v[0], v[1], v[2], v[3], v[4], v[5]));
}
