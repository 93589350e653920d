/*
 * A bundle while it is written: files one after the other, each hashed, and the list of them with
 * how and when they were taken and what is missing, which becomes MANIFEST.json, the last file but
 * its signature.
 */
#ifndef TOOL_EVIDENCE_BUNDLE_H
#define TOOL_EVIDENCE_BUNDLE_H

#include "ipc/audit_line.h"
#include "ipc/evidence_signer.h"
#include "tool/evidence_out.h"
#include "tool/evidence_tar.h"

#include <jansson.h>
#include <openssl/evp.h>

enum {
	EVIDENCE_FILES_MAX = 200000,
	EVIDENCE_MANIFEST_MAX = 64 << 20, /* bytes of MANIFEST.json */
	EVIDENCE_SIGNATURE_MAX = 1024,	  /* of MANIFEST.sig */
	EVIDENCE_FORMAT = 1
};

#define EVIDENCE_MANIFEST_NAME	"MANIFEST.json"
#define EVIDENCE_SIGNATURE_NAME "MANIFEST.sig"

struct evidence_bundle {
	struct evidence_out out;
	json_t *doc, *files, *missing; /* doc owns the others */
	EVP_MD_CTX *digest;
	struct evidence_tar now; /* the file that is being written */
	char how[160];
	int64_t taken_us;
	uint64_t left, bytes, bytes_max; /* left: of that file; bytes: of all so far */
	size_t file_n, missing_n;
};

/* evidence_bundle_open - E_NOMEM, E_SYS */
enum err evidence_bundle_open(struct evidence_bundle *b, int fd,
			      const struct evidence_recipients *to);
void evidence_bundle_done(struct evidence_bundle *b);

/*
 * evidence_bundle_begin, _write, _end - one file
 *   bytes  exactly; what is not written of them is filled with zeros, and told as missing
 *   how    where it is from
 * E_LIMIT the bundle would be larger than bytes_max, or has too many files: nothing was written,
 * it is told as missing · E_SYS
 */
enum err evidence_bundle_begin(struct evidence_bundle *b, const char *name, const char *how,
			       uint64_t bytes);
enum err evidence_bundle_write(struct evidence_bundle *b, struct view v);
enum err evidence_bundle_end(struct evidence_bundle *b);

/* evidence_bundle_put - a file whose bytes are all there. E_LIMIT is told as missing, and E_OK */
enum err evidence_bundle_put(struct evidence_bundle *b, const char *name, const char *how,
			     struct view v);

/* evidence_bundle_put_json - the same of a document, which is taken */
enum err evidence_bundle_put_json(struct evidence_bundle *b, const char *name, const char *how,
				  json_t *doc);

/* evidence_bundle_miss - what could not be had, and why */
void evidence_bundle_miss(struct evidence_bundle *b, const char *what, const char *why);

/* evidence_bundle_seal - MANIFEST.json; its SHA-256 is what is to be signed. E_LIMIT, E_NOMEM,
 * E_SYS */
enum err evidence_bundle_seal(struct evidence_bundle *b, uint8_t ret_sha256[EVIDENCE_HASH]);

/* evidence_bundle_sign - MANIFEST.sig and the end of the tar. E_SYS */
enum err evidence_bundle_sign(struct evidence_bundle *b, const struct evidence_signature *s);

/* evidence_bundle_put_signature, evidence_bundle_get_signature - MANIFEST.sig: the signed text, an
 * empty line, the signature in base64, the public key in PEM. E_PROTO: not exactly that */
void evidence_bundle_put_signature(struct wbuf *w, const struct evidence_signature *s);
enum err evidence_bundle_get_signature(struct view text, struct evidence_signature *ret);

#endif
