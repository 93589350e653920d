/*
 * The `sluis` command and the authority: administration. The keeper hands the command one end of a
 * fresh channel and the authority the other with the command's uid (TOOL_AUTHORITY); what is said
 * there it does not see. Answers are any number of rows, then AUTHORITY_TOOL_END.
 *
 * Secrets of links are made by the command; the authority gets their SHA-256.
 */
#ifndef IPC_TOOL_AUTHORITY_H
#define IPC_TOOL_AUTHORITY_H

#include "ipc/frame.h"
#include "ipc/gate_words.h"
#include "ipc/incident_words.h"
#include "ipc/level_words.h"
#include "ipc/recover_words.h"
#include "ipc/wire.h"

/* Each a struct tool_act; what its members mean. */
enum tool_act_kind {
	ACT_USER_LIST = 1,
	ACT_USER_SHOW,	    /* name; rows: user, factors, sessions */
	ACT_USER_ADD,	    /* name, title, list: groups, locale; flags bit 1: a decoy */
	ACT_USER_CHANGE,    /* name; title, list (flags bit 0: as given), locale: empty: stays */
	ACT_USER_ENABLE,    /* name */
	ACT_USER_DISABLE,   /* name: ends all sessions */
	ACT_USER_REMOVE,    /* name */
	ACT_USER_RESET,	    /* name: removes all factors, ends all sessions */
	ACT_GROUP_LIST,	    /* - */
	ACT_GROUP_SHOW,	    /* name; rows: users */
	ACT_GROUP_ADD,	    /* name, title */
	ACT_GROUP_REMOVE,   /* name */
	ACT_GROUP_JOIN,	    /* name: group; list: users */
	ACT_GROUP_LEAVE,    /* name: group; list: users */
	ACT_SESSION_LIST,   /* name: of one user; empty: all */
	ACT_SESSION_REVOKE, /* number; or name: all of a user; or flags bit 0: all of all */
	ACT_INVITE_ADD,	    /* name: the user; secret: hash; number: seconds it is good */
	ACT_INVITE_LIST,    /* - */
	ACT_INVITE_REVOKE,  /* number */
	ACT_EXPLAIN,	    /* name: user; title: host; list: path; source; number: factors, bits:
			       0: what the user could show at best. The end's text begins with
			       "allowed", "asked for more", "denied" or "this is the portal" */
	ACT_LEVEL_LIST,	    /* - */
	ACT_LEVEL_SET,	    /* name: of the zone, listener or application; empty: all; title: why;
			       number: until, wall clock in seconds, 0: until it is lifted; flags:
			       TOOL_LEVEL_FLAGS */
	ACT_ALARM_LIST,	    /* number: after this one; flags bit 0: closed ones too */
	ACT_ALARM_SHOW,	    /* number; row: that alarm */
	ACT_ALARM_CLOSE,    /* number; title: why */
	/* The staged return. flags: enum recover_told: what the command has looked at itself */
	ACT_RECOVER_LIST,     /* flags. Rows: the return, each application with its gates behind
				 it, in the order of needs; what waits for approvals */
	ACT_RECOVER_START,    /* title: why; number: the incident's moment, wall clock in seconds;
				 0: since the strictest level holds */
	ACT_RECOVER_STOP,     /* title: why */
	ACT_RECOVER_ADVANCE,  /* name: of the application; title: why, or empty; flags */
	ACT_RECOVER_APPROVE,  /* number; name: the user; list: the password; locale: the code of
				 the authenticator app; flags */
	ACT_RECOVER_WITHDRAW, /* number */
	ACT_INCIDENT_OPEN,    /* list: title; number: when it was noticed, wall clock in seconds, 0:
				 now; flags bit 0: although one is open */
	ACT_INCIDENT_NOTE,    /* list: what; number: of the incident, 0: the one that is open */
	ACT_INCIDENT_CLOSE,   /* list: summary, may be empty; number: likewise */
	ACT_INCIDENT_LIST,    /* - */
	ACT_INCIDENT_NOTES,   /* number: of the incident */
	ACT_NOTICE_SET,	      /* list: in Dutch, newline, in English; empty: none any more */
	ACT_KINDS
};

/* Flags of ACT_LEVEL_SET: a set of levels (ipc/level_words.h), enum level_scope, an exercise */
#define TOOL_LEVEL_FLAGS(mask, scope, is_exercise)                                                 \
	((uint32_t)(mask) | (uint32_t)(scope) << 16 | (uint32_t)(is_exercise) << 20)
#define TOOL_LEVEL_MASK(flags)	      ((uint16_t)(flags))
#define TOOL_LEVEL_SCOPE(flags)	      ((flags) >> 16 & 15)
#define TOOL_LEVEL_IS_EXERCISE(flags) (((flags) >> 20 & 1) != 0)

enum tool_authority_message { TOOL_ACT = 1 /* struct tool_act */ };

enum authority_tool_message {
	AUTHORITY_TOOL_END = 1, /* struct authority_tool_end */
	AUTHORITY_USER,		/* struct tool_user_row */
	AUTHORITY_GROUP,	/* struct tool_group_row */
	AUTHORITY_TOOL_FACTOR,	/* struct authority_factor_row (ipc/cell_authority.h) */
	AUTHORITY_TOOL_SESSION, /* struct tool_session_row */
	AUTHORITY_INVITE,	/* struct tool_invite_row */
	AUTHORITY_EXPLAIN,	/* struct tool_explain_row: one per condition looked at */
	AUTHORITY_PROGRESS,	/* struct tool_progress: of what takes long */
	AUTHORITY_LEVEL,	/* struct tool_level_row */
	AUTHORITY_ALARM,	/* struct tool_alarm_row */
	AUTHORITY_RETURN,	/* struct tool_return_row: one */
	AUTHORITY_RETURN_APP,	/* struct tool_return_app_row */
	AUTHORITY_RETURN_GATE,	/* struct tool_return_gate_row: of the application before it */
	AUTHORITY_RETURN_WISH,	/* struct tool_return_wish_row */
	AUTHORITY_INCIDENT,	/* struct tool_incident_row */
	AUTHORITY_NOTE		/* struct tool_note_row */
};

#define TOOL_ACT_FIELDS(F)                                                                         \
	F(U8, kind, 0)                                                                             \
	F(U32, flags, 0)                                                                           \
	F(U32, number, 0)                                                                          \
	F(HASH, secret, 0)                                                                         \
	F(IP, source, 0)                                                                           \
	F(TEXT, name, GATE_TITLE_MAX)                                                              \
	F(TEXT, title, 256) F(TEXT, list, 2048) F(TEXT, locale, 8)
/* is_done 0: refused, and text says why and what to do instead; n: how many it concerned */
#define AUTHORITY_TOOL_END_FIELDS(F) F(U8, is_done, 0) F(U32, n, 0) F(TEXT, text, 512)
#define TOOL_USER_ROW_FIELDS(F)                                                                    \
	F(U8, is_disabled, 0)                                                                      \
	F(U8, factors, 0)                                                                          \
	F(U32, sessions, 0)                                                                        \
	F(U64, created_s, 0)                                                                       \
	F(U64, seen_s, 0)                                                                          \
	F(TEXT, name, GATE_USER_MAX)                                                               \
	F(TEXT, title, GATE_TITLE_MAX) F(TEXT, groups, GATE_GROUPS_MAX) F(TEXT, locale, 8)
#define TOOL_GROUP_ROW_FIELDS(F)                                                                   \
	F(U32, users, 0) F(TEXT, name, GATE_USER_MAX) F(TEXT, title, GATE_TITLE_MAX)
#define TOOL_SESSION_ROW_FIELDS(F)                                                                 \
	F(U32, number, 0)                                                                          \
	F(U8, factors, 0)                                                                          \
	F(U16, apps, 0)                                                                            \
	F(IP, source, 0)                                                                           \
	F(U64, began_s, 0)                                                                         \
	F(U64, seen_s, 0)                                                                          \
	F(U64, until_s, 0) F(TEXT, user, GATE_USER_MAX) F(TEXT, agent, 256)
#define TOOL_INVITE_ROW_FIELDS(F)                                                                  \
	F(U32, number, 0)                                                                          \
	F(U8, is_used, 0)                                                                          \
	F(U64, created_s, 0) F(U64, until_s, 0) F(TEXT, user, GATE_USER_MAX) F(TEXT, by, 64)
/* depth: of the condition in the tree; is_true; text: as configured, with what was found */
#define TOOL_EXPLAIN_ROW_FIELDS(F)                                                                 \
	F(U8, verdict, 0) F(U8, depth, 0) F(U8, is_true, 0) F(U8, decides, 0) F(TEXT, text, 512)
/* is_known: the configuration has what it is set on; until_s 0: until it is lifted */
#define TOOL_LEVEL_ROW_FIELDS(F)                                                                   \
	F(U8, scope, 0)                                                                            \
	F(U8, is_exercise, 0)                                                                      \
	F(U8, is_known, 0)                                                                         \
	F(U16, mask, 0)                                                                            \
	F(U64, since_s, 0)                                                                         \
	F(U64, until_s, 0)                                                                         \
	F(TEXT, name, LEVEL_NAME_MAX) F(TEXT, reason, 256) F(TEXT, by, 64)
/* seq: of the first and the last of its lines in the audit log; closed_s 0: it is open */
#define TOOL_ALARM_ROW_FIELDS(F)                                                                   \
	F(U32, number, 0)                                                                          \
	F(U64, first_s, 0)                                                                         \
	F(U64, last_s, 0)                                                                          \
	F(U64, count, 0)                                                                           \
	F(U64, first_seq, 0)                                                                       \
	F(U64, last_seq, 0)                                                                        \
	F(U64, closed_s, 0)                                                                        \
	F(TEXT, action, 64)                                                                        \
	F(TEXT, object, 256)                                                                       \
	F(TEXT, writer, 32)                                                                        \
	F(TEXT, origin, 80)                                                                        \
	F(TEXT, result, 64)                                                                        \
	F(TEXT, detail, 512) F(TEXT, closed_by, 64) F(TEXT, reason, 256)
/* began_s 0: there is no return; now_s: by the authority's clock */
#define TOOL_RETURN_ROW_FIELDS(F)                                                                  \
	F(U8, to_open, 0)                                                                          \
	F(U32, soak_s, 0)                                                                          \
	F(U64, now_s, 0)                                                                           \
	F(U64, began_s, 0)                                                                         \
	F(U64, incident_s, 0)                                                                      \
	F(TEXT, approvers, GATE_USER_MAX) F(TEXT, reason, 256) F(TEXT, by, 64)
/* next: the step that would be taken next, 0: none; needs: names, a line each; held: levels of
 * others that hold it back too; fell_by: what put it back, at fell_s; waiting: people before the
 * door */
#define TOOL_RETURN_APP_ROW_FIELDS(F)                                                              \
	F(U8, step, 0)                                                                             \
	F(U8, next, 0)                                                                             \
	F(U8, is_known, 0)                                                                         \
	F(U32, waiting, 0)                                                                         \
	F(U64, since_s, 0)                                                                         \
	F(U64, fell_s, 0)                                                                          \
	F(TEXT, name, LEVEL_NAME_MAX)                                                              \
	F(TEXT, owner, GATE_USER_MAX)                                                              \
	F(TEXT, fell_by, 64) F(TEXT, needs, 1024) F(TEXT, held, 512)
/* is_told: the command's word */
#define TOOL_RETURN_GATE_ROW_FIELDS(F)                                                             \
	F(U8, gate, 0) F(U8, state, 0) F(U8, is_told, 0) F(TEXT, why, 256)
/* kind: enum recover_kind; have, want: approvals; has_owner: the owner's is there, or none is
 * wanted; people: who, a line each */
#define TOOL_RETURN_WISH_ROW_FIELDS(F)                                                             \
	F(U32, number, 0)                                                                          \
	F(U8, kind, 0)                                                                             \
	F(U8, scope, 0)                                                                            \
	F(U8, step, 0)                                                                             \
	F(U8, have, 0)                                                                             \
	F(U8, want, 0)                                                                             \
	F(U8, has_owner, 0)                                                                        \
	F(U16, mask, 0)                                                                            \
	F(U64, asked_s, 0)                                                                         \
	F(U64, until_s, 0)                                                                         \
	F(TEXT, name, LEVEL_NAME_MAX)                                                              \
	F(TEXT, owner, GATE_USER_MAX)                                                              \
	F(TEXT, reason, 256) F(TEXT, by, 64) F(TEXT, people, 1024)
/* closed_s 0: it is open */
#define TOOL_INCIDENT_ROW_FIELDS(F)                                                                \
	F(U32, number, 0)                                                                          \
	F(U32, notes, 0)                                                                           \
	F(U64, detected_s, 0)                                                                      \
	F(U64, opened_s, 0)                                                                        \
	F(U64, closed_s, 0)                                                                        \
	F(TEXT, title, INCIDENT_TITLE_MAX)                                                         \
	F(TEXT, opened_by, 64) F(TEXT, closed_by, 64) F(TEXT, summary, INCIDENT_NOTE_MAX)
#define TOOL_NOTE_ROW_FIELDS(F)                                                                    \
	F(U32, number, 0)                                                                          \
	F(U32, incident, 0)                                                                        \
	F(U64, at_s, 0) F(TEXT, by, 64) F(TEXT, text, INCIDENT_NOTE_MAX)
#define TOOL_PROGRESS_FIELDS(F) F(U32, done, 0) F(U32, of, 0)

WIRE_MESSAGE(tool_act, TOOL_ACT_FIELDS)
WIRE_MESSAGE(authority_tool_end, AUTHORITY_TOOL_END_FIELDS)
WIRE_MESSAGE(tool_user_row, TOOL_USER_ROW_FIELDS)
WIRE_MESSAGE(tool_group_row, TOOL_GROUP_ROW_FIELDS)
WIRE_MESSAGE(tool_session_row, TOOL_SESSION_ROW_FIELDS)
WIRE_MESSAGE(tool_invite_row, TOOL_INVITE_ROW_FIELDS)
WIRE_MESSAGE(tool_explain_row, TOOL_EXPLAIN_ROW_FIELDS)
WIRE_MESSAGE(tool_progress, TOOL_PROGRESS_FIELDS)
WIRE_MESSAGE(tool_level_row, TOOL_LEVEL_ROW_FIELDS)
WIRE_MESSAGE(tool_alarm_row, TOOL_ALARM_ROW_FIELDS)
WIRE_MESSAGE(tool_return_row, TOOL_RETURN_ROW_FIELDS)
WIRE_MESSAGE(tool_return_app_row, TOOL_RETURN_APP_ROW_FIELDS)
WIRE_MESSAGE(tool_return_gate_row, TOOL_RETURN_GATE_ROW_FIELDS)
WIRE_MESSAGE(tool_return_wish_row, TOOL_RETURN_WISH_ROW_FIELDS)
WIRE_MESSAGE(tool_incident_row, TOOL_INCIDENT_ROW_FIELDS)
WIRE_MESSAGE(tool_note_row, TOOL_NOTE_ROW_FIELDS)

#endif
