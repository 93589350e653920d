/* `sluis evidence` at the keeper: a channel to the signer, and a line in the audit log. */
#ifndef ROLE_KEEPER_EVIDENCE_H
#define ROLE_KEEPER_EVIDENCE_H

#include "role/keeper/keeper.h"

enum {
	EVIDENCE_NOTE_MIN = 1 + 2 * TOOL_EVIDENCE_HASH + 2 + 2,
	EVIDENCE_NOTE_MAX = EVIDENCE_NOTE_MIN + 2 * TOOL_REASON_MAX
};

/* evidence_link - both ends of a fresh channel: to the command and to the signer; or says why not
 */
void evidence_link(struct keeper_client *c);

/* evidence_note - the body of TOOL_EVIDENCE_NOTE, as an event. E_SHORT, E_PROTO */
enum err evidence_note(struct keeper_client *c, struct view body);

#endif
