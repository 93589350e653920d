/*
 * Since when each public key is in use: of the certificates of every image, and the signer's key
 * set. What was in use before an incident has to be replaced before anything returns
 * (docs/recover.md); a new certificate for the same key is no replacement.
 */
#ifndef ROLE_AUTHORITY_RECOVER_KEY_H
#define ROLE_AUTHORITY_RECOVER_KEY_H

#include "role/authority/authority.h"

enum { RECOVER_KEY_BACKDATED_S = 3600 /* issuers let certificates begin so long before now */ };

/* recover_key_open - at boot, with image and store: keys that a new store knows nothing of count as
 * old. E_SYS */
enum err recover_key_open(struct authority *a);

/* recover_key_image - another image; recover_key_note - another key set, by its hash. What the
 * store does not take now counts as old */
void recover_key_image(struct authority *a);
void recover_key_note(struct authority *a, const struct hash32 *hash);

/* recover_key_is_newer - every certificate and key; why not is written to w */
bool recover_key_is_newer(struct authority *a, uint64_t incident_s, struct wbuf *w);

#endif
