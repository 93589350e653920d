/* What is known about a process, a line for each subject, in plain words. */
#ifndef TOOL_BLAST_LINES_H
#define TOOL_BLAST_LINES_H

#include "tool/blast_look.h"

enum { BLAST_LINE = 700 };

enum blast_line {
	BLAST_LINE_USER,
	BLAST_LINE_SPACES,
	BLAST_LINE_OPEN,
	BLAST_LINE_PEERS,
	BLAST_LINE_MEMORY,
	BLAST_LINE_POWERS,
	BLAST_LINES
};

/* blast_lines_put - one of them; text may have any bytes of names. false: nothing to say */
bool blast_lines_put(const struct blast_look *l, const struct blast_process *p, unsigned line,
		     struct wbuf *w);

/* blast_lines_name - "user", ... */
const char *blast_lines_name(unsigned line);

#endif
