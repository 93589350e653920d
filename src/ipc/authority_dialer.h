/*
 * Authority to dialer: which servers a cell may be connected to (promise P4 for cells). Without a
 * word from the authority a cell reaches the pools of public routes of its listener alone, so that
 * who takes over a cell before log-in reaches no application's server. No answers.
 */
#ifndef IPC_AUTHORITY_DIALER_H
#define IPC_AUTHORITY_DIALER_H

#include "ipc/frame.h"
#include "ipc/wire.h"

enum authority_dialer_message {
	AUTHORITY_ALLOW = 1, /* struct authority_reach: the application's pool, for this cell */
	AUTHORITY_FORBID     /* struct authority_reach: app 0: everything it was allowed */
};

#define AUTHORITY_REACH_FIELDS(F) F(U32, slot, 0) F(U64, serial, 0) F(U64, app, 0)

WIRE_MESSAGE(authority_reach, AUTHORITY_REACH_FIELDS)

#endif
