/* What the verifier has found out for those who change their factors. */
#ifndef ROLE_AUTHORITY_FACTOR_VERIFIED_H
#define ROLE_AUTHORITY_FACTOR_VERIFIED_H

#include "role/authority/verify.h"

/* Each ends v (or sends it on), and answers who asked. */
void factor_verified_old(struct authority *a, struct verify *v, bool is_right);
void factor_verified_hash(struct authority *a, struct verify *v, struct view encoded);
void factor_verified_credential(struct authority *a, struct verify *v,
				const struct verified_credential *got);

/*
 * factor_verified_gained - the session has shown (and now has) this factor: an invited person's may
 * become a whole session by it. Within no transaction. E_SYS
 */
enum err factor_verified_gained(struct authority *a, const struct authority_cell *c,
				uint32_t session, uint8_t kind);

/* factor_verified_tell - factor.added, factor.removed, password.changed */
void factor_verified_tell(struct authority *a, const struct question *q, const struct user *u,
			  const char *action, uint8_t kind, struct view name);

#endif
