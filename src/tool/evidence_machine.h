/* The machine that a bundle is from: system, clocks, disks, packages. */
#ifndef TOOL_EVIDENCE_MACHINE_H
#define TOOL_EVIDENCE_MACHINE_H

#include "tool/evidence_bundle.h"

/* evidence_machine_put - machine/...  E_NOMEM, E_SYS: the bundle can't be written on */
enum err evidence_machine_put(struct evidence_bundle *b, const char *state_dir);

/* evidence_machine_describe - host name, kernel, boot id: for MANIFEST.json; NULL: no memory */
json_t *evidence_machine_describe(void);

#endif
