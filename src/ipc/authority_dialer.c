/* The form of what the authority tells the dialer. */
#include "ipc/authority_dialer.h"

WIRE_FORM(authority_reach, AUTHORITY_REACH_FIELDS)
