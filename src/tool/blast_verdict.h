/* What was found out about a process, judged: how much of each power an intruder in it would have,
 * in plain words. */
#ifndef TOOL_BLAST_VERDICT_H
#define TOOL_BLAST_VERDICT_H

#include "tool/blast_process.h"

enum blast_topic {
	BLAST_TOPIC_KEYS,    /* private keys in its memory */
	BLAST_TOPIC_READ,    /* files that it can read */
	BLAST_TOPIC_WRITE,   /* files that it can change */
	BLAST_TOPIC_EXEC,    /* programs that it can start */
	BLAST_TOPIC_CODE,    /* code of its own that it can run in place */
	BLAST_TOPIC_CONNECT, /* where it can connect to */
	BLAST_TOPIC_OTHERS,  /* what it can do to other processes */
	BLAST_TOPIC_CALLS,   /* system calls that are left to it */
	BLAST_TOPICS
};

/* In the order of what is worse for several processes together. */
enum blast_level { BLAST_NONE, BLAST_SOME, BLAST_UNKNOWN, BLAST_ALL };

enum { BLAST_CELL = 48, BLAST_WORDS = 640 };

struct blast_verdict {
	uint8_t level;		/* enum blast_level */
	char cell[BLAST_CELL];	/* for a table */
	char text[BLAST_WORDS]; /* a sentence without its subject; may have any bytes of paths */
};

/* blast_verdict_of - searched: how many private keys were looked for */
struct blast_verdict blast_verdict_of(const struct blast_process *p, enum blast_topic topic,
				      unsigned searched);

/* blast_verdict_topic - "private keys"; blast_verdict_key - "keys", for programs */
const char *blast_verdict_topic(unsigned topic);
const char *blast_verdict_key(unsigned topic);

/* blast_verdict_level - "none", "some", "unknown", "all" */
const char *blast_verdict_level(unsigned level);

/* blast_verdict_may - whether the filters may let a power through; not known counts as yes */
bool blast_verdict_may(const struct blast_process *p, enum blast_power power);

/* blast_verdict_number - appends 41212 as "41,212" */
void blast_verdict_number(struct wbuf *w, uint64_t n);

#endif
