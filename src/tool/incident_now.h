/* Whether an incident is open: for commands that ask for evidence first. */
#ifndef TOOL_INCIDENT_NOW_H
#define TOOL_INCIDENT_NOW_H

#include "ipc/tool_authority.h"

struct incident_now {
	uint32_t number; /* the newest one that is open; 0: none is */
	uint64_t opened_s;
	uint16_t title_n;
	uint8_t title[INCIDENT_TITLE_MAX];
};

/*
 * incident_now_ask - of the running instance
 *   state  --state, or NULL
 * E_OK · E_SYS there was no answer (said on standard error): nobody knows
 */
enum err incident_now_ask(const char *state, struct incident_now *ret);

#endif
