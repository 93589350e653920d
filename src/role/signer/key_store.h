/*
 * Keys that the signer makes itself, at its first start, and keeps as PEM files in the key
 * directory (files only while the role boots).
 */
#ifndef ROLE_SIGNER_KEY_STORE_H
#define ROLE_SIGNER_KEY_STORE_H

#include "base/wbuf.h"

#include <openssl/evp.h>
#include <sys/types.h>

/* One kind of key; all texts are fixed. */
struct key_store_kind {
	const char *name, *new_name; /* of the file; of the one that becomes it */
	const char *algorithm;	     /* as OpenSSL calls it: "ED25519", "EC" */
	const char *group;	     /* with EC: its curve */
	/* for people: what is the matter with the file */
	const char *why_unread, *why_open, *why_none, *why_unmade;
};

/*
 * key_store_read - the key in that file
 * E_AGAIN there is none yet · E_DENIED it is not such a key, or open to others · E_SYS (logged)
 */
enum err key_store_read(const struct key_store_kind *k, OSSL_LIB_CTX *libctx, int dir_fd,
			EVP_PKEY **ret, const char **ret_why);

/* key_store_open - likewise, and makes it when it is missing */
enum err key_store_open(const struct key_store_kind *k, OSSL_LIB_CTX *libctx, int dir_fd,
			EVP_PKEY **ret, const char **ret_why);

/* key_store_made_s - when that file was last written, wall clock; 0: there is none */
uint64_t key_store_made_s(const struct key_store_kind *k, int dir_fd);

/* key_store_write - a file that appears whole or not at all, even when the machine stops in
 * between: written as new_name, renamed to name. E_SYS (logged) */
enum err key_store_write(int dir_fd, const char *name, const char *new_name, mode_t mode,
			 struct view text);

#endif
