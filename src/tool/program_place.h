/* Where the programs of the roles lie: named, beside this program, or in ../libexec/sluis. */
#ifndef TOOL_PROGRAM_PLACE_H
#define TOOL_PROGRAM_PLACE_H

#include <stdbool.h>
#include <stddef.h>

enum { PROGRAM_PLACE_MAX = 4096 };

/* program_place_find - the directory that has this file; option: --programs, or NULL.
 *   ret  room for PROGRAM_PLACE_MAX bytes
 * false: neither place has it */
bool program_place_find(const char *option, const char *file, char *ret);

#endif
