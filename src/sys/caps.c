/* Capability sets; used between clone and execve, by sandbox_enter and by the keeper for itself. */
#include "sys/caps.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct caps_sets {
	uint64_t effective, permitted, inheritable;
};

static enum err caps_get(struct caps_sets *ret)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { 0 };

	if (syscall(SYS_capget, &h, d) < 0)
		return E_SYS;
	ret->effective = d[0].effective | (uint64_t)d[1].effective << 32;
	ret->permitted = d[0].permitted | (uint64_t)d[1].permitted << 32;
	ret->inheritable = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
	return E_OK;
}

static enum err caps_set(const struct caps_sets *s)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = {
		{ .effective = (uint32_t)s->effective,
		  .permitted = (uint32_t)s->permitted,
		  .inheritable = (uint32_t)s->inheritable },
		{ .effective = (uint32_t)(s->effective >> 32),
		  .permitted = (uint32_t)(s->permitted >> 32),
		  .inheritable = (uint32_t)(s->inheritable >> 32) },
	};

	return syscall(SYS_capset, &h, d) < 0 ? E_SYS : E_OK;
}

/* Takes everything but keep out of the bounding set; capabilities this kernel lacks say EINVAL. */
static enum err caps_bound(uint64_t keep)
{
	for (unsigned cap = 0; cap < 64; cap++) {
		int is_there = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (is_there < 0 && errno == EINVAL)
			break;
		if (is_there > 0 && !(keep & CAPS_BIT(cap)) &&
		    prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return E_SYS;
	}
	return E_OK;
}

enum err caps_keep(uint64_t keep)
{
	struct caps_sets s = { 0 };

	TRY(caps_get(&s));
	if ((s.permitted & keep) != keep) {
		errno = EPERM;
		return E_SYS;
	}
	/* Inheritable before the bounding set shrinks: the kernel wants it to be a subset. All that
	 * is permitted comes back first, because a change of user took it out of the effective set
	 */
	s.effective = s.permitted;
	s.inheritable = keep;
	TRY(caps_set(&s));
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return E_SYS;
	for (unsigned cap = 0; cap < 64; cap++)
		if ((keep & CAPS_BIT(cap)) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return E_SYS;
	TRY(caps_bound(0));
	s = (struct caps_sets){ keep, keep, keep };
	return caps_set(&s);
}

enum err caps_limit(uint64_t keep)
{
	struct caps_sets s = { 0 };

	TRY(caps_get(&s));
	TRY(caps_bound(keep));
	s.permitted &= keep;
	s.effective = s.permitted;
	s.inheritable &= keep;
	return caps_set(&s);
}

enum err caps_drop(void)
{
	struct caps_sets none = { 0 }, s = { 0 };

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return E_SYS;
	TRY(caps_get(&s));
	if (s.effective & CAPS_BIT(CAP_SETPCAP))
		TRY(caps_bound(0));
	TRY(caps_set(&none));
	TRY(caps_get(&s));
	if (s.effective || s.permitted || s.inheritable)
		return E_SYS;
	for (unsigned cap = 0; cap < 64; cap++) {
		int is_there = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (is_there < 0)
			break;
		/* Root without namespaces never comes here: spawn emptied the set. Anyone else
		 * can't use what is left in it: no_new_privs comes next */
		if (is_there && geteuid() == 0)
			return E_SYS;
	}
	return E_OK;
}

enum err caps_empty(void)
{
	struct caps_sets none = { 0 }, s = { 0 };

	TRY(caps_set(&none)); /* the ambient set shrinks with the permitted one */
	TRY(caps_get(&s));
	return s.effective || s.permitted || s.inheritable ? E_SYS : E_OK;
}

uint64_t caps_have(void)
{
	struct caps_sets s = { 0 };

	return caps_get(&s) == E_OK ? s.effective : ~UINT64_C(0);
}
