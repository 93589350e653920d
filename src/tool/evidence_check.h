/* Whether what was read is what the manifest says, and whether the manifest is the machine's own.
 */
#ifndef TOOL_EVIDENCE_CHECK_H
#define TOOL_EVIDENCE_CHECK_H

#include "tool/evidence_read.h"

#include <jansson.h>

enum { EVIDENCE_CHECK_KEYS = 8 };

/* name: a file of the bundle, NUL-terminated, of plain letters; or a word of ours */
typedef void evidence_check_tell(void *arg, const char *name, const char *what);

struct evidence_check {
	struct audit_key key[EVIDENCE_CHECK_KEYS]; /* that the caller trusts */
	size_t key_n;
	evidence_check_tell *on_finding;
	void *arg;
	/* set: */
	struct evidence_signature signature; /* valid with has_signature */
	uint8_t sha256[EVIDENCE_HASH];	     /* of MANIFEST.json as it was read */
	bool has_signature, is_key_known;    /* signed by one of key */
	json_t *manifest;		     /* owned; NULL: there is none to read */
	unsigned findings;
};

/* evidence_check_run - r: evidence_read_end said E_OK. E_OK it was checked: see findings · E_NOMEM,
 * E_SYS */
enum err evidence_check_run(struct evidence_check *c, const struct evidence_read *r);
void evidence_check_done(struct evidence_check *c);

#endif
