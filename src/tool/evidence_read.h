/*
 * A bundle as it is read: bytes in any pieces become files, each hashed. Every byte is hostile
 * until the signature has been checked, and what is read before that is only counted, hashed and
 * handed on.
 */
#ifndef TOOL_EVIDENCE_READ_H
#define TOOL_EVIDENCE_READ_H

#include "ipc/evidence_signer.h"
#include "tool/evidence_tar.h"

#include <openssl/evp.h>

struct evidence_read_file {
	char name[EVIDENCE_TAR_NAME];
	uint64_t bytes;
	uint8_t sha256[EVIDENCE_HASH];
};

/* Who looks at the bytes of files; may be NULL. An error ends the reading. */
typedef enum err evidence_read_on(void *arg, const struct evidence_tar *t, uint64_t at,
				  struct view v);

struct evidence_read {
	struct evidence_read_file *file; /* owned, in order; the manifest and its signature too */
	size_t file_n, file_cap;
	uint8_t *manifest; /* owned, MANIFEST.json; NULL: it has not come */
	size_t manifest_n;
	uint8_t signature[1024]; /* MANIFEST.sig */
	size_t signature_n;
	evidence_read_on *on_bytes; /* set by the caller after evidence_read_init */
	void *arg;
	/* where it is */
	EVP_MD_CTX *digest;
	struct evidence_tar now;
	uint64_t left;	/* bytes of the file that are still to come */
	size_t padding; /* ... and of zeros behind it */
	uint8_t block[EVIDENCE_TAR_BLOCK];
	size_t have;
	unsigned zeros; /* blocks of zeros at the end */
	bool is_in_file;
};

enum err evidence_read_init(struct evidence_read *r);
void evidence_read_done(struct evidence_read *r);

/* evidence_read_push - the next bytes. E_PROTO not a bundle of ours · E_LIMIT too large · E_NOMEM,
 * E_SYS, and what on_bytes gave */
enum err evidence_read_push(struct evidence_read *r, struct view v);

/* evidence_read_end - after the last byte. E_SHORT the bundle is cut off */
enum err evidence_read_end(const struct evidence_read *r);

#endif
