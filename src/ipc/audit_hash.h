/* SHA-256 over the lines of the audit log, through one context that is used again and again. */
#ifndef IPC_AUDIT_HASH_H
#define IPC_AUDIT_HASH_H

#include "ipc/audit_line.h"

struct audit_hash {
	void *context, *digest; /* libcrypto's; owned */
};

/* audit_hash_init - reads no configuration file of the library. E_SYS */
enum err audit_hash_init(struct audit_hash *h);
void audit_hash_done(struct audit_hash *h);

/* audit_hash_of - of all of v. E_SYS the library failed */
enum err audit_hash_of(struct audit_hash *h, struct view v, struct audit_line_hash *ret);

#endif
