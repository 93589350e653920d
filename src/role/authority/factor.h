/* What people log in with, as the store has it; and which combinations are enough. */
#ifndef ROLE_AUTHORITY_FACTOR_H
#define ROLE_AUTHORITY_FACTOR_H

#include "role/authority/session.h"

enum { FACTOR_SECRET = 640, FACTOR_CODES = 10 };

struct factor {
	uint32_t id, user, algorithm, count;
	uint8_t kind;  /* one of enum gate_factor */
	uint8_t flags; /* enum verified_flag, of passkeys */
	uint8_t name_n;
	uint16_t secret_n, credential_n;
	uint64_t created_s, used_s, step;
	uint8_t name[GATE_TITLE_MAX];
	uint8_t secret[FACTOR_SECRET]; /* hash of a password, sealed key of an app, a passkey's
					  public key */
	uint8_t credential[GATE_CREDENTIAL_MAX];
};

/* factor_is_enough - one of the combinations of factors.require is within these bits; a recovery
 * code stands for a one-time code */
bool factor_is_enough(const struct authority *a, uint8_t shown);

/* factor_offers - what may be shown next by somebody who has shown this; 0: nothing would help */
uint8_t factor_offers(const struct authority *a, uint8_t shown);

/* factor_asks_code - some combination has a one-time code beside the password */
bool factor_asks_code(const struct authority *a);

/* factor_kinds - bits of what the user has. E_SYS */
enum err factor_kinds(struct authority *a, uint32_t user, uint8_t *ret);

/* E_CLOSED there is none · E_SYS */
enum err factor_get(struct authority *a, uint32_t user, uint32_t id, struct factor *ret);
enum err factor_after(struct authority *a, uint32_t user, uint32_t id, struct factor *ret);
enum err factor_of_kind(struct authority *a, uint32_t user, uint8_t kind, struct factor *ret);
enum err factor_by_credential(struct authority *a, struct view credential, struct factor *ret);
enum err factor_count(struct authority *a, uint32_t user, uint8_t kind, uint64_t *ret);

/* factor_credentials - appends the ids of the user's passkeys, each as wbuf_str16 writes it; those
 * that don't fit are left out, which an authenticator answers by not being found. E_SYS */
enum err factor_credentials(struct authority *a, uint32_t user, struct wbuf *w);

/* factor_add - a new one; id and created_s are set. E_SYS (a credential that is there already too)
 */
enum err factor_add(struct authority *a, struct factor *f);

/* factor_use_totp - is this the code of one of the user's apps? Its step is on disk when this
 * returns. E_DENIED no, or used before · E_SYS */
enum err factor_use_totp(struct authority *a, uint32_t user, struct view code);

/* factor_use_recovery - likewise, of a recovery code, each of which is good once; ret_left: of
 * those that are not used */
enum err factor_use_recovery(struct authority *a, uint32_t user, struct view code,
			     uint32_t *ret_left);

/* factor_make_recovery - FACTOR_CODES new codes, a line each, shown once; the old ones end. Within
 * a transaction of its own. E_SYS */
enum err factor_make_recovery(struct authority *a, uint32_t user, struct wbuf *lines);

/* factor_remove - one of the user's; of recovery codes: all. E_SYS */
enum err factor_remove(struct authority *a, const struct factor *f);

/* factor_word - "passkey", for people and the audit log */
const char *factor_word(uint8_t kind);

#endif
