/* The forms of what audit tells the authority. */
#include "ipc/audit_authority.h"

WIRE_FORM(audit_alarm, AUDIT_ALARM_FIELDS)
WIRE_FORM(audit_canary, AUDIT_CANARY_FIELDS)
