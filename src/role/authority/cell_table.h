/* The handlers of cells' questions; rows of one table. Each gets the struct authority_cell. */
#ifndef ROLE_AUTHORITY_CELL_TABLE_H
#define ROLE_AUTHORITY_CELL_TABLE_H

#include "ipc/frame.h"

extern const struct frame_table cell_table;

/* ask_session.c */
enum err ask_session_on_hello(void *role, struct frame *f);
enum err ask_session_on_used(void *role, struct frame *f);
enum err ask_session_on_session(void *role, struct frame *f);
enum err ask_session_on_rotate(void *role, struct frame *f);
enum err ask_session_on_logout(void *role, struct frame *f);
enum err ask_session_on_list(void *role, struct frame *f);
enum err ask_session_on_end(void *role, struct frame *f);
enum err ask_session_on_locale(void *role, struct frame *f);

/* ask_app.c */
enum err ask_app_on_grant(void *role, struct frame *f);
enum err ask_app_on_apps(void *role, struct frame *f);
enum err ask_app_on_ticket(void *role, struct frame *f);
enum err ask_app_on_enter(void *role, struct frame *f);
enum err ask_app_on_keys(void *role, struct frame *f);

/* ask_login.c */
enum err ask_login_on_login(void *role, struct frame *f);
enum err ask_login_on_password(void *role, struct frame *f);
enum err ask_login_on_code(void *role, struct frame *f);
enum err ask_login_on_passkey_ask(void *role, struct frame *f);
enum err ask_login_on_passkey_prove(void *role, struct frame *f);
enum err ask_login_on_end(void *role, struct frame *f);

/* ask_factor.c */
enum err ask_factor_on_list(void *role, struct frame *f);
enum err ask_factor_on_totp_begin(void *role, struct frame *f);
enum err ask_factor_on_totp_end(void *role, struct frame *f);
enum err ask_factor_on_passkey_begin(void *role, struct frame *f);
enum err ask_factor_on_passkey_end(void *role, struct frame *f);
enum err ask_factor_on_remove(void *role, struct frame *f);
enum err ask_factor_on_recovery(void *role, struct frame *f);
enum err ask_factor_on_password(void *role, struct frame *f);

/* ask_invite.c */
enum err ask_invite_on_look(void *role, struct frame *f);
enum err ask_invite_on_invited(void *role, struct frame *f);

#endif
