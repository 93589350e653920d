/*
 * What of other people's secrets is in the memory of a process: private keys that are known
 * (blast_search.h), and what shows by its form: hashes of passwords, text of keys.
 */
#ifndef TOOL_BLAST_MEMORY_H
#define TOOL_BLAST_MEMORY_H

#include "tool/blast_search.h"

struct blast_memory {
	bool is_known;
	bool is_partial; /* a part could not be read */
	uint64_t keys;	 /* bit n: key n is in it */
	uint64_t bytes;	 /* that were read */
	uint32_t hashes; /* of passwords: argon2, bcrypt, SHA-crypt */
	bool holds_pem;	 /* the text of a private key, whoever's: decoys too */
};

/* blast_memory_forms - counts what shows by its form, and begins at a place below `before` */
void blast_memory_forms(struct view text, size_t before, struct blast_memory *m);

/* blast_memory_look - every page that there is. E_CLOSED, E_DENIED, E_NOMEM, E_SYS */
enum err blast_memory_look(int pid, const struct blast_search *s, struct blast_memory *ret);

#endif
