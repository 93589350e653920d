/*
 * Audit to authority: alarms, whoever wrote them into the log, and the hashes of canaries. Audit is
 * believed in who wrote a record (the keeper told it), the record's texts are its writer's word.
 * Each kind of alarm comes at most every ten seconds, with the count of those in between. No
 * answers.
 */
#ifndef IPC_AUDIT_AUTHORITY_H
#define IPC_AUDIT_AUTHORITY_H

#include "ipc/frame.h"
#include "ipc/wire.h"

enum audit_authority_message {
	AUDIT_ALARM = 1, /* struct audit_alarm */
	AUDIT_CANARY	 /* struct audit_canary */
};

enum {
	AUDIT_ALARM_ACTION = 64,
	AUDIT_ALARM_OBJECT = 256,
	AUDIT_ALARM_RESULT = 64,
	AUDIT_ALARM_ORIGIN = 80,
	AUDIT_ALARM_WRITER = 32,
	AUDIT_ALARM_DETAIL = 512
};

/* seq: of its line in the log; more: of the same kind that were not told before it */
#define AUDIT_ALARM_FIELDS(F)                                                                      \
	F(U64, seq, 0)                                                                             \
	F(U64, wall_us, 0)                                                                         \
	F(U32, more, 0)                                                                            \
	F(TEXT, action, AUDIT_ALARM_ACTION)                                                        \
	F(TEXT, object, AUDIT_ALARM_OBJECT)                                                        \
	F(TEXT, result, AUDIT_ALARM_RESULT)                                                        \
	F(TEXT, origin, AUDIT_ALARM_ORIGIN)                                                        \
	F(TEXT, writer, AUDIT_ALARM_WRITER) F(TEXT, detail, AUDIT_ALARM_DETAIL)
/* SHA-256 of the tokens' 32 bytes, and of the password's text */
#define AUDIT_CANARY_FIELDS(F)                                                                     \
	F(HASH, session, 0) F(HASH, bearer, 0) F(HASH, password, 0) F(TEXT, writer, 32)

WIRE_MESSAGE(audit_alarm, AUDIT_ALARM_FIELDS)
WIRE_MESSAGE(audit_canary, AUDIT_CANARY_FIELDS)

#endif
