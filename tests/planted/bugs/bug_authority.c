/* Planted bugs of an authority: in the password of a log-in, as a cell hands it on. */
#include "bug.h"

#include "role/authority/cell_table.h"

__typeof__(ask_login_on_password) __real_ask_login_on_password, __wrap_ask_login_on_password;

enum err __wrap_ask_login_on_password(void *role, struct frame *f)
{
	const struct bug_place at = { 0 };

	bug_run(f->body, &at);
	return __real_ask_login_on_password(role, f);
}
