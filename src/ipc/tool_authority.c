/* The forms of what command and authority say to each other. */
#include "ipc/tool_authority.h"

WIRE_FORM(tool_act, TOOL_ACT_FIELDS)
WIRE_FORM(authority_tool_end, AUTHORITY_TOOL_END_FIELDS)
WIRE_FORM(tool_user_row, TOOL_USER_ROW_FIELDS)
WIRE_FORM(tool_group_row, TOOL_GROUP_ROW_FIELDS)
WIRE_FORM(tool_session_row, TOOL_SESSION_ROW_FIELDS)
WIRE_FORM(tool_invite_row, TOOL_INVITE_ROW_FIELDS)
WIRE_FORM(tool_explain_row, TOOL_EXPLAIN_ROW_FIELDS)
WIRE_FORM(tool_progress, TOOL_PROGRESS_FIELDS)
WIRE_FORM(tool_level_row, TOOL_LEVEL_ROW_FIELDS)
WIRE_FORM(tool_alarm_row, TOOL_ALARM_ROW_FIELDS)
WIRE_FORM(tool_return_row, TOOL_RETURN_ROW_FIELDS)
WIRE_FORM(tool_return_app_row, TOOL_RETURN_APP_ROW_FIELDS)
WIRE_FORM(tool_return_gate_row, TOOL_RETURN_GATE_ROW_FIELDS)
WIRE_FORM(tool_return_wish_row, TOOL_RETURN_WISH_ROW_FIELDS)
WIRE_FORM(tool_incident_row, TOOL_INCIDENT_ROW_FIELDS)
WIRE_FORM(tool_note_row, TOOL_NOTE_ROW_FIELDS)
