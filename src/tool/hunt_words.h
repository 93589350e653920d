/* What kinds of indicators are called, for people and programs. */
#ifndef TOOL_HUNT_WORDS_H
#define TOOL_HUNT_WORDS_H

#include "tool/hunt_set.h"

/* hunt_words_kind - "address", "part of user agent", ...; never NULL */
const char *hunt_words_kind(const struct hunt_value *v);

#endif
