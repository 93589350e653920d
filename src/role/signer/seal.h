/*
 * The audit key (promise P9): an Ed25519 key that this role makes at its first start and that
 * signs checkpoints over the log, which the signer composes itself.
 */
#ifndef ROLE_SIGNER_SEAL_H
#define ROLE_SIGNER_SEAL_H

#include "ipc/evidence_signer.h"
#include "ipc/note.h"
#include "role/signer/keys.h"

struct seal {
	EVP_PKEY *pkey;
	EVP_MD_CTX *ctx;
	struct audit_key public_half;
};

/*
 * seal_open - audit.key of the key directory, made when it is missing, and audit.pub beside it
 *   ret_why  a fixed text
 * E_SYS (logged), E_DENIED the file is not such a key, or open to others, E_NOMEM
 */
enum err seal_open(struct seal *s, OSSL_LIB_CTX *libctx, int dir_fd, const char **ret_why);
void seal_done(struct seal *s);

/* seal_sign - the signature over the text of this checkpoint. E_SYS OpenSSL failed */
enum err seal_sign(struct seal *s, const struct audit_checkpoint *c,
		   struct audit_key_signature *ret);

/* seal_sign_evidence - under the manifest with s->hash, at s->wall_us; sets key and signature.
 * E_SYS
 */
enum err seal_sign_evidence(struct seal *s, struct evidence_signature *evidence);

/* seal_sign_tree - the signature over a tree's checkpoint, whose origin is this key's. E_SYS
 * OpenSSL failed */
enum err seal_sign_tree(struct seal *s, const struct merkle_head *head,
			struct audit_key_signature *ret);

#endif
