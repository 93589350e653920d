/* Each row is a right that a role needs for its work, and what somebody gets who takes it over. */
#include "drill/allowed.h"

#include "base/view.h"

#define ALLOWED_CONNECTS (ACT_ROLE(ROLE_DIALER) | ACT_ROLE(ROLE_EXPORTER))

static const struct allowed allowed_rows[] = {
	{ .roles = ACT_ROLE(ROLE_CONFIG),
	  .act = "open-configuration",
	  .what = "the configuration",
	  .reason = "it reads the configuration, and is gone when that is done" },
	{ .roles = ALLOWED_CONNECTS,
	  .act = "socket-tcp",
	  .what = "sockets to its servers",
	  .reason = "it connects; where to, the kernel decides" },
	{ .roles = ALLOWED_CONNECTS,
	  .act = "socket-tcp6",
	  .what = "sockets to its servers",
	  .reason = "the same" },
};

size_t allowed_count(void)
{
	return sizeof allowed_rows / sizeof *allowed_rows;
}

const struct allowed *allowed_at(size_t i)
{
	return &allowed_rows[i];
}

const struct allowed *allowed_find(enum role role, const char *act, bool is_user, bool is_weaker)
{
	for (size_t i = 0; i < allowed_count(); i++) {
		const struct allowed *a = &allowed_rows[i];

		if ((!a->roles || (a->roles & ACT_ROLE(role))) &&
		    view_eq(view_str(a->act), view_str(act)) && (!a->is_users || is_user) &&
		    (!a->is_weaker || is_weaker))
			return a;
	}
	return NULL;
}
