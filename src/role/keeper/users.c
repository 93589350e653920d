/*
 * Users are looked up in /etc/passwd itself: the name service switch would load code, and may ask
 * the network, in the one process that is root.
 */
#include "role/keeper/users.h"

#include "role/keeper/roles.h"
#include "sys/log.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

static void users_take(struct keeper *k, const struct passwd *p)
{
	for (unsigned r = ROLE_CONFIG; r < ROLE_PROGRAMS; r++)
		if (view_eq(view_str(p->pw_name), view_str(roles_row((enum role)r)->program)) &&
		    p->pw_uid != 0)
			k->users[r] = (struct keeper_role_user){ p->pw_uid, p->pw_gid };
}

enum err users_find(struct keeper *k)
{
	char buf[2048];
	struct passwd p, *found = NULL;
	FILE *f = NULL;

	for (unsigned r = ROLE_CONFIG; r < ROLE_PROGRAMS; r++) {
		uid_t uid = k->options.uid_base + roles_row((enum role)r)->uid_offset;

		k->users[r] = (struct keeper_role_user){ uid, uid };
		if (!k->is_root)
			k->users[r] = (struct keeper_role_user){ geteuid(), getegid() };
	}
	if (!k->is_root)
		return E_OK;
	f = fopen("/etc/passwd", "re");
	if (!f)
		return log_errno("/etc/passwd");
	while (fgetpwent_r(f, &p, buf, sizeof buf, &found) == 0)
		users_take(k, found);
	(void)fclose(f);
	/* Audit's files are its group's to read: the shipper's, and nobody else's */
	k->users[ROLE_SHIPPER].gid = k->users[ROLE_AUDIT].gid;
	return E_OK;
}
