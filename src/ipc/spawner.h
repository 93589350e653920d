/*
 * The spawner's introductions: "behind this descriptor is cell 17, and its client is at that
 * address". To signer, dialer, authority and audit, before the cell runs its first instruction of
 * its own. The spawner is believed in this, and in nothing else; the cell in nothing at all.
 *
 * Cells are known by {slot, serial}; a serial is never used twice while the keeper runs.
 */
#ifndef IPC_SPAWNER_H
#define IPC_SPAWNER_H

#include "ipc/frame.h"
#include "ipc/wire.h"

enum { CELL_SLOTS = 8192 };

enum spawner_message {
	SPAWNER_CELL = 1 /* struct spawner_cell; fd: the channel's end for the one who is told */
};

/* Only the authority says something back. */
enum authority_spawner_message {
	AUTHORITY_CELL_KILL = 1 /* struct spawner_kill: its session was ended, and it goes on */
};

/* listener: slot */
#define SPAWNER_CELL_FIELDS(F)                                                                     \
	F(U32, slot, 0) F(U64, serial, 0) F(U16, listener, 0) F(IP, ip, 0) F(U16, port, 0)
#define SPAWNER_KILL_FIELDS(F) F(U32, slot, 0) F(U64, serial, 0)

WIRE_MESSAGE(spawner_cell, SPAWNER_CELL_FIELDS)
WIRE_MESSAGE(spawner_kill, SPAWNER_KILL_FIELDS)

#endif
