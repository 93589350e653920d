/* Names of levels, and what a set of them comes to. */
#include "ipc/level_words.h"

static const struct view level_names[LEVELS] = {
	[LEVEL_OPEN] = VIEW_INIT("open"),
	[LEVEL_STEP_UP] = VIEW_INIT("step_up"),
	[LEVEL_NO_NEW_SESSIONS] = VIEW_INIT("no_new_sessions"),
	[LEVEL_OFFICE_ONLY] = VIEW_INIT("office_only"),
	[LEVEL_PARTNERS_ONLY] = VIEW_INIT("partners_only"),
	[LEVEL_READ_ONLY] = VIEW_INIT("read_only"),
	[LEVEL_PILOT_RETURN] = VIEW_INIT("pilot"),
	[LEVEL_PILOT] = VIEW_INIT("pilot"),
	[LEVEL_CLOSED] = VIEW_INIT("closed"),
};

struct view level_name(enum level level)
{
	return (unsigned)level < LEVELS ? level_names[level] : VIEW("?");
}

enum level level_by_name(struct view name)
{
	for (unsigned i = 0; i < LEVELS; i++)
		if (i != LEVEL_PILOT_RETURN && view_eq(level_names[i], name))
			return (enum level)i;
	return LEVELS;
}

enum level level_strictest(uint16_t mask)
{
	unsigned level = LEVELS - 1;

	while (level > LEVEL_OPEN && !(mask & LEVEL_BIT(level)))
		level--;
	return (enum level)level;
}

struct view level_scope_name(enum level_scope scope)
{
	static const struct view names[LEVEL_SCOPES] = {
		[LEVEL_OF_ALL] = VIEW_INIT("all"),
		[LEVEL_OF_ZONE] = VIEW_INIT("zone"),
		[LEVEL_OF_LISTENER] = VIEW_INIT("listener"),
		[LEVEL_OF_APP] = VIEW_INIT("app"),
	};

	return (unsigned)scope < LEVEL_SCOPES ? names[scope] : (struct view){ 0 };
}

bool level_is_sound(const struct level_entry *e)
{
	if (e->scope < LEVEL_OF_ALL || e->scope >= LEVEL_SCOPES || e->name_n > LEVEL_NAME_MAX)
		return false;
	if (!e->mask || e->mask & ~LEVEL_MASK_ALL || e->mask & LEVEL_BIT(LEVEL_OPEN))
		return false;
	return (e->scope == LEVEL_OF_ALL) == (e->name_n == 0);
}
