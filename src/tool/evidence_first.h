/* Evidence before change (docs/evidence.md): while an incident is open. */
#ifndef TOOL_EVIDENCE_FIRST_H
#define TOOL_EVIDENCE_FIRST_H

/*
 * evidence_first_ask - may what changes programs or keys go on?
 *   state   --state, or NULL
 *   waiver  why no bundle is taken (noted in the audit log), or NULL
 * 0 it may · else the exit status: an incident is open of which nothing was kept, or nobody knows
 * (told)
 */
int evidence_first_ask(const char *state, const char *waiver);

#endif
