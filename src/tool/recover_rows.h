/* What the authority says of a return, as one JSON document. */
#ifndef TOOL_RECOVER_ROWS_H
#define TOOL_RECOVER_ROWS_H

#include "base/err.h"

#include <jansson.h>
#include <stdint.h>

/*
 * recover_rows_ask - {"return": ... or null, "apps": [...], "requests": [...]}
 *   told  bits of enum recover_told, for the gates
 * NULL: told; else the caller's
 */
json_t *recover_rows_ask(const char *state, uint32_t told);

#endif
