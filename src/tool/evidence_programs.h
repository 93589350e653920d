/* The check of programs against their manifest, as a file of a bundle. */
#ifndef TOOL_EVIDENCE_PROGRAMS_H
#define TOOL_EVIDENCE_PROGRAMS_H

#include "tool/evidence_bundle.h"

/* evidence_programs_put - programs.json and manifest.json. E_NOMEM, E_SYS: the bundle can't be
 * written on */
enum err evidence_programs_put(struct evidence_bundle *b, const char *state_option);

#endif
