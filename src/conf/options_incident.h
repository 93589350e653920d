/* Options of isolation in an incident: who decides, where it shows, what counts as read-only. */
#ifndef CONF_OPTIONS_INCIDENT_H
#define CONF_OPTIONS_INCIDENT_H

#include "conf/option.h"

extern const struct option_table options_incident, options_incident_read_only,
	options_incident_status;

#endif
