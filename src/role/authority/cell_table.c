/* Lengths are those of the forms (ipc/cell_authority.h): texts have two bytes of length each. */
#include "role/authority/cell_table.h"

#include "ipc/cell_authority.h"

enum {
	HASH = 32,
	TEXT = 2,
	TOKEN = 8 + HASH,
	PROVE = HASH + 5 * TEXT,
	PROVE_MAX =
		PROVE + GATE_CREDENTIAL_MAX + GATE_CLIENT_DATA_MAX + GATE_AUTH_DATA_MAX + 512 + 64
};

#define ASKED(type, min, more, on)                                                                 \
	{                                                                                          \
		(type), 0, FRAME_RUN, (min), (min) + (more), (on)                                  \
	}

static const struct frame_def cell_defs[] = {
	ASKED(CELL_HELLO, 3 * HASH + TEXT, 255, ask_session_on_hello),
	ASKED(CELL_USED, 12, 0, ask_session_on_used),
	ASKED(CELL_SESSION, TOKEN, 0, ask_session_on_session),
	ASKED(CELL_GRANT, TOKEN, 0, ask_app_on_grant),
	ASKED(CELL_ROTATE, TOKEN + HASH, 0, ask_session_on_rotate),
	ASKED(CELL_LOGIN, 2 * HASH + 8, 0, ask_login_on_login),
	ASKED(CELL_PASSWORD, HASH + 2 * TEXT, GATE_TITLE_MAX + GATE_PASSWORD_MAX,
	      ask_login_on_password),
	ASKED(CELL_CODE, HASH + 1 + TEXT, 64, ask_login_on_code),
	ASKED(CELL_PASSKEY_ASK, HASH, 0, ask_login_on_passkey_ask),
	ASKED(CELL_PASSKEY_PROVE, PROVE, PROVE_MAX - PROVE, ask_login_on_passkey_prove),
	ASKED(CELL_LOGIN_END, 2 * HASH + TEXT, 256, ask_login_on_end),
	ASKED(CELL_LOGOUT, TOKEN + 1, 0, ask_session_on_logout),
	ASKED(CELL_APPS, HASH + 4, 0, ask_app_on_apps),
	ASKED(CELL_TICKET, 3 * HASH + 8, 0, ask_app_on_ticket),
	ASKED(CELL_ENTER, 3 * HASH + 8, 0, ask_app_on_enter),
	ASKED(CELL_FACTORS, HASH + 4, 0, ask_factor_on_list),
	ASKED(CELL_SESSIONS, HASH + 4, 0, ask_session_on_list),
	ASKED(CELL_SESSION_END, HASH + 4, 0, ask_session_on_end),
	ASKED(CELL_TOTP_BEGIN, TOKEN, 0, ask_factor_on_totp_begin),
	ASKED(CELL_TOTP_END, HASH + 2 * TEXT, GATE_TITLE_MAX + 16, ask_factor_on_totp_end),
	ASKED(CELL_PASSKEY_BEGIN, TOKEN, 0, ask_factor_on_passkey_begin),
	ASKED(CELL_PASSKEY_END, HASH + 3 * TEXT,
	      GATE_TITLE_MAX + GATE_CLIENT_DATA_MAX + GATE_ATTESTATION_MAX,
	      ask_factor_on_passkey_end),
	ASKED(CELL_FACTOR_REMOVE, HASH + 4, 0, ask_factor_on_remove),
	ASKED(CELL_RECOVERY, TOKEN, 0, ask_factor_on_recovery),
	ASKED(CELL_PASSWORD_SET, HASH + 2 * TEXT, 2 * GATE_PASSWORD_MAX, ask_factor_on_password),
	ASKED(CELL_INVITED, 2 * HASH + TEXT, 256, ask_invite_on_invited),
	ASKED(CELL_INVITE_LOOK, HASH, 0, ask_invite_on_look),
	ASKED(CELL_KEYS, 0, 0, ask_app_on_keys),
	ASKED(CELL_LOCALE, HASH + TEXT, 8, ask_session_on_locale),
};

const struct frame_table cell_table = { cell_defs, sizeof cell_defs / sizeof cell_defs[0] };
