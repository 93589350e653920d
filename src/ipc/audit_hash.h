/* SHA-256 over the lines of the audit log, for its chain and for its tree. */
#ifndef IPC_AUDIT_HASH_H
#define IPC_AUDIT_HASH_H

#include "ipc/audit_line.h"

struct audit_hash {
	bool is_ready;
};

/* audit_hash_init - sets libcrypto up, which reads no configuration file. E_SYS */
enum err audit_hash_init(struct audit_hash *h);
void audit_hash_done(struct audit_hash *h);

/* audit_hash_of - of all of v. E_SYS the library failed */
enum err audit_hash_of(struct audit_hash *h, struct view v, struct audit_line_hash *ret);

/* audit_hash_leaf, audit_hash_node - of a leaf and of an inner node of a Merkle tree, which differ
 * in their first byte (RFC 9162 §2.1.1). ret may be left or right. E_SYS the library failed */
enum err audit_hash_leaf(struct audit_hash *h, struct view v, struct audit_line_hash *ret);
enum err audit_hash_node(struct audit_hash *h, const struct audit_line_hash *left,
			 const struct audit_line_hash *right, struct audit_line_hash *ret);

#endif
