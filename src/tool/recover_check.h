/* What the command looks at for the gates that the authority can't see: files. */
#ifndef TOOL_RECOVER_CHECK_H
#define TOOL_RECOVER_CHECK_H

#include "base/err.h"

#include <stdint.h>

/* recover_check_run - bits of enum recover_told; state: --state, or NULL */
uint32_t recover_check_run(const char *state);

#endif
