/*
 * Cell and authority: who is this, what may it open (promises P1, P2, P6).
 *
 * A cell sends a question, seq not 0, and gets exactly one answer with the same seq: the one named
 * behind it, or AUTHORITY_REFUSED. At most CELL_QUESTIONS are under way; more end the cell.
 *
 * No token ever goes over this channel: the cell makes tokens (32 random bytes), keeps the SHA-256
 * and wipes the rest; authority knows hashes alone. Addresses are not asked of the cell either: the
 * spawner tells authority which client each channel belongs to (ipc/spawner.h).
 *
 * A cell belongs to the first user whose session it has shown; what it asks with another's token
 * is GATE_OTHER. `app` is image_app.id; 0 is the portal.
 */
#ifndef IPC_CELL_AUTHORITY_H
#define IPC_CELL_AUTHORITY_H

#include "ipc/frame.h"
#include "ipc/gate_words.h"
#include "ipc/wire.h"

enum { CELL_QUESTIONS = 16, CELL_TOKEN_BYTES = 32 };

enum cell_authority_message {
	CELL_HELLO = 1,	    /* struct cell_hello; no answer; once, after the handshake */
	CELL_SESSION,	    /* struct cell_token: of the portal -> AUTHORITY_SESSION */
	CELL_GRANT,	    /* struct cell_token: of an application -> AUTHORITY_GRANT */
	CELL_ROTATE,	    /* struct cell_rotate -> AUTHORITY_DONE */
	CELL_LOGIN,	    /* struct cell_login: begins, or looks at one -> AUTHORITY_LOGIN */
	CELL_PASSWORD,	    /* struct cell_password -> AUTHORITY_LOGIN */
	CELL_CODE,	    /* struct cell_code: one-time or recovery code -> AUTHORITY_LOGIN */
	CELL_PASSKEY_ASK,   /* struct cell_transaction -> AUTHORITY_CHALLENGE */
	CELL_PASSKEY_PROVE, /* struct cell_passkey_prove -> AUTHORITY_LOGIN */
	CELL_LOGIN_END, /* struct cell_login_end: a session of what was shown -> AUTHORITY_SESSION
			 */
	CELL_LOGOUT,	/* struct cell_logout -> AUTHORITY_DONE */
	CELL_APPS,	/* struct cell_page -> AUTHORITY_APPS */
	CELL_TICKET, /* struct cell_ticket: one-time code for an application -> AUTHORITY_VERDICT */
	CELL_ENTER,  /* struct cell_enter: gives that code in -> AUTHORITY_GRANT */
	CELL_FACTORS,	  /* struct cell_page -> AUTHORITY_LIST of authority_factor_row */
	CELL_SESSIONS,	  /* struct cell_page -> AUTHORITY_LIST of authority_session_row */
	CELL_SESSION_END, /* struct cell_number: of a session of the same user -> AUTHORITY_DONE */
	CELL_TOTP_BEGIN,  /* struct cell_token -> AUTHORITY_SECRET */
	CELL_TOTP_END,	  /* struct cell_totp_end -> AUTHORITY_DONE */
	CELL_PASSKEY_BEGIN, /* struct cell_token -> AUTHORITY_CHALLENGE */
	CELL_PASSKEY_END,   /* struct cell_passkey_end -> AUTHORITY_DONE */
	CELL_FACTOR_REMOVE, /* struct cell_number: of a factor -> AUTHORITY_DONE */
	CELL_RECOVERY,	    /* struct cell_token: new codes, the old ones end -> AUTHORITY_CODES */
	CELL_PASSWORD_SET,  /* struct cell_password_set -> AUTHORITY_DONE */
	CELL_INVITED,	    /* struct cell_invited: opens an invitation -> AUTHORITY_SESSION */
	CELL_INVITE_LOOK,   /* struct cell_transaction: is it good? -> AUTHORITY_VERDICT */
	CELL_KEYS,	    /* - -> AUTHORITY_KEYS */
	CELL_LOCALE,	    /* struct cell_locale: the user's own choice -> AUTHORITY_DONE */
	CELL_USED /* struct cell_used: its client has sent something over a tunnel or another long
		     exchange of this session, which counts as use; no answer; seq 0; at most
		     every few seconds */
};

/* fingerprint: SHA-256 of what proto/tls_class says of the ClientHello; certificate: SHA-256 of
 * what the client has shown and the cell has verified, or zero; canary: of the token that lies in
 * its memory and is nobody's (base/canary.h) */
#define CELL_HELLO_FIELDS(F)                                                                       \
	F(HASH, fingerprint, 0) F(HASH, certificate, 0) F(HASH, canary, 0) F(TEXT, sni, 255)
#define CELL_TOKEN_FIELDS(F) F(U64, app, 0) F(HASH, token, 0)
/* old goes on until fresh was used, and a moment longer (answers cross) */
#define CELL_ROTATE_FIELDS(F) F(U64, app, 0) F(HASH, old, 0) F(HASH, fresh, 0)
/* transaction: of the log-in cookie, made by the cell. session: whose step-up it is, or zero; app:
 * what it is for, or 0 */
#define CELL_LOGIN_FIELDS(F)	   F(HASH, transaction, 0) F(HASH, session, 0) F(U64, app, 0)
#define CELL_TRANSACTION_FIELDS(F) F(HASH, transaction, 0)
#define CELL_PASSWORD_FIELDS(F)                                                                    \
	F(HASH, transaction, 0) F(TEXT, user, GATE_TITLE_MAX) F(TEXT, password, GATE_PASSWORD_MAX)
/* is_recovery: 0 a code of the authenticator app, 1 one of the recovery codes */
#define CELL_CODE_FIELDS(F) F(HASH, transaction, 0) F(U8, is_recovery, 0) F(TEXT, code, 64)
#define CELL_PASSKEY_PROVE_FIELDS(F)                                                               \
	F(HASH, transaction, 0)                                                                    \
	F(TEXT, credential, GATE_CREDENTIAL_MAX)                                                   \
	F(TEXT, client_data, GATE_CLIENT_DATA_MAX)                                                 \
	F(TEXT, auth_data, GATE_AUTH_DATA_MAX)                                                     \
	F(TEXT, signature, 512)                                                                    \
	F(TEXT, user_handle, 64)
#define CELL_LOGIN_END_FIELDS(F) F(HASH, transaction, 0) F(HASH, token, 0) F(TEXT, agent, 256)
/* app: the application whose token it is; 0: the portal's. everywhere: 1: all sessions of the user
 */
#define CELL_LOGOUT_FIELDS(F)	F(U64, app, 0) F(HASH, token, 0) F(U8, everywhere, 0)
#define CELL_PAGE_FIELDS(F)	F(HASH, token, 0) F(U32, from, 0)
#define CELL_TICKET_FIELDS(F)	F(HASH, token, 0) F(U64, app, 0) F(HASH, nonce, 0) F(HASH, code, 0)
#define CELL_ENTER_FIELDS(F)	F(U64, app, 0) F(HASH, code, 0) F(HASH, nonce, 0) F(HASH, token, 0)
#define CELL_NUMBER_FIELDS(F)	F(HASH, token, 0) F(U32, number, 0)
#define CELL_TOTP_END_FIELDS(F) F(HASH, token, 0) F(TEXT, name, GATE_TITLE_MAX) F(TEXT, code, 16)
#define CELL_PASSKEY_END_FIELDS(F)                                                                 \
	F(HASH, token, 0)                                                                          \
	F(TEXT, name, GATE_TITLE_MAX)                                                              \
	F(TEXT, client_data, GATE_CLIENT_DATA_MAX) F(TEXT, attestation, GATE_ATTESTATION_MAX)
#define CELL_PASSWORD_SET_FIELDS(F)                                                                \
	F(HASH, token, 0) F(TEXT, old, GATE_PASSWORD_MAX) F(TEXT, fresh, GATE_PASSWORD_MAX)
#define CELL_INVITED_FIELDS(F) F(HASH, invite, 0) F(HASH, token, 0) F(TEXT, agent, 256)
#define CELL_LOCALE_FIELDS(F)  F(HASH, token, 0) F(TEXT, locale, 8)
/* as its grant said; another session's than this cell has shown is nobody's */
#define CELL_USED_FIELDS(F) F(U32, slot, 0) F(U64, generation, 0)

WIRE_MESSAGE(cell_hello, CELL_HELLO_FIELDS)
WIRE_MESSAGE(cell_token, CELL_TOKEN_FIELDS)
WIRE_MESSAGE(cell_rotate, CELL_ROTATE_FIELDS)
WIRE_MESSAGE(cell_login, CELL_LOGIN_FIELDS)
WIRE_MESSAGE(cell_transaction, CELL_TRANSACTION_FIELDS)
WIRE_MESSAGE(cell_password, CELL_PASSWORD_FIELDS)
WIRE_MESSAGE(cell_code, CELL_CODE_FIELDS)
WIRE_MESSAGE(cell_passkey_prove, CELL_PASSKEY_PROVE_FIELDS)
WIRE_MESSAGE(cell_login_end, CELL_LOGIN_END_FIELDS)
WIRE_MESSAGE(cell_logout, CELL_LOGOUT_FIELDS)
WIRE_MESSAGE(cell_page, CELL_PAGE_FIELDS)
WIRE_MESSAGE(cell_ticket, CELL_TICKET_FIELDS)
WIRE_MESSAGE(cell_enter, CELL_ENTER_FIELDS)
WIRE_MESSAGE(cell_number, CELL_NUMBER_FIELDS)
WIRE_MESSAGE(cell_totp_end, CELL_TOTP_END_FIELDS)
WIRE_MESSAGE(cell_passkey_end, CELL_PASSKEY_END_FIELDS)
WIRE_MESSAGE(cell_password_set, CELL_PASSWORD_SET_FIELDS)
WIRE_MESSAGE(cell_invited, CELL_INVITED_FIELDS)
WIRE_MESSAGE(cell_locale, CELL_LOCALE_FIELDS)
WIRE_MESSAGE(cell_used, CELL_USED_FIELDS)

enum authority_cell_message {
	AUTHORITY_DONE = 1,  /* - */
	AUTHORITY_REFUSED,   /* struct authority_refused */
	AUTHORITY_VERDICT,   /* struct authority_verdict */
	AUTHORITY_SESSION,   /* struct authority_session */
	AUTHORITY_GRANT,     /* struct authority_grant */
	AUTHORITY_LOGIN,     /* struct authority_login */
	AUTHORITY_CHALLENGE, /* struct authority_challenge */
	AUTHORITY_APPS,	     /* struct authority_apps */
	AUTHORITY_LIST,	     /* struct authority_list */
	AUTHORITY_SECRET,    /* struct authority_secret */
	AUTHORITY_CODES,     /* struct authority_codes */
	AUTHORITY_KEYS	     /* struct authority_keys */
};

/* How far a log-in is. */
enum authority_login_state {
	LOGIN_FIRST = 1, /* nothing has been shown: offers says with what to begin */
	LOGIN_CODE,	 /* a password came, right or wrong; now the code */
	LOGIN_DONE,	 /* enough: CELL_LOGIN_END makes the session */
	LOGIN_FAILED,	 /* something was wrong, and nobody says what; begin again */
	LOGIN_GONE	 /* no such log-in: too old, or never begun */
};

#define AUTHORITY_REFUSED_FIELDS(F) F(U8, reason, 0) F(U32, wait_s, 0)
/* factors: what a step-up wants, bits of enum gate_factor; position, waiting: of GATE_WAIT: its
 * place, and how many wait */
#define AUTHORITY_VERDICT_FIELDS(F)                                                                \
	F(U8, verdict, 0)                                                                          \
	F(U8, reason, 0)                                                                           \
	F(U8, factors, 0) F(U32, position, 0) F(U32, waiting, 0)
/* slot, generation: of the gate page; until_s: wall clock; seen_s: of the last factor */
#define AUTHORITY_SESSION_FIELDS(F)                                                                \
	F(U8, verdict, 0)                                                                          \
	F(U8, reason, 0)                                                                           \
	F(U8, flags, 0)                                                                            \
	F(U8, factors, 0)                                                                          \
	F(U32, number, 0)                                                                          \
	F(U32, slot, 0)                                                                            \
	F(U64, generation, 0)                                                                      \
	F(U64, until_s, 0)                                                                         \
	F(TEXT, user, GATE_USER_MAX) F(TEXT, title, GATE_TITLE_MAX) F(TEXT, locale, 8)
/* number: of the session, for the log; fresh_s: wall clock: ask again by then, for another
 * assertion, or because time changes the decision */
#define AUTHORITY_GRANT_FIELDS(F)                                                                  \
	F(U8, verdict, 0)                                                                          \
	F(U8, reason, 0)                                                                           \
	F(U8, flags, 0)                                                                            \
	F(U8, factors, 0)                                                                          \
	F(U32, number, 0)                                                                          \
	F(U32, slot, 0)                                                                            \
	F(U64, generation, 0)                                                                      \
	F(U64, until_s, 0)                                                                         \
	F(U64, fresh_s, 0)                                                                         \
	F(TEXT, user, GATE_USER_MAX) F(TEXT, assertion, GATE_JWT_MAX)
/* offers: bits of enum gate_factor: what may be shown next. wait_s: before another try counts */
#define AUTHORITY_LOGIN_FIELDS(F)                                                                  \
	F(U8, state, 0) F(U8, reason, 0) F(U8, offers, 0) F(U32, wait_s, 0) F(U64, app, 0)
/* known: credential ids not to be enrolled again, or those that may answer: u16 length each */
#define AUTHORITY_CHALLENGE_FIELDS(F)                                                              \
	F(HASH, challenge, 0)                                                                      \
	F(TEXT, user_handle, 64)                                                                   \
	F(TEXT, user, GATE_USER_MAX) F(TEXT, title, GATE_TITLE_MAX) F(TEXT, known, 2048)
/* ids: u64 each, of the applications that the session may open now; next 0: no more */
#define AUTHORITY_APPS_FIELDS(F) F(U32, next, 0) F(TEXT, ids, 3200)
/* rows: u16 length and the row's form, each; next 0: no more */
#define AUTHORITY_LIST_FIELDS(F)   F(U32, next, 0) F(TEXT, rows, 3600)
#define AUTHORITY_SECRET_FIELDS(F) F(TEXT, base32, 64) F(TEXT, uri, 512)
#define AUTHORITY_CODES_FIELDS(F)  F(TEXT, lines, 512)
#define AUTHORITY_KEYS_FIELDS(F)   F(TEXT, json, 2048)
/* is_own: the session that asks; kind: one of enum gate_factor; left: recovery codes not used */
#define AUTHORITY_FACTOR_ROW_FIELDS(F)                                                             \
	F(U32, number, 0)                                                                          \
	F(U8, kind, 0)                                                                             \
	F(U8, is_device_bound, 0)                                                                  \
	F(U16, left, 0)                                                                            \
	F(U64, created_s, 0) F(U64, used_s, 0) F(TEXT, name, GATE_TITLE_MAX)
#define AUTHORITY_SESSION_ROW_FIELDS(F)                                                            \
	F(U32, number, 0)                                                                          \
	F(U8, is_own, 0)                                                                           \
	F(U8, factors, 0)                                                                          \
	F(IP, source, 0)                                                                           \
	F(U64, began_s, 0) F(U64, seen_s, 0) F(TEXT, agent, 256)

WIRE_MESSAGE(authority_refused, AUTHORITY_REFUSED_FIELDS)
WIRE_MESSAGE(authority_verdict, AUTHORITY_VERDICT_FIELDS)
WIRE_MESSAGE(authority_session, AUTHORITY_SESSION_FIELDS)
WIRE_MESSAGE(authority_grant, AUTHORITY_GRANT_FIELDS)
WIRE_MESSAGE(authority_login, AUTHORITY_LOGIN_FIELDS)
WIRE_MESSAGE(authority_challenge, AUTHORITY_CHALLENGE_FIELDS)
WIRE_MESSAGE(authority_apps, AUTHORITY_APPS_FIELDS)
WIRE_MESSAGE(authority_list, AUTHORITY_LIST_FIELDS)
WIRE_MESSAGE(authority_secret, AUTHORITY_SECRET_FIELDS)
WIRE_MESSAGE(authority_codes, AUTHORITY_CODES_FIELDS)
WIRE_MESSAGE(authority_keys, AUTHORITY_KEYS_FIELDS)
WIRE_MESSAGE(authority_factor_row, AUTHORITY_FACTOR_ROW_FIELDS)
WIRE_MESSAGE(authority_session_row, AUTHORITY_SESSION_ROW_FIELDS)

#endif
