/*
 * Private keys of files, in the forms that they have in memory: numbers with the first or the last
 * byte in front, text of the file. They are read into locked memory, and wiped.
 */
#ifndef TOOL_BLAST_KEY_H
#define TOOL_BLAST_KEY_H

#include "tool/blast_search.h"

enum { BLAST_KEY_PATH = 240, BLAST_KEY_FILE = 65536 };

struct blast_keys {
	struct blast_search *search; /* owned; NULL: no memory could be locked */
	char path[BLAST_SEARCH_KEYS][BLAST_KEY_PATH];
	unsigned n;
	unsigned left_out; /* unreadable, encrypted, or of a kind that is not searched for */
};

/* blast_key_open - nothing yet. E_NOMEM, E_SYS (told) */
enum err blast_key_open(struct blast_keys *k);
void blast_key_close(struct blast_keys *k);

/* blast_key_add - the private key of a file, once; counts what can't be had in left_out */
void blast_key_add(struct blast_keys *k, const char *path);

#endif
