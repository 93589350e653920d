/* `sluis evidence verify` and `show`: a bundle on any machine, nothing of Sluis needs to run. */
#ifndef TOOL_EVIDENCE_VERIFY_H
#define TOOL_EVIDENCE_VERIFY_H

#include "tool/evidence_check.h"

enum { EVIDENCE_VERIFY_UNREADABLE = 3 };

struct evidence_verify {
	const char *path, *key_path, *log; /* log: a directory of an audit log; NULL: none */
	const char *public_key[EVIDENCE_CHECK_KEYS];
	size_t public_key_n;
	bool is_json, is_list; /* list: what is in it, not the outcome alone */
};

/* evidence_verify_run - 0 whole, 1 findings, EVIDENCE_VERIFY_UNREADABLE it can't be opened or
 * decrypted, 2 a file that was named can't be used; told */
int evidence_verify_run(const struct evidence_verify *o);

#endif
