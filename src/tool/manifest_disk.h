/* The half on disk: every file that the manifest names, and what lies beside the programs. */
#ifndef TOOL_MANIFEST_DISK_H
#define TOOL_MANIFEST_DISK_H

#include "tool/manifest_job.h"

/* manifest_disk_all - tells what it finds */
void manifest_disk_all(struct manifest_job *j);

#endif
