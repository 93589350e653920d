/* `sluis incident`: its acts by command, and its lists. */
#ifndef ROLE_AUTHORITY_TOOL_INCIDENT_H
#define ROLE_AUTHORITY_TOOL_INCIDENT_H

#include "role/authority/tool.h"

/* tool_incident_do - ACT_INCIDENT_OPEN, _NOTE, _CLOSE; ends the answer */
void tool_incident_do(struct tool *t, const struct tool_act *act);

/* tool_incident_say - ACT_NOTICE_SET; ends the answer */
void tool_incident_say(struct tool *t, const struct tool_act *act);

/* tool_incident_row - the next row of ACT_INCIDENT_LIST; tool_incident_note - ... of
 * ACT_INCIDENT_NOTES. E_AGAIN the command has to read first */
enum err tool_incident_row(struct tool *t, bool *ret_over);
enum err tool_incident_note(struct tool *t, bool *ret_over);

#endif
