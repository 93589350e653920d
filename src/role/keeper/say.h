/* What the keeper tells people: on standard error, and to the commands that wait for a change. */
#ifndef ROLE_KEEPER_SAY_H
#define ROLE_KEEPER_SAY_H

#include "role/keeper/keeper.h"

/* As enum tool_text: a role may say the first three. */
enum say_level { SAY_CHANGE = 0, SAY_ERROR = 1, SAY_WARNING = 2, SAY_PROGRESS = 3 };

/* say_line - one line, as it stands: "sluis.yaml:3:1: error: ..."; control bytes become \xNN */
void say_line(struct keeper *k, enum say_level level, struct view text);

/* say_format - the same, printf-formatted, at most 1000 bytes */
void say_format(struct keeper *k, enum say_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
