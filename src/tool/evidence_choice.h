/* Whose memory is taken, and who is stopped meanwhile. */
#ifndef TOOL_EVIDENCE_CHOICE_H
#define TOOL_EVIDENCE_CHOICE_H

#include "tool/process_list.h"
#include "tool/snapshot.h"

enum { EVIDENCE_CHOICE_WORDS = 32 };

struct evidence_choice {
	struct view word[EVIDENCE_CHOICE_WORDS]; /* --memory: "edge", "1234", "all" */
	bool is_used[EVIDENCE_CHOICE_WORDS];
	size_t n;
	bool want_secrets;		 /* --include-secrets */
	bool want_freeze;		 /* --freeze: cells and processes named by their number */
	const struct snapshot *snapshot; /* what the keeper says who is who; may be NULL */
};

/* evidence_choice_read - "edge,cell,1234". E_PROTO no such role, E_LIMIT too many: told on standard
 * error */
enum err evidence_choice_read(struct evidence_choice *c, const char *text);

enum evidence_choice_verdict {
	EVIDENCE_CHOICE_NO = 0,
	EVIDENCE_CHOICE_YES,
	EVIDENCE_CHOICE_SECRET,	 /* asked for by name, and holds keys */
	EVIDENCE_CHOICE_LEFT_OUT /* would be part of `all`, and holds keys */
};

/* evidence_choice_of - this process */
enum evidence_choice_verdict evidence_choice_of(struct evidence_choice *c,
						const struct process_list_one *p);

/* evidence_choice_unused - a word that no process answered to, or NULL */
const struct view *evidence_choice_unused(const struct evidence_choice *c);

/*
 * evidence_choice_freeze - stops it when that was asked for and it carries one client's connection
 * only, or was named by its number; who ends meanwhile leaves it running
 *   ret  to be closed to let it go on; -1: it was not stopped
 */
int evidence_choice_freeze(const struct evidence_choice *c, const struct process_list_one *p);

#endif
