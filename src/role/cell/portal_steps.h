/* What the portal's controllers do: portal_login.c, portal_home.c, portal_factors.c. A _go begins
 * what a path asks for, the others take an answer of the authority. */
#ifndef ROLE_CELL_PORTAL_STEPS_H
#define ROLE_CELL_PORTAL_STEPS_H

#include "role/cell/porter.h"

typedef void portal_go(struct gate_state *j);
typedef void portal_end(struct gate_state *j, const struct ask_answer *a);

portal_go portal_login_go, portal_login_password_go, portal_login_code_go, portal_login_passkey_go;
portal_end portal_login_begun, portal_login_challenge, portal_login_shown, portal_login_ended;

portal_go portal_home_go, portal_home_enter_go, portal_home_denied_go, portal_home_logout_go,
	portal_home_language_go, portal_home_invite_go, portal_home_invited_go,
	portal_home_asset_go;
portal_end portal_home_apps, portal_home_ticket, portal_home_left, portal_home_invite_look,
	portal_home_invited, portal_home_locale;

portal_go portal_sessions_go, portal_sessions_end_go;
portal_end portal_sessions_list, portal_sessions_ended;

portal_go portal_factors_go, portal_factors_password_form_go, portal_factors_password_go,
	portal_factors_totp_go, portal_factors_totp_end_go, portal_factors_passkey_go,
	portal_factors_passkey_end_go, portal_factors_remove_go, portal_factors_recovery_go;
portal_end portal_factors_list, portal_factors_password_form, portal_factors_password_set,
	portal_factors_totp, portal_factors_totp_ended, portal_factors_passkey,
	portal_factors_passkey_ended, portal_factors_removed, portal_factors_codes;

#endif
