/*
 * Another program to look at beside: a process by its number, or Debian's nginx or HAProxy. Of
 * those the ones that run are taken; when there is none, one is started as Debian would start it
 * (its users, its chroot), with a listener of TLS whose key is thrown away, and one server behind
 * it. It answers one request, is looked at, and ends; nothing that ran before is ever signalled.
 */
#ifndef TOOL_BLAST_BESIDE_H
#define TOOL_BLAST_BESIDE_H

#include "tool/blast_look.h"

enum { BLAST_BESIDE_MOST = 8 };

struct blast_beside_run {
	int pid; /* of what was started; 0: nothing was */
	const char *name;
};

struct blast_beside {
	struct blast_beside_run run[BLAST_BESIDE_MOST];
	size_t n;
};

/* blast_beside_is_name - "nginx", "haproxy" */
bool blast_beside_is_name(const char *word);

/* blast_beside_add - finds or starts it, and adds its processes. E_CLOSED it is not there, E_SYS it
 * can't be started (both told) */
enum err blast_beside_add(struct blast_beside *b, struct blast_look *l, const char *word);

/* blast_beside_end - ends what was started, all of it */
void blast_beside_end(struct blast_beside *b);

#endif
