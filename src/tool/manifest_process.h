/* The half that runs: executables and executable memory of the processes of an instance. */
#ifndef TOOL_MANIFEST_PROCESS_H
#define TOOL_MANIFEST_PROCESS_H

#include "tool/manifest_job.h"

/* manifest_process_all - E_DENIED, E_LIMIT, E_NOMEM, E_SYS: they can't be listed */
enum err manifest_process_all(struct manifest_job *j, const char *state_dir);

#endif
