/* Evidence first (R9): before anything is changed in an incident, what was is kept. */
#ifndef TOOL_ROTATE_EVIDENCE_H
#define TOOL_ROTATE_EVIDENCE_H

#include "tool/rotate_ask.h"

/*
 * rotate_evidence_first - may the rotation go on?
 *   waiver  --without-evidence, or NULL: why no bundle is wanted; it is recorded
 * 0: yes; else the exit status (told what to do)
 */
int rotate_evidence_first(const struct rotate *r, const char *waiver);

#endif
